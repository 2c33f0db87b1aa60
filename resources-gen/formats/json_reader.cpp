// read_json: the typed pass. The tape (json_tape.h) has been made; here its tokens meet the schema and become nodes.

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "resources-gen/formats/json.h"
#include "resources-gen/formats/json_tape.h"
#include "resources-gen/model/primitives.h"
#include "resources-gen/model/tree_builder.h"

namespace formats {
namespace {

using model::ElementId;
using model::ElementRow;
using model::IssueCode;
using model::Node;
using model::no_element;
using model::no_node;
using model::no_type;
using model::NodeIndex;
using model::Primitive;
using model::TypeId;
using model::ValueKind;

constexpr TokenIndex none = 0;                  // token 0 is the root object: no member's value
constexpr std::uint32_t deepest = 1000;         // the typed pass recurses: a caller's max_depth is held to this
constexpr std::size_t kept_scratch = 1 << 20;   // bytes per thread and buffer kept between calls
constexpr std::string_view resource_type = "resourceType";

// A member of the object being read: an element's value, its extension part (`_x`), or both.
struct Member {
  ElementId element;
  TypeId type;
  TokenIndex value;
  TokenIndex twin;
};

// Memory reused from call to call. members and slots are stacks: an object's part ends where its parent's goes on.
struct Scratch {
  JsonTape tape;
  std::vector<Member> members;
  std::vector<std::uint32_t> slots;  // by child element of the object: 1 + position in members, 0 for none
  std::string name;
};

enum class Content : std::uint8_t { complex, resource, primitive };  // whose members an object holds

std::string_view json_kind(char first) {
  switch (first) {
    case '"': return "a string";
    case '{': return "an object";
    case '[': return "an array";
    case 't':
    case 'f': return "a boolean";
    case 'n': return "null";
    default: return "a number";
  }
}

std::string_view kind_wanted(ValueKind kind) {
  return kind == ValueKind::string ? "a string" : kind == ValueKind::number ? "a number" : "a boolean";
}

bool is_kind(char first, ValueKind kind) {
  switch (first) {
    case '"': return kind == ValueKind::string;
    case 't':
    case 'f': return kind == ValueKind::boolean;
    case '{':
    case '[':
    case 'n': return false;
    default: return kind == ValueKind::number;
  }
}

// A client's text in a diagnostic: its first 80 bytes, not cut inside a character.
std::string shown(std::string_view text) {
  constexpr std::size_t limit = 80;
  if (text.size() <= limit) return std::string(text);
  std::size_t size = limit;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  return std::string(text.substr(0, size)) + "...";
}

class JsonReader {
 public:
  JsonReader(std::string_view text, const model::Schema& schema, const ReadLimits& limits, Scratch& scratch)
      : text_(text), schema_(schema), limits_(limits), tape_(scratch.tape), scratch_(scratch), builder_(schema), nodes_(builder_.nodes()) {
    scratch.members.clear();
    scratch.slots.clear();
  }

  ReadResult read();

 private:
  struct Found {
    std::uint32_t offset;  // in source()
    model::Issue issue;
  };
  // What a fault is about: `parent`, or if given the element under it.
  struct Spot {
    NodeIndex parent = no_node;
    ElementId element = no_element;
    std::uint32_t index = 0;
  };
  // The values of one element: a single token, the items of an array, or nothing.
  struct Run {
    TokenIndex at = none, stop = none;
    bool array = false;
    bool done() const { return at >= stop; }
  };

