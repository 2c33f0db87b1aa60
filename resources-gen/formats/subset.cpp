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
    resource(0);
    return std::move(out_);
  }

 private:
  struct Member {
    std::uint32_t name, value, stop;  // name: its opening quote
  };
  // Where in out_ the tag of a resource goes.
  struct TagPlace {
    std::uint32_t meta = 0, meta_stop = 0;  // the meta object; none: 0
    std::uint32_t behind = 0;               // behind id, or resourceType
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
  std::string_view name(const Member& member) { return text(member.name, member.value - 1); }

  // Pushes the members of the object at `at`; they are popped by their caller.
  void push_members(std::uint32_t at) {
    for (++at; source_[at] != '}'; at += source_[at] == ',') {
      const std::uint32_t value = skip_string(source_, at) + 1;
      const std::uint32_t stop = skip_value(source_, value);
      members_.push_back({at, value, stop});
      at = stop;
    }
  }

  void copy(const Member& member, bool& first) {
    begin_member(member, first);
    out_.append(source_.substr(member.value, member.stop - member.value));
  }
  void begin_member(const Member& member, bool& first) {
    if (!first) out_ += ',';
    first = false;
    out_.append(source_.substr(member.name, member.value - member.name));
  }

  // The resource at `at`, reduced; true if something was left out. Below the root only in a summary: else what is kept there is
  // kept whole.
  bool resource(std::uint32_t at) {
    const std::size_t from = members_.size();
    push_members(at);
    const std::size_t to = members_.size();
    TypeId type = no_type;
    for (std::size_t i = from; i < to && type == no_type; ++i) {
      const Member member = members_[i];
      if (name(member) == "resourceType") type = schema_.resource_type(text(member.value, member.stop));
    }
    bool lost = false, first = true;
    TagPlace place;
    out_ += '{';
    for (std::size_t i = from; i < to; ++i) {
      const Member member = members_[i];  // a copy: the stack moves as it grows
      const auto what = name(member);
      if (what == "resourceType" || what == "id" || what == "_id" || what == "meta") {
        const bool is_meta = what == "meta", is_id = what == "id", is_type = what == "resourceType";
        copy(member, first);
        const auto end = static_cast<std::uint32_t>(out_.size());
        if (is_meta) place.meta = end - (member.stop - member.value), place.meta_stop = end;
        if (is_id || (is_type && place.behind == 0)) place.behind = end;
      } else {
        lost = !write_member(member, from, to, type, schema_.types[type].root, first) || lost;
      }
    }
    out_ += '}';
    members_.resize(from);
    if (lost) add_tag(place);
    return lost;
  }

  // An object of a type that is no resource, in a summary. False if nothing of it was kept; then nothing was written.
  bool object(std::uint32_t at, ElementId owner, bool& lost) {
    const std::size_t from = members_.size(), mark = out_.size();
    push_members(at);
    const std::size_t to = members_.size();
    bool first = true;
    out_ += '{';
    for (std::size_t i = from; i < to; ++i) lost = !write_member(members_[i], from, to, no_type, owner, first) || lost;
    out_ += '}';
    members_.resize(from);
    if (first) out_.resize(mark);
    return !first;
  }

  // Writes what is kept of a member. False if something of it is not. `resource`: the type, where the object is a resource.
  bool write_member(Member member, std::size_t from, std::size_t to, TypeId resource, ElementId owner, bool& first) {
    auto json_name = name(member);
    const bool twin = json_name.starts_with('_');
    if (twin) json_name.remove_prefix(1);
    auto child = schema_.child(owner, json_name);
    if (child.element == no_element) {  // none in what was read without errors
      copy(member, first);
      return true;
    }
    const ElementRow& row = schema_.elements[child.element];
    const Keep keep = kept(row, resource);
    if (keep == Keep::none) return false;
    if (child.type == no_type) child.type = type_of(row);
    const bool primitive = child.type != no_type && schema_.types[child.type].primitive != model::Primitive::none;
    if (keep == Keep::whole || child.type == extension_ || (primitive && !twin)) {
      copy(member, first);
      return true;
    }
    if (primitive) {  // its id and extensions are no part of a summary, unless they stand in a value's place
      if (!replaces_value(member, from, to)) return false;
      copy(member, first);
      return true;
    }
    return reduced(member, row, child, first);
  }

  bool reduced(const Member& member, const ElementRow& row, const model::Schema::Child& child, bool& first) {
    const bool needed = row.min > 0 || (row.flags & model::element_modifier);
    const ElementId owner = child.type == no_type || schema_.types[child.type].kind == model::TypeKind::resource
                                ? no_element
                                : schema_.children_owner(child.element, child.type);
    const std::size_t mark = out_.size();
    const bool was_first = first;
    bool lost = false;
    // False: nothing of it was kept.
    const auto one = [&](std::uint32_t at, std::uint32_t stop) {
      if (owner == no_element) {
        lost = resource(at) || lost;
        return true;
      }
      bool part = false;
      if (object(at, owner, part)) {
        lost = lost || part;
        return true;
      }
      if (!needed) return false;
      // R4 has it present, and an empty object is no value: then all of it stays.
      out_.append(source_.substr(at, stop - at));
      return true;
    };
    begin_member(member, first);
    bool any = false;
    if (source_[member.value] != '[') {
      any = one(member.value, member.stop);
    } else {
      out_ += '[';
      for (std::uint32_t at = member.value + 1; source_[at] != ']'; at += source_[at] == ',') {
        const std::uint32_t stop = skip_value(source_, at);
        if (any) out_ += ',';
        const bool kept = one(at, stop);
        if (!kept && any) out_.pop_back();
        any = any || kept;
        lost = lost || !kept;
        at = stop;
      }
      out_ += ']';
    }
    if (!any) {
      out_.resize(mark);
      first = was_first;
      return false;
    }
    return !lost;
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
  bool replaces_value(const Member& twin, std::size_t from, std::size_t to) {
    const std::string base(name(twin).substr(1));
    for (std::size_t i = from; i < to; ++i) {
      const Member member = members_[i];
      if (name(member) != base) continue;
      if (source_[member.value] != '[') return false;
      for (std::uint32_t at = member.value + 1; source_[at] != ']'; at += source_[at] == ',') {
        if (source_[at] == 'n') return true;
        at = skip_value(source_, at);
      }
      return false;
    }
    return true;
  }

  void add_tag(const TagPlace& place) {
    if (place.meta == 0) {
      out_.insert(place.behind, ",\"meta\":{\"tag\":[" + std::string(tag) + "]}");
      return;
    }
    const std::string meta = out_.substr(place.meta, place.meta_stop - place.meta);
    Writer inner(meta, schema_, wanted_);
    inner.push_members(0);
    const std::size_t count = inner.members_.size();
    for (std::size_t i = 0; i < count; ++i) {
      const Member member = inner.members_[i];
      if (inner.name(member) != "tag") continue;
      if (!inner.has_tag(member.value)) out_.insert(place.meta + member.stop - 1, "," + std::string(tag));
      return;
    }
    out_.insert(place.meta_stop - 1, (count == 0 ? "\"tag\":[" : ",\"tag\":[") + std::string(tag) + "]");
  }

  bool has_tag(std::uint32_t array) {
    for (std::uint32_t at = array + 1; source_[at] != ']'; at += source_[at] == ',') {
      const std::size_t from = members_.size();
      push_members(at);
      bool system = false, code = false;
      for (std::size_t i = from; i < members_.size(); ++i) {
        const Member member = members_[i];
        if (source_[member.value] != '"') continue;
        const std::string what(name(member));
        system = system || (what == "system" && text(member.value, member.stop) == tag_system);
        code = code || (what == "code" && text(member.value, member.stop) == tag_code);
      }
      members_.resize(from);
      if (system && code) return true;
      at = skip_value(source_, at);
    }
    return false;
  }

  std::string_view source_;
  const model::Schema& schema_;
  const Subset& wanted_;
  const TypeId extension_;
  std::string out_;
  std::string unescaped_;
  std::vector<Member> members_;  // a stack: an object's part ends where its parent's goes on
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
