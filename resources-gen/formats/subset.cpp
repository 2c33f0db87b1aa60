#include "resources-gen/formats/subset.h"

#include <algorithm>
#include <array>

#include "resources-gen/formats/json_strings.h"
#include "resources-gen/formats/json_walk.h"

namespace formats {
namespace {

using model::ElementId;
using model::ElementRow;
using model::no_element;
using model::no_type;
using model::TypeId;

// http://terminology.hl7.org/CodeSystem/v3-ObservationValue
constexpr std::string_view tag_system = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue";
constexpr std::string_view tag_code = "SUBSETTED";
constexpr std::string_view tag = R"({"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"})";

constexpr std::size_t most_unknown = 20;  // names that are told one by one

// What becomes of a member of an object.
enum class Keep : std::uint8_t { none, reduced, whole };

class Writer {
 public:
  Writer(std::string_view source, const model::Schema& schema, const Subset& wanted)
      : source_(source), schema_(schema), wanted_(wanted), extension_(schema.type("Extension")) {
    out_.reserve(source.size() + tag.size() + 16);
  }

  std::string run() {
    bool lost = false;
    resource(0, lost);
    return std::move(out_);
  }

 private:
  struct Member {
    std::uint32_t name, value;  // the name's opening quote; the value's first byte
  };
  // Where in out_ the tag of a resource goes.
  struct TagPlace {
    std::size_t meta = 0, meta_stop = 0;  // the meta object; none: 0
    std::size_t behind = 0;               // behind id, or resourceType
  };

  // A name or string at its opening quote, escapes resolved; until the next call.
  std::string_view text(std::uint32_t at, std::uint32_t stop) {
    const auto raw = source_.substr(at + 1, stop - at - 2);
    if (raw.find('\\') == std::string_view::npos) [[likely]]
      return raw;
    unescaped_.clear();
    append_unescaped(unescaped_, raw);
    return unescaped_;
  }
  std::string_view name(Member member) { return text(member.name, member.value - 1); }
  std::uint32_t skip(Member member) const { return skip_value(source_, member.value); }

  // Hands each member of the object at `at` to `take`, which returns where its value stops, or 0 to end it here. Returns where
  // the object stops.
  template <typename Take>
  std::uint32_t each_member(std::uint32_t at, Take take) {
    for (++at; source_[at] != '}'; at += source_[at] == ',') {
      const Member member{at, skip_string(source_, at) + 1};
      at = take(member);
      if (at == 0) return 0;
    }
    return at + 1;
  }

  void begin_member(Member member, bool& first) {
    if (!first) out_ += ',';
    first = false;
    out_.append(source_.substr(member.name, member.value - member.name));
  }
  std::uint32_t copy(Member member, bool& first) {
    begin_member(member, first);
    const std::uint32_t stop = skip(member);
    out_.append(source_.substr(member.value, stop - member.value));
    return stop;
  }

  TypeId type_of_resource(std::uint32_t at) {
    TypeId type = no_type;
    each_member(at, [&](Member member) -> std::uint32_t {
      const std::uint32_t stop = skip(member);
      if (name(member) != "resourceType") return stop;
      type = schema_.resource_type(text(member.value, stop));
      return 0;
    });
    return type;
  }

  // Writes the resource at `at`, reduced. Below the root only in a summary: else what is kept there is kept whole.
  std::uint32_t resource(std::uint32_t at, bool& lost) {
    const TypeId type = type_of_resource(at);
    bool part = false, first = true;
    TagPlace place;
    out_ += '{';
    const std::uint32_t stop = each_member(at, [&](Member member) {
      const auto what = name(member);
      const bool is_type = what == "resourceType", is_id = what == "id", is_meta = what == "meta";
      if (!is_type && !is_id && !is_meta && what != "_id") return write(member, at, type, schema_.types[type].root, first, part);
      const std::uint32_t end = copy(member, first);
      if (is_meta) place.meta = out_.size() - (end - member.value), place.meta_stop = out_.size();
      if (is_id || (is_type && place.behind == 0)) place.behind = out_.size();
      return end;
    });
    out_ += '}';
    if (part) add_tag(place);
    lost = lost || part;
    return stop;
  }