  void read_members(NodeIndex node, ElementId owner, TokenIndex object, Content content);
  void note_member(NodeIndex node, ElementId owner, TokenIndex name, Content content, std::size_t slots, std::size_t members);
  void check_required(NodeIndex node, ElementId owner, TokenIndex object, std::size_t slots);
  void read_element(NodeIndex parent, const Member& member);
  void read_complex(NodeIndex parent, const Member& member, TokenIndex value, std::uint32_t index, bool in_array);
  void read_primitive(NodeIndex parent, const Member& member, TokenIndex value, TokenIndex twin, std::uint32_t index, bool in_array);
  bool read_value(const Spot& spot, Primitive primitive, TokenIndex value, Node& node);
  Run run_of(const Spot& spot, TokenIndex value, const ElementRow& row);
  void check_count(const Spot& spot, TokenIndex value, const ElementRow& row, std::uint32_t count);
  TypeId actual_type(const Spot& spot, TokenIndex object, TokenIndex& type_value);
  TypeId type_of(ElementId element) const;
  std::string_view name_of(TokenIndex name);
  NodeIndex push(NodeIndex parent, ElementId element, TypeId type, ValueKind kind, TokenIndex value, std::uint32_t index, bool in_array);

  std::string expression(const Spot& spot) const;
  template <typename... Arguments>
  void fault(IssueCode code, std::uint32_t offset, const Spot& spot, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    if (found_.size() >= limits_.max_issues) {
      ++unlisted_;
      return;
    }
    found_.push_back({offset, {model::Severity::error, code, fmt::format(format, std::forward<Arguments>(arguments)...), expression(spot)}});
  }
  void list_issues(model::Issues& issues);

