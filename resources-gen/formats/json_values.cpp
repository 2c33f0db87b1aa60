#include "resources-gen/formats/json_reader.h"
#include "resources-gen/formats/json_strings.h"
#include "resources-gen/formats/narrative.h"
#include "resources-gen/model/primitives.h"

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

std::string_view kind_wanted(ValueKind kind) {
  return kind == ValueKind::string ? "a string" : kind == ValueKind::number ? "a number" : "a boolean";
}

bool is_kind(char first, ValueKind kind) {
  switch (first) {
    case '"':
      return kind == ValueKind::string;
    case 't':
    case 'f':
      return kind == ValueKind::boolean;
    case '{':
    case '[':
    case 'n':
      return false;
    default:
      return kind == ValueKind::number;
  }
}

}  // namespace

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
    fault(IssueCode::structure, tape_[value].begin, spot, "{} is an object, not {}",
          schema_.text(schema_.elements[member.element].name), json_kind(tape_.kind(value)));
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

// One value of a primitive element with its extension part. In arrays null fills the place of what is missing (R4
// json.html#null).
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
    if (in_array)
      fault(IssueCode::structure, tape_[place].begin, spot,
            "null here needs an id or extensions at the same place of the other array");
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
    fault(IssueCode::structure, begin, spot, "{} is {}, not {}", schema_.text(schema_.elements[node.element].name),
          kind_wanted(kind), json_kind(tape_.kind(value)));
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
  // R4 json.html: absent, or "present with at least one character of non-whitespace content". XML's white space.
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    fault(IssueCode::value, begin, spot, "A string must not be empty{}", text.empty() ? "" : ", nor hold white space only");
  } else if (!plain && !model::is_valid(primitive, text)) {
    fault(IssueCode::value, begin, spot, "'{}' is not a valid {}", shown(text), model::rule(primitive));
  } else if (primitive == Primitive::xhtml) {
    check_xhtml(spot, value, text);
  }
  return true;
}

// R4 narrative.html#rules. A fault's place is that of the bytes that were sent, escapes and all.
void JsonReader::check_xhtml(const Spot& spot, TokenIndex value, std::string_view text) {
  std::vector<NarrativeFault> faults;
  check_narrative(text, faults);
  for (NarrativeFault& fault : faults) {
    const auto offset = escaped_offset(tape_.raw_string(value), fault.offset);
    note(fault.severity, fault.code, tape_[value].begin + 1 + static_cast<std::uint32_t>(offset), spot, std::move(fault.message));
  }
}

}  // namespace formats