  // Writes an object that is no resource, in a summary; `kept` is false, and nothing is written, if nothing of it is kept.
  std::uint32_t object(std::uint32_t at, ElementId owner, bool& kept, bool& lost) {
    const std::size_t mark = out_.size();
    bool first = true;
    out_ += '{';
    const std::uint32_t stop = each_member(at, [&](Member member) { return write(member, at, no_type, owner, first, lost); });
    out_ += '}';
    kept = !first;
    if (!kept) out_.resize(mark);
    return stop;
  }

  // Writes what is kept of a member of the object at `object_at`. `resource`: the object's type, if it is a resource.
  std::uint32_t write(Member member, std::uint32_t object_at, TypeId resource, ElementId owner, bool& first, bool& lost) {
    auto json_name = name(member);
    const bool twin = json_name.starts_with('_');
    if (twin) json_name.remove_prefix(1);
    auto child = schema_.child(owner, json_name);
    if (child.element == no_element) return copy(member, first);  // none in what was read without errors
    const ElementRow& row = schema_.elements[child.element];
    const Keep keep = kept(row, resource);
    if (child.type == no_type) child.type = type_of(row);
    const bool primitive = child.type != no_type && schema_.types[child.type].primitive != model::Primitive::none;
    if (keep == Keep::whole || (keep == Keep::reduced && (child.type == extension_ || (primitive && !twin)))) {
      return copy(member, first);
    }
    // A primitive's id and extensions are no part of a summary, unless they stand in a value's place.
    if (keep == Keep::reduced && primitive && replaces_value(object_at, std::string(json_name))) return copy(member, first);
    if (keep == Keep::reduced && !primitive) return reduced(member, row, child, first, lost);
    lost = true;
    return skip(member);
  }

  std::uint32_t reduced(Member member, const ElementRow& row, const model::Schema::Child& child, bool& first, bool& lost) {
    const bool needed = row.min > 0 || (row.flags & model::element_modifier);
    const bool resources = child.type == no_type || schema_.types[child.type].kind == model::TypeKind::resource;
    const ElementId owner = resources ? no_element : schema_.children_owner(child.element, child.type);
    const std::size_t mark = out_.size();
    const bool was_first = first;
    bool any = false;
    const auto one = [&](std::uint32_t at, bool& kept) {
      if (resources) {
        kept = true;
        return resource(at, lost);
      }
      bool part = false;
      const std::uint32_t stop = object(at, owner, kept, part);
      if (!kept && needed) {  // R4 has it present, and an empty object is no value: then all of it stays
        out_.append(source_.substr(at, stop - at));
        kept = true;
        part = false;
      }
      lost = lost || part || !kept;
      return stop;
    };
    begin_member(member, first);
    std::uint32_t at = member.value;
    if (source_[at] != '[') {
      at = one(at, any);
    } else {
      out_ += '[';
      for (++at; source_[at] != ']'; at += source_[at] == ',') {
        bool kept = false;
        if (any) out_ += ',';
        at = one(at, kept);
        if (!kept && any) out_.pop_back();
        any = any || kept;
      }
      out_ += ']';
      ++at;
    }
    if (!any) {
      out_.resize(mark);
      first = was_first;
    }
    return at;
  }