  std::string_view text_;
  const model::Schema& schema_;
  const ReadLimits& limits_;
  JsonTape& tape_;
  Scratch& scratch_;
  model::TreeBuilder builder_;
  std::vector<Node>& nodes_;
  std::vector<Found> found_;
  std::size_t unlisted_ = 0;
};

ReadResult JsonReader::read() {
  ReadResult result;
  const JsonTape::Fault broken = tape_.read(text_, std::min(limits_.max_depth, deepest));
  if (!broken.message.empty()) {
    const Place place = place_of_offset(text_, broken.offset);
    result.malformed = true;
    result.issues.add({model::Severity::fatal, broken.too_large ? IssueCode::too_costly : IssueCode::structure,
                       "The JSON text cannot be read: " + broken.message, {}, place.line, place.column});
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
  list_issues(result.issues);
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
  if (!tape_.has_escapes(name)) [[likely]] return raw;
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

NodeIndex JsonReader::push(NodeIndex parent, ElementId element, TypeId type, ValueKind kind, TokenIndex value, std::uint32_t index,
                           bool in_array) {
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
void JsonReader::note_member(NodeIndex node, ElementId owner, TokenIndex name, Content content, std::size_t slots, std::size_t members) {
  const std::string_view text = name_of(name);
  const std::uint32_t at = tape_[name].begin;
  if (content == Content::resource && text == resource_type) {
    // The first one names the type; that is the one that actual_type found.
    if (tape_[name + 1].begin != nodes_[node].text - 1) fault(IssueCode::structure, at, {node}, "The member resourceType stands here twice");
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
  if (twin && (schema_.types[child.type].primitive == Primitive::none ||
               (schema_.elements[child.element].flags & model::element_xml_attribute))) {
    fault(IssueCode::structure, at, {node}, "{} has no member '{}': only primitive elements have such a part, for id and extensions",
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

// The values of an element, whose cardinality decides whether they stand in an array (R4 json.html#2.6.2).
JsonReader::Run JsonReader::run_of(const Spot& spot, TokenIndex value, const ElementRow& row) {
  if (value == none) return {};
  const bool array = tape_.kind(value) == '[';
  if (array != (row.max > 1)) {
    if (array) {
      fault(IssueCode::structure, tape_[value].begin, spot, "{} is a single value, not an array", schema_.text(row.name));
    } else {
      fault(IssueCode::structure, tape_[value].begin, spot, "{} repeats: its values stand in an array, even a single one",
            schema_.text(row.name));
    }
  }
  if (!array) return {value, value + 1, false};
  const Run run{value + 1, tape_[value].link - 1, true};
  if (run.done()) fault(IssueCode::structure, tape_[value].begin, spot, "An array must not be empty");
  return run;
}

void JsonReader::check_count(const Spot& spot, TokenIndex value, const ElementRow& row, std::uint32_t count) {
  if (count == 0) return;  // an empty array has been reported
  if (count < row.min) {
    fault(IssueCode::required, tape_[value].begin, spot, "{} needs {} values, not {}", schema_.text(row.name), row.min, count);
  } else if (row.max != model::unbounded && row.max > 1 && count > row.max) {
    fault(IssueCode::structure, tape_[value].begin, spot, "{} takes {} values, not {}", schema_.text(row.name), row.max, count);
  }
}

void JsonReader::read_element(NodeIndex parent, const Member& member) {
  const ElementRow& row = schema_.elements[member.element];
  const Spot spot{parent, member.element, 0};
  const TokenIndex first = member.value != none ? member.value : member.twin;
  if (row.max == 0) {
    fault(IssueCode::structure, tape_[first].begin, spot, "{} must not stand here", schema_.text(row.name));
    return;
  }
  Run values = run_of(spot, member.value, row);
  std::uint32_t count = 0;
  if (member.type == no_type || schema_.types[member.type].primitive == Primitive::none) {
    for (; !values.done(); values.at = tape_.after(values.at)) read_complex(parent, member, values.at, count++, values.array);
  } else {
    Run twins = run_of(spot, member.twin, row);
    while (!values.done() || !twins.done()) {
      const TokenIndex value = values.done() ? none : values.at;
      const TokenIndex twin = twins.done() ? none : twins.at;
      read_primitive(parent, member, value, twin, count++, values.array || twins.array);
      if (value != none) values.at = tape_.after(value);
      if (twin != none) twins.at = tape_.after(twin);
    }
  }
  check_count(spot, first, row, count);
}

void JsonReader::read_complex(NodeIndex parent, const Member& member, TokenIndex value, std::uint32_t index, bool in_array) {
  const Spot spot{parent, member.element, index};
  if (tape_.kind(value) != '{') {
    fault(IssueCode::structure, tape_[value].begin, spot, "{} is an object, not {}", schema_.text(schema_.elements[member.element].name),
          json_kind(tape_.kind(value)));
    return;
  }
  TypeId type = member.type;
  ElementId owner;
  TokenIndex type_value = none;
  const bool resource = type == no_type || schema_.types[type].kind == model::TypeKind::resource;
  if (resource) {
    type = actual_type(spot, value, type_value);
    if (type == no_type) return;
    owner = schema_.types[type].root;
  } else {
    owner = schema_.children_owner(member.element, type);
  }
  const NodeIndex self = push(parent, member.element, type, ValueKind::object, value, index, in_array);
  if (resource) {
    nodes_[self].flags |= model::node_resource;
    nodes_[self].text = tape_[type_value].begin + 1;
    nodes_[self].length = static_cast<std::uint32_t>(tape_.raw_string(type_value).size());
  }
  read_members(self, owner, value, resource ? Content::resource : Content::complex);
  nodes_[self].end = static_cast<NodeIndex>(nodes_.size());
}

// One value of a primitive element with its extension part. In arrays null fills the place of what is missing (R4 json.html#null).
void JsonReader::read_primitive(NodeIndex parent, const Member& member, TokenIndex value, TokenIndex twin, std::uint32_t index,
                                bool in_array) {
  const Spot spot{parent, member.element, index};
  const Primitive primitive = schema_.types[member.type].primitive;
  const TokenIndex place = value != none ? value : twin;
  const auto drop_null = [&](TokenIndex& token) {
    if (token == none || tape_.kind(token) != 'n') return;
    if (!in_array) fault(IssueCode::structure, tape_[token].begin, spot, "null stands only in arrays of primitive values");
    token = none;
  };
  drop_null(value);
  drop_null(twin);
  if (value == none && twin == none) {
    if (in_array) fault(IssueCode::structure, tape_[place].begin, spot, "null here needs an id or extensions at the same place of the other array");
    return;
  }
  if (twin != none && tape_.kind(twin) != '{') {
    fault(IssueCode::structure, tape_[twin].begin, spot, "_{} holds an object with id and extensions, not {}",
          schema_.text(schema_.elements[member.element].name), json_kind(tape_.kind(twin)));
    twin = none;
    if (value == none) return;
  }
  const NodeIndex self = push(parent, member.element, member.type, ValueKind::none, place, index, in_array);
  if (value == none || !read_value(spot, primitive, value, nodes_[self])) {
    if (twin == none) {
      nodes_.pop_back();
      return;
    }
    nodes_[self].stop = nodes_[self].begin;
    nodes_[self].flags |= model::node_no_value;
  }
  if (twin != none) {
    read_members(self, schema_.types[member.type].root, twin, Content::primitive);
    nodes_[self].end = static_cast<NodeIndex>(nodes_.size());
  }
}

// Sets the node's text. False, reported, if the JSON value is of another kind; a text against the rule is reported and kept.
bool JsonReader::read_value(const Spot& spot, Primitive primitive, TokenIndex value, Node& node) {
  const ValueKind kind = model::value_kind(primitive);
  const std::uint32_t begin = tape_[value].begin;
  if (!is_kind(tape_.kind(value), kind)) {
    fault(IssueCode::structure, begin, spot, "{} is {}, not {}", schema_.text(schema_.elements[node.element].name), kind_wanted(kind),
          json_kind(tape_.kind(value)));
    return false;
  }
  node.kind = kind;
  if (kind == ValueKind::boolean) {
    node.text = begin;
    node.length = node.stop - begin;
    return true;
  }
  std::string_view text;
  bool plain = false;  // nothing left to check
  if (kind == ValueKind::number) {
    text = tape_.source().substr(begin, node.stop - begin);
    node.text = begin;
  } else if (!tape_.has_escapes(value)) {
    text = tape_.raw_string(value);
    node.text = begin + 1;
    // The scan refused bare control characters.
    plain = primitive == Primitive::string || primitive == Primitive::markdown || primitive == Primitive::xhtml;
  } else {
    std::string& unescaped = builder_.unescaped();
    node.text = static_cast<std::uint32_t>(unescaped.size());
    node.flags |= model::node_unescaped;
    append_unescaped(unescaped, tape_.raw_string(value));
    text = std::string_view(unescaped).substr(node.text);
  }
  node.length = static_cast<std::uint32_t>(text.size());
  if (text.empty()) {
    fault(IssueCode::value, begin, spot, "A string must not be empty");
  } else if (!plain && !model::is_valid(primitive, text)) {
    fault(IssueCode::value, begin, spot, "'{}' is not a valid {}", shown(text), model::rule(primitive));
  }
  return true;
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

void JsonReader::list_issues(model::Issues& issues) {
  std::stable_sort(found_.begin(), found_.end(), [](const Found& a, const Found& b) { return a.offset < b.offset; });
  std::vector<std::uint32_t> offsets;
  for (const Found& found : found_) offsets.push_back(found.offset);
  const std::vector<Place> places = offsets.empty() ? std::vector<Place>() : places_of_minified(text_, offsets);
  for (std::size_t i = 0; i < found_.size(); ++i) {
    found_[i].issue.line = places[i].line;
    found_[i].issue.column = places[i].column;
    issues.add(std::move(found_[i].issue));
  }
  if (unlisted_) issues.error(IssueCode::structure, fmt::format("{} further faults are not listed", unlisted_));
}

}  // namespace

ReadResult read_json(std::string_view text, const model::Schema& schema, const ReadLimits& limits) {
  thread_local Scratch scratch;
  ReadResult result = JsonReader(text, schema, limits, scratch).read();
  scratch.tape.shrink(kept_scratch);
  if (scratch.members.capacity() * sizeof(Member) > kept_scratch) scratch = Scratch();
  return result;
}

}  // namespace formats
