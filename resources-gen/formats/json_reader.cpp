#include "resources-gen/formats/json_reader.h"

#include <algorithm>

#include "resources-gen/formats/json_strings.h"

namespace formats {

using model::ElementId;
using model::ElementRow;
using model::IssueCode;
using model::no_element;
using model::no_node;
using model::no_type;
using model::Node;
using model::NodeIndex;
using model::Primitive;
using model::TypeId;
using model::ValueKind;

namespace {
constexpr std::uint32_t deepest = 1000;        // the typed pass recurses: a caller's max_depth is held to this
constexpr std::size_t kept_scratch = 1 << 20;  // bytes per thread and buffer kept between calls
constexpr std::string_view resource_type = "resourceType";
}  // namespace

std::string_view json_kind(char first) {
  switch (first) {
    case '"':
      return "a string";
    case '{':
      return "an object";
    case '[':
      return "an array";
    case 't':
    case 'f':
      return "a boolean";
    case 'n':
      return "null";
    default:
      return "a number";
  }
}

std::string shown(std::string_view text) {
  constexpr std::size_t limit = 80;
  if (text.size() <= limit) return std::string(text);
  std::size_t size = limit;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  return std::string(text.substr(0, size)) + "...";
}

ReadResult JsonReader::read() {
  ReadResult result;
  const JsonTape::Fault broken = tape_.read(text_, std::min(limits_.max_depth, deepest));
  if (!broken.message.empty()) {
    const Place place = place_of_offset(text_, broken.offset);
    result.malformed = true;
    result.issues.add({model::Severity::fatal,
                       broken.too_large ? IssueCode::too_costly : IssueCode::structure,
                       "The JSON text cannot be read: " + broken.message,
                       {},
                       place.line,
                       place.column});
    return result;
  }
  TokenIndex type_value = none;
  if (tape_.kind(0) != '{') {
    fault(IssueCode::structure, 0, {}, "A resource is a JSON object, not {}", json_kind(tape_.kind(0)));
  } else if (const TypeId type = actual_type({}, 0, type_value); type != no_type) {
    nodes_.reserve(tape_.values());
    push(no_node, schema_.types[type].root, type, ValueKind::object, 0, 0, false);
    nodes_[0].flags |= model::node_resource;
    nodes_[0].text = tape_[type_value].begin + 1;
    nodes_[0].length = static_cast<std::uint32_t>(tape_.raw_string(type_value).size());
    read_members(0, schema_.types[type].root, 0, Content::resource);
    nodes_[0].end = static_cast<NodeIndex>(nodes_.size());
    builder_.source() = tape_.source();
  }
  findings_.sort();
  result.tree = builder_.take();
  return result;
}

// The type that `object`'s resourceType names, and the token of that name; no_type, reported, if it names none.
TypeId JsonReader::actual_type(const Spot& spot, TokenIndex object, TokenIndex& type_value) {
  const std::uint32_t begin = tape_[object].begin;
  const TokenIndex stop = tape_[object].link - 1;
  TokenIndex name = object + 1;
  while (name < stop && name_of(name) != resource_type) name = tape_.after(name + 1);
  if (name >= stop) {
    fault(IssueCode::required, begin, spot, "A resource needs a member resourceType");
    return no_type;
  }
  type_value = name + 1;
  const std::uint32_t at = tape_[type_value].begin;
  if (tape_.kind(type_value) != '"') {
    fault(IssueCode::structure, at, spot, "resourceType is a string, not {}", json_kind(tape_.kind(type_value)));
    return no_type;
  }
  const std::string_view named = name_of(type_value);
  const TypeId type = schema_.resource_type(named);
  if (type == no_type) {
    const TypeId other = schema_.type(named);
    if (other != no_type && schema_.types[other].kind == model::TypeKind::resource) {
      fault(IssueCode::value, at, spot, "The resource type {} is abstract: no resource is just that", named);
    } else {
      fault(IssueCode::value, at, spot, "There is no resource type '{}'", shown(named));
    }
  }
  return type;
}

// A string token's text, escapes resolved; until the next call.
std::string_view JsonReader::name_of(TokenIndex name) {
  const std::string_view raw = tape_.raw_string(name);
  if (!tape_.has_escapes(name)) [[likely]]
    return raw;
  scratch_.name.clear();
  append_unescaped(scratch_.name, raw);
  return scratch_.name;
}

// The one type of an element that the schema's child() leaves open: of a content reference, the referenced element's.
TypeId JsonReader::type_of(ElementId element) const {
  const ElementRow* row = &schema_.elements[element];
  if (row->content_reference != no_element) row = &schema_.elements[row->content_reference];
  return row->types.count ? schema_.element_types[row->types.first].type : no_type;
}

NodeIndex JsonReader::push(NodeIndex parent, ElementId element, TypeId type, ValueKind kind, TokenIndex value,
                           std::uint32_t index, bool in_array) {
  const auto self = static_cast<NodeIndex>(nodes_.size());
  nodes_.push_back({element, self + 1, parent, 0, 0, tape_[value].begin, tape_.stop(value), index, type, kind,
                    static_cast<std::uint8_t>(in_array ? model::node_in_array : 0)});
  return self;
}

void JsonReader::read_members(NodeIndex node, ElementId owner, TokenIndex object, Content content) {
  const TokenIndex stop = tape_[object].link - 1;
  if (object + 1 == stop) {
    fault(IssueCode::structure, tape_[object].begin, {node}, "An object must not be empty");
    return;
  }
  // First all names, so that twins meet wherever they stand; then the values in order.
  const std::size_t members = scratch_.members.size();
  const std::size_t slots = scratch_.slots.size();
  scratch_.slots.resize(slots + schema_.elements[owner].children.count);
  for (TokenIndex name = object + 1; name < stop; name = tape_.after(name + 1)) {
    note_member(node, owner, name, content, slots, members);
  }
  if (content != Content::primitive) check_required(node, owner, object, slots);
  scratch_.slots.resize(slots);
  const std::size_t members_stop = scratch_.members.size();
  for (std::size_t i = members; i < members_stop; ++i) {
    const Member member = scratch_.members[i];  // a copy: the stack moves as it grows
    read_element(node, member);
  }
  scratch_.members.resize(members);
}

// Finds the element that a member belongs to, and files its value there.
void JsonReader::note_member(NodeIndex node, ElementId owner, TokenIndex name, Content content, std::size_t slots,
                             std::size_t members) {
  const std::string_view text = name_of(name);
  const std::uint32_t at = tape_[name].begin;
  if (content == Content::resource && text == resource_type) {
    // The first one names the type; that is the one that actual_type found.
    if (tape_[name + 1].begin != nodes_[node].text - 1)
      fault(IssueCode::structure, at, {node}, "The member resourceType stands here twice");
    return;
  }
  const bool twin = text.starts_with('_');
  const std::string_view base = twin ? text.substr(1) : text;
  model::Schema::Child child = schema_.child(owner, base);
  // A primitive's value is the JSON value itself, never a member.
  if (child.element == no_element || (content == Content::primitive && base == "value")) {
    fault(IssueCode::structure, at, {node}, "{} has no member '{}'", schema_.text(schema_.elements[owner].path), shown(text));
    return;
  }
  if (child.type == no_type) child.type = type_of(child.element);
  const auto primitive = child.type == no_type ? Primitive::none : schema_.types[child.type].primitive;
  // XHTML's id is an attribute of its div, and it has no extensions: R4 narrative.html#xhtml.
  const bool may_have_twin = primitive != Primitive::none && primitive != Primitive::xhtml &&
                             !(schema_.elements[child.element].flags & model::element_xml_attribute);
  if (twin && !may_have_twin) {
    fault(IssueCode::structure, at, {node},
          "{} has no member '{}': only primitive elements have such a part, for id and extensions; XHTML has none",
          schema_.text(schema_.elements[owner].path), shown(text));
    return;
  }
  std::uint32_t& slot = scratch_.slots[slots + (child.element - schema_.elements[owner].children.first)];
  if (slot == 0) {
    scratch_.members.push_back({child.element, child.type, twin ? none : name + 1, twin ? name + 1 : none});
    slot = static_cast<std::uint32_t>(scratch_.members.size() - members);
    return;
  }
  Member& member = scratch_.members[members + slot - 1];
  TokenIndex& place = twin ? member.twin : member.value;
  if (member.type != child.type) {
    fault(IssueCode::structure, at, {node}, "{}[x] has one type only, but stands here as {} and as {}",
          schema_.text(schema_.elements[child.element].name), schema_.type_name(member.type), schema_.type_name(child.type));
  } else if (place != none) {
    fault(IssueCode::structure, at, {node}, "The member '{}' stands here twice", shown(text));
  } else {
    place = name + 1;
  }
}

void JsonReader::check_required(NodeIndex node, ElementId owner, TokenIndex object, std::size_t slots) {
  const model::Range children = schema_.elements[owner].children;
  for (std::uint32_t i = 0; i < children.count; ++i) {
    const ElementRow& row = schema_.elements[children.first + i];
    if (row.min == 0 || scratch_.slots[slots + i] != 0) continue;
    fault(IssueCode::required, tape_[object].begin, {node}, "{} needs {}{}", schema_.text(schema_.elements[owner].path),
          schema_.text(row.name), row.flags & model::element_choice ? "[x]" : "");
  }
}

std::string JsonReader::expression(const Spot& spot) const {
  if (spot.parent == no_node) return {};
  std::string path = model::path_of(schema_, nodes_.data(), spot.parent);
  if (spot.element == no_element) return path;
  const ElementRow& row = schema_.elements[spot.element];
  path.append(".").append(schema_.text(row.name));
  if (row.max > 1) path.append("[").append(std::to_string(spot.index)).append("]");
  return path;
}

void JsonReader::list_issues(ReadResult& result) {
  std::vector<std::uint32_t> offsets;
  for (const Finding& finding : findings_.list()) offsets.push_back(finding.offset);
  result.unlisted_errors = findings_.unlisted_errors();
  findings_.move_to(result.issues, offsets.empty() ? std::vector<Place>() : places_of_minified(text_, offsets));
}

namespace {

// `finish(reader, result)` is called while the reader still is.
template <typename Finish>
ReadResult read_with_scratch(std::string_view text, const model::Schema& schema, const ReadLimits& limits, Finish finish) {
  thread_local JsonReader::Scratch scratch;
  JsonReader reader(text, schema, limits, scratch);
  ReadResult result = reader.read();
  finish(reader, result);
  scratch.tape.shrink(kept_scratch);
  if (scratch.members.capacity() * sizeof(JsonReader::Member) > kept_scratch) scratch = {};
  return result;
}

}  // namespace

ReadResult read_json(std::string_view text, const model::Schema& schema, const ReadLimits& limits) {
  return read_with_scratch(text, schema, limits, [](JsonReader& reader, ReadResult& result) { reader.list_issues(result); });
}

ReadResult read_json_unplaced(std::string_view minified, const model::Schema& schema, const ReadLimits& limits,
                              Findings& findings) {
  return read_with_scratch(minified, schema, limits,
                           [&](JsonReader& reader, ReadResult&) { findings = std::move(reader.findings()); });
}

}  // namespace formats