  Keep kept(const ElementRow& row, TypeId resource) const {
    const bool mandatory = row.min > 0, modifier = (row.flags & model::element_modifier) != 0;
    const auto element = schema_.text(row.name);
    switch (wanted_.kind) {
      case Subset::Kind::whole:
        return Keep::whole;
      case Subset::Kind::summary:
        return mandatory || modifier || (row.flags & model::element_summary) ? Keep::reduced : Keep::none;
      case Subset::Kind::text:
        // implicitRules and modifierExtension may change the meaning of all that is shown.
        return mandatory || element == "text" || element == "implicitRules" || element == "modifierExtension" ? Keep::whole
                                                                                                              : Keep::none;
      case Subset::Kind::data:
        return element == "text" ? Keep::none : Keep::whole;
      case Subset::Kind::elements:
        break;
    }
    const bool listed = std::any_of(wanted_.elements.begin(), wanted_.elements.end(), [&](const Subset::Name& each) {
      return each.name == element && (each.type == no_type || each.type == resource);
    });
    return listed || mandatory || modifier ? Keep::whole : Keep::none;
  }

  TypeId type_of(const ElementRow& row) const {
    const ElementRow& target = row.content_reference != no_element ? schema_.elements[row.content_reference] : row;
    return target.types.count ? schema_.element_types[target.types.first].type : no_type;
  }

  // True if `_x` stands where `x` has no value: there is no `x`, or a null in it.
  bool replaces_value(std::uint32_t object_at, const std::string& base) {
    bool replaces = true;
    each_member(object_at, [&](Member member) -> std::uint32_t {
      if (name(member) != base) return skip(member);
      replaces = false;
      if (source_[member.value] != '[') return 0;
      for (std::uint32_t at = member.value + 1; source_[at] != ']' && !replaces; at += source_[at] == ',') {
        replaces = source_[at] == 'n';
        at = skip_value(source_, at);
      }
      return 0;
    });
    return replaces;
  }

  void add_tag(const TagPlace& place) {
    if (place.meta == 0) {
      out_.insert(place.behind, ",\"meta\":{\"tag\":[" + std::string(tag) + "]}");
      return;
    }
    const std::string meta = out_.substr(place.meta, place.meta_stop - place.meta);
    Writer inner(meta, schema_, wanted_);
    std::uint32_t tags = 0;  // where the array of tags stops
    bool tagged = false;
    inner.each_member(0, [&](Member member) {
      const std::uint32_t stop = inner.skip(member);
      if (inner.name(member) == "tag") {
        tags = stop;
        tagged = inner.has_tag(member.value);
      }
      return stop;
    });
    if (tagged) return;
    if (tags != 0) {
      out_.insert(place.meta + tags - 1, "," + std::string(tag));
    } else {
      out_.insert(place.meta_stop - 1, (meta == "{}" ? "\"tag\":[" : ",\"tag\":[") + std::string(tag) + "]");
    }
  }

  bool has_tag(std::uint32_t array) {
    for (std::uint32_t at = array + 1; source_[at] != ']'; at += source_[at] == ',') {
      bool system = false, code = false;
      at = each_member(at, [&](Member member) {
        const std::uint32_t stop = skip(member);
        const std::string what(name(member));
        if (source_[member.value] == '"') {
          system = system || (what == "system" && text(member.value, stop) == tag_system);
          code = code || (what == "code" && text(member.value, stop) == tag_code);
        }
        return stop;
      });
      if (system && code) return true;
    }
    return false;
  }

