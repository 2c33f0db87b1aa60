// N1 5.8, 5.9 and 6.3: navigation, utilities, reflection; and what R4 adds (fhirpath.html#functions).

#include "resources-gen/fhirpath/functions.h"
#include "resources-gen/fhirpath/reference.h"

namespace fhirpath {
namespace {

using model::NodeIndex;
using model::NodeRef;
using model::Tree;

bool children(Call& call) {
  for (const Value& item : call.input) {
    if (!item.is_node()) continue;
    const Tree& tree = item.node.tree();
    const NodeIndex end = item.node.node().end;
    for (NodeIndex i = item.node.index() + 1; i < end; i = tree[i].end) call.out.push_back(Value::of(NodeRef(tree, i)));
  }
  return true;
}

bool descendants(Call& call) {
  for (const Value& item : call.input) {
    if (!item.is_node()) continue;
    const Tree& tree = item.node.tree();
    const NodeIndex end = item.node.node().end;
    if (!call.run.charge(end - item.node.index())) return false;
    for (NodeIndex i = item.node.index() + 1; i < end; ++i) call.out.push_back(Value::of(NodeRef(tree, i)));
  }
  return true;
}

// The debugging output goes nowhere: a server has no console of the asker's.
bool trace(Call& call) {
  call.out.insert(call.out.end(), call.input.begin(), call.input.end());
  return true;
}

bool now(Call& call) { return call.give(Value::of(ItemKind::date_time, call.run.now())); }
bool today(Call& call) { return call.give(Value::of(ItemKind::date, call.run.now().substr(0, 10))); }
bool time_of_day(Call& call) { return call.give(Value::of(ItemKind::time, call.run.now().substr(11, 12))); }

std::string_view system_name(ItemKind kind) {
  switch (kind) {
    case ItemKind::boolean:
      return "Boolean";
    case ItemKind::integer:
      return "Integer";
    case ItemKind::decimal:
      return "Decimal";
    case ItemKind::string:
      return "String";
    case ItemKind::date:
      return "Date";
    case ItemKind::date_time:
      return "DateTime";
    case ItemKind::time:
      return "Time";
    case ItemKind::quantity:
      return "Quantity";
    default:
      return "Any";
  }
}

bool type(Call& call) {
  for (const Value& item : call.input) {
    call.give(item.is_node() ? Value::of(ItemKind::type, item.node.type_name(), "FHIR")
                             : Value::of(ItemKind::type, system_name(item.kind), "System"));
  }
  return true;
}

bool extension(Call& call) {
  std::optional<std::string_view> url;
  if (!call.argument_text(0, url)) return false;
  if (!url) return true;
  for (const Value& item : call.input) {
    if (!item.is_node()) continue;
    if (!call.run.charge(weight(item))) return false;
    const NodeRef first = item.node.child("extension");
    for (NodeRef at = first; at; at = at.next_sibling()) {
      if (at.element() != first.element()) continue;
      const NodeRef own = at.child("url");
      if (own && own.text() == *url) call.out.push_back(Value::of(at));
    }
  }
  return true;
}

bool has_value(Call& call) {
  return call.give(call.input.size() == 1 && (!call.input[0].is_node() || call.input[0].node.has_value()));
}

bool get_value(Call& call) {
  if (call.input.size() != 1) return true;
  const bool primitive = !call.input[0].is_node() || call.input[0].node.has_value();
  const auto value = system_value(call.input[0]);
  return !primitive || !value || call.give(*value);
}

bool resolved(Call& call) {
  References& references = call.run.references();
  const std::uint64_t before = references.visited();
  for (const Value& item : call.input) {
    if (!call.run.charge(item.is_node() ? 1 : weight(item))) return false;
    NodeRef found;
    if (item.is_node()) {
      found = references.resolve(item.node);
    } else if (item.kind == ItemKind::string && call.run.root_scope().self.node) {
      found = references.resolve(item.text, call.run.root_scope().self.node);
    }
    if (found) call.out.push_back(Value::of(found));
  }
  return call.run.charge(references.visited() - before);
}

constexpr FunctionRow rows[] = {
    {"children", 0, 0, "", Gives::anything, children}, {"descendants", 0, 0, "", Gives::anything, descendants},
    {"trace", 1, 2, "ve", Gives::input, trace},        {"now", 0, 0, "", Gives::system, now},
    {"today", 0, 0, "", Gives::system, today},         {"timeOfDay", 0, 0, "", Gives::system, time_of_day},
    {"type", 0, 0, "", Gives::anything, type},         {"extension", 1, 1, "v", Gives::extensions, extension},
    {"hasValue", 0, 0, "", Gives::system, has_value},  {"getValue", 0, 0, "", Gives::system, get_value},
    {"resolve", 0, 0, "", Gives::anything, resolved},
};

}  // namespace

std::span<const FunctionRow> tree_functions() { return rows; }

}  // namespace fhirpath