  std::string_view source_;
  const model::Schema& schema_;
  const Subset& wanted_;
  const TypeId extension_;
  std::string out_;
  std::string unescaped_;
};

// The element of a name in _elements: "value", "value[x]", "valueQuantity"; of the type that `type` is.
ElementId element_of(const model::Schema& schema, TypeId type, std::string_view name) {
  const ElementId root = schema.types[type].root;
  if (name.ends_with("[x]")) {
    const ElementId element = schema.child_by_name(root, name.substr(0, name.size() - 3));
    return element != no_element && (schema.elements[element].flags & model::element_choice) ? element : no_element;
  }
  const ElementId element = schema.child_by_name(root, name);
  return element != no_element ? element : schema.child(root, name).element;
}

// The FHIRPath name of the element that `name` means in resources of `type`, or of any type; empty if none.
std::string_view element_name(const model::Schema& schema, TypeId type, std::string_view name) {
  if (type != no_type) {
    const ElementId element = element_of(schema, type, name);
    return element == no_element ? std::string_view() : schema.text(schema.elements[element].name);
  }
  for (std::size_t i = 0; i < schema.types.size(); ++i) {
    if (schema.types[i].kind != model::TypeKind::resource || schema.types[i].abstract) continue;
    const auto found = element_name(schema, static_cast<TypeId>(i), name);
    if (!found.empty()) return found;
  }
  return {};
}

std::string quoted(std::string_view text) { return "'" + std::string(text.substr(0, 60)) + "'"; }

}  // namespace

std::optional<Subset::Kind> summary_kind(std::string_view value) {
  static constexpr std::array<std::pair<std::string_view, Subset::Kind>, 4> rows{{
      {"true", Subset::Kind::summary},
      {"text", Subset::Kind::text},
      {"data", Subset::Kind::data},
      {"false", Subset::Kind::whole},
  }};
  for (const auto& [text, kind] : rows) {
    if (text == value) return kind;
  }
  return std::nullopt;
}

ElementList read_elements(std::string_view value, const model::Schema& schema, TypeId type) {
  ElementList list;
  const auto fault = [&](std::string sentence) {
    if (list.unknown.size() < most_unknown) list.unknown.push_back("_elements: " + std::move(sentence));
  };
  const auto type_text = [&](TypeId of) { return of == no_type ? "No resource type" : std::string(schema.type_name(of)); };
  while (!value.empty()) {
    const auto whole = value.substr(0, value.find(','));
    value.remove_prefix(std::min(whole.size() + 1, value.size()));
    if (whole.empty()) continue;
    auto path = whole;
    Subset::Name name{no_type, {}};
    // "Patient.name" is of Patients.
    if (const TypeId named = schema.resource_type(whole.substr(0, whole.find('.'))); named != no_type) {
      if (type != no_type && named != type) {
        fault(quoted(whole) + " is not of " + type_text(type) + ", and the list is not for included resources");
        continue;
      }
      name.type = named;
      path.remove_prefix(std::min(whole.find('.'), whole.size() - 1) + 1);
    }
    const TypeId of = name.type != no_type ? name.type : type;
    const auto base = path.substr(0, path.find('.'));
    name.name = element_name(schema, of, base);
    if (name.name.empty()) {
      fault(type_text(of) + (of == no_type ? " has an element " : " has no element ") + quoted(base.empty() ? whole : base));
      continue;
    }
    // R4 search.html#elements: the names of elements at the root. What stands below comes with all of its root's.
    if (base.size() != path.size()) fault(quoted(whole) + " is no element at the root; all of " + name.name + " is shown");
    if (type != no_type) name.type = no_type;  // it need not be said
    const auto same = [&](const Subset::Name& each) { return each.name == name.name && each.type == name.type; };
    if (std::any_of(list.names.begin(), list.names.end(), same)) continue;
    if (!list.applied.empty()) list.applied += ',';
    if (name.type != no_type) list.applied.append(schema.type_name(name.type)).append(".");
    list.applied += name.name;
    list.names.push_back(std::move(name));
  }
  return list;
}

std::string subset(std::string_view json, const model::Schema& schema, const Subset& wanted) {
  if (wanted.whole()) return std::string(json);
  return Writer(json, schema, wanted).run();
}

model::NodeRef subsetted_tag(model::NodeRef resource) {
  const auto meta = resource.child("meta");
  if (!meta) return {};
  for (auto node = meta.first_child(); node; node = node.next_sibling()) {
    if (node.name() != "tag") continue;
    const auto system = node.child("system"), code = node.child("code");
    if (system && code && system.text() == tag_system && code.text() == tag_code) return node;
  }
  return {};
}

}  // namespace formats
