#include "resources-gen/patch/fhirpath_editor.h"

#include <algorithm>
#include <unordered_map>

#include "resources-gen/patch/json_list.h"

namespace patch {

using model::ElementId;
using model::NodeRef;

namespace {

bool in_array(NodeRef node) { return (node.node().flags & model::node_in_array) != 0; }

std::size_t count_of(NodeRef parent, ElementId element) {
  std::size_t count = 0;
  for (auto child = parent.first_child(); child; child = child.next_sibling()) count += child.element() == element ? 1 : 0;
  return count;
}

std::string number_of(std::size_t count) { return std::to_string(count) + (count == 1 ? " element" : " elements"); }

}  // namespace

std::string FhirPathEditor::run(const FhirPathOperation& operation) {
  switch (operation.change) {
    case Change::add:
      return add(operation);
    case Change::insert:
      return insert(operation);
    case Change::remove:
      return remove(operation);
    case Change::replace:
      return replace(operation);
    case Change::move:
      return move(operation);
  }
  return {};
}

// R4 fhirpatch.html: the path must return elements of the resource itself.
std::string FhirPathEditor::find(const FhirPathOperation& operation, std::vector<NodeRef>& nodes) {
  const auto plan = fhirpath::Plan::compile(*operation.path, schema_, schema_.types[tree_.root().type()].root);
  const auto reason = [&](const model::Failure& failure) {
    const auto& issue = failure.issues.list().front();
    too_costly_ = issue.code == model::IssueCode::too_costly;
    return "the path cannot be followed: " + issue.diagnostics;
  };
  if (!plan) return reason(plan.error());
  fhirpath::Collection found;
  const fhirpath::Environment environment{{}, {}, nullptr, end_};
  if (const auto done = plan->evaluate(tree_.root(), environment, found); !done) return reason(done.error());
  for (const auto& item : found) {
    if (item.kind != fhirpath::ItemKind::node || &item.node.tree() != &tree_)
      return "the path does not lead to elements of the resource";
    nodes.push_back(item.node);
  }
  return {};
}

std::string FhirPathEditor::one(const FhirPathOperation& operation, NodeRef& node) {
  std::vector<NodeRef> nodes;
  if (auto fault = find(operation, nodes); !fault.empty()) return fault;
  if (nodes.size() != 1) return "the path leads to " + number_of(nodes.size()) + "; it must be one";
  node = nodes.front();
  return {};
}

// The whole of one repeating element.
std::string FhirPathEditor::list(const FhirPathOperation& operation, std::vector<NodeRef>& nodes) {
  if (auto fault = find(operation, nodes); !fault.empty()) return fault;
  if (nodes.empty()) return {};
  const auto first = nodes.front();
  const bool same = first.index() != 0 && std::all_of(nodes.begin(), nodes.end(), [&](NodeRef node) {
                      return node.index() != 0 && node.element() == first.element() && node.parent() == first.parent();
                    });
  if (!same || !in_array(first) || nodes.size() != count_of(first.parent(), first.element()))
    return "the path does not lead to a list: a repeating element of one parent, all of it";
  return {};
}

// The element of that name, and whether it takes the value's type. `name` may be JSON's ("valueQuantity") or FHIRPath's.
std::string FhirPathEditor::element_named(ElementId owner, std::string_view name, NodeRef value, ElementId& element) const {
  const auto child = schema_.child(owner, name);
  element = child.element != model::no_element ? child.element : schema_.child_by_name(owner, name);
  if (element == model::no_element) {
    return std::string(schema_.text(schema_.elements[owner].path)) + " has no element '" + std::string(name.substr(0, 100)) + "'";
  }
  const bool choice = (schema_.elements[element].flags & model::element_choice) != 0;
  if (choice && child.element != model::no_element && value && value.type() != child.type) {
    return "'" + std::string(name) + "' takes a " + std::string(schema_.type_name(child.type)) + ", not a " +
           std::string(value.type_name());
  }
  return {};
}

// R4 fhirpatch.html: the type of the value must be correct for its place. Primitives are held to the place's own rule by whoever
// reads the result: a code and a string are the same JSON.
bool FhirPathEditor::allows(ElementId element, model::TypeId type) const {
  const auto& row = schema_.elements[element];
  const bool choice = (row.flags & model::element_choice) != 0;
  for (const auto& each : schema_.rows(schema_.element_types, row.types)) {
    const auto& wanted = schema_.types[each.type];
    if (each.type == type) return true;
    if (choice) continue;
    if (wanted.primitive != model::Primitive::none && schema_.types[type].primitive != model::Primitive::none) return true;
    if (wanted.primitive == model::Primitive::none && (schema_.is_a(type, each.type) || schema_.is_a(each.type, type)))
      return true;
  }
  return false;
}

std::string FhirPathEditor::make(NodeRef part, ElementId element, NewValue& made) {
  const auto& row = schema_.elements[element];
  const auto path = std::string(schema_.text(row.path));
  if (const auto value = value_of(part)) {
    if (!allows(element, value.type())) return path + " takes no " + std::string(value.type_name());
    made.type = value.type();
    const auto members = members_of(value, values_, budget_);
    if (members.parent == nullptr) return "the value cannot be found";
    if (const auto* const found = members.parent->find(members.name, budget_)) made.value = found->value;
    if (const auto* const found = members.parent->find(members.twin(), budget_)) made.twin = found->value;
    return {};
  }
  // R4 fhirpatch.html: where the type is anonymous, the value has a part for each of its properties.
  const auto types = schema_.rows(schema_.element_types, row.types);
  if (types.size() > 1 || (types.size() == 1 && schema_.types[types[0].type].kind != model::TypeKind::complex))
    return path + " needs a value[x] of its type";
  made.value = JsonValue::object();
  return make_object(part, schema_.children_owner(element, types.empty() ? model::no_type : types[0].type), *made.value);
}

std::string FhirPathEditor::make_object(NodeRef part, ElementId owner, JsonValue& object) {
  std::unordered_map<ElementId, std::size_t> counts;
  for (auto child = part.first_child(); child; child = child.next_sibling()) {
    if (child.name() != "part") continue;
    ElementId element = model::no_element;
    if (auto fault = element_named(owner, name_of(child), value_of(child), element); !fault.empty()) return fault;
    NewValue made;
    if (auto fault = make(child, element, made); !fault.empty()) return fault;
    if (auto fault = put(object, element, counts[element]++, std::move(made)); !fault.empty()) return fault;
  }
  if (counts.empty()) return "the value is empty";
  return {};
}

// Adds the value to an object that has `count` of that element.
std::string FhirPathEditor::put(JsonValue& object, ElementId element, std::size_t count, NewValue value) {
  const auto& row = schema_.elements[element];
  const auto name = json_name(schema_, element, value.type);
  if (row.max > 1) {
    insert_item(object, name, count, value.value.value_or(JsonValue()), budget_);
    insert_item(object, "_" + name, count, value.twin.value_or(JsonValue()), budget_);
    level_lists(object, name, "_" + name, budget_);
    return {};
  }
  if (count > 0) return std::string(schema_.text(row.path)) + " is there already; replace it";
  auto* const members = object.open(budget_);
  if (members == nullptr) return {};
  if (value.value) members->push_back({name, {}, std::move(*value.value)});
  if (value.twin) members->push_back({"_" + name, {}, std::move(*value.twin)});
  return {};
}

std::string FhirPathEditor::add(const FhirPathOperation& operation) {
  NodeRef node;
  if (auto fault = one(operation, node); !fault.empty()) return fault;
  ElementId element = model::no_element;
  const auto owner = schema_.children_owner(node.element(), node.type());
  if (auto fault = element_named(owner, operation.name, value_of(operation.value), element); !fault.empty()) return fault;
  NewValue made;
  if (auto fault = make(operation.value, element, made); !fault.empty()) return fault;
  auto* const object = content_of(node, text_, budget_, true);
  if (object == nullptr) return "the element cannot be added to";
  return put(*object, element, count_of(node, element), std::move(made));
}

std::string FhirPathEditor::insert(const FhirPathOperation& operation) {
  std::vector<NodeRef> nodes;
  if (auto fault = list(operation, nodes); !fault.empty()) return fault;
  if (nodes.empty()) return "the path leads to no element; use add for the first of a list";
  if (operation.index > nodes.size())
    return "the list has " + number_of(nodes.size()) + ": nothing can be inserted at " + std::to_string(operation.index);
  NewValue made;
  const auto first = nodes.front();
  if (auto fault = make(operation.value, first.element(), made); !fault.empty()) return fault;
  const auto members = members_of(first, text_, budget_);
  if (members.parent == nullptr) return "the list cannot be found";
  return put_at(members, operation.index, std::move(made));
}

std::string FhirPathEditor::remove(const FhirPathOperation& operation) {
  std::vector<NodeRef> nodes;
  if (auto fault = find(operation, nodes); !fault.empty()) return fault;
  if (nodes.empty()) return {};  // R4 fhirpatch.html: delete the element "if found"
  if (nodes.size() > 1) return "the path leads to " + number_of(nodes.size()) + "; only one can be deleted";
  if (nodes.front().index() == 0) return "the whole resource cannot be deleted by a patch";
  erase(nodes.front());
  return {};
}

std::string FhirPathEditor::replace(const FhirPathOperation& operation) {
  NodeRef node;
  if (auto fault = one(operation, node); !fault.empty()) return fault;
  if (node.index() == 0) return "the whole resource cannot be replaced by a patch";
  NewValue made;
  if (auto fault = make(operation.value, node.element(), made); !fault.empty()) return fault;
  const auto members = members_of(node, text_, budget_);
  if (members.parent == nullptr) return "the element cannot be found";
  if (in_array(node)) {
    const auto index = node.node().index;
    set_item(*members.parent, members.name, index, made.value.value_or(JsonValue()), budget_);
    set_item(*members.parent, members.twin(), index, made.twin.value_or(JsonValue()), budget_);
    level_lists(*members.parent, members.name, members.twin(), budget_);
    return {};
  }
  // The new value stands where the old one stood; a choice may change its name.
  const auto name = json_name(schema_, node.element(), made.type == model::no_type ? node.type() : made.type);
  erase_member(*members.parent, members.twin(), budget_);
  auto* const parts = members.parent->open(budget_);
  if (parts == nullptr) return {};
  auto* const old = members.parent->find(members.name, budget_);
  if (old != nullptr && made.value) {
    if (old->name != name) *old = {name, {}, {}};
    old->value = std::move(*made.value);
  } else if (made.value) {
    parts->push_back({name, {}, std::move(*made.value)});
  } else {
    erase_member(*members.parent, members.name, budget_);
  }
  if (made.twin) parts->push_back({"_" + name, {}, std::move(*made.twin)});
  return {};
}

std::string FhirPathEditor::move(const FhirPathOperation& operation) {
  std::vector<NodeRef> nodes;
  if (auto fault = list(operation, nodes); !fault.empty()) return fault;
  for (const auto index : {operation.source, operation.destination}) {
    if (index >= nodes.size()) return "the list has " + number_of(nodes.size()) + ": there is none at " + std::to_string(index);
  }
  const auto members = members_of(nodes.front(), text_, budget_);
  if (members.parent == nullptr) return "the list cannot be found";
  move_item(*members.parent, members.name, operation.source, operation.destination, nodes.size(), budget_);
  move_item(*members.parent, members.twin(), operation.source, operation.destination, nodes.size(), budget_);
  return {};
}

std::string FhirPathEditor::put_at(const Members& members, std::size_t index, NewValue value) {
  insert_item(*members.parent, members.name, index, value.value.value_or(JsonValue()), budget_);
  insert_item(*members.parent, members.twin(), index, value.twin.value_or(JsonValue()), budget_);
  level_lists(*members.parent, members.name, members.twin(), budget_);
  return {};
}

// What is left without content goes too: R4 json.html has no empty objects.
void FhirPathEditor::erase(NodeRef node) {
  for (bool whole = true; node.index() != 0; node = node.parent()) {
    const auto members = members_of(node, text_, budget_);
    if (members.parent == nullptr) return;
    auto& parent = *members.parent;
    const auto index = node.node().index;
    if (whole && in_array(node)) {
      erase_item(parent, members.name, index, budget_);
      erase_item(parent, members.twin(), index, budget_);
    } else if (whole) {
      erase_member(parent, members.name, budget_);
      erase_member(parent, members.twin(), budget_);
    } else if (in_array(node)) {  // a primitive's value stays
      set_item(parent, members.twin(), index, JsonValue(), budget_);
    } else {
      erase_member(parent, members.twin(), budget_);
    }
    auto* const parts = parent.open(budget_);
    if (parts == nullptr || !parts->empty()) return;
    whole = node.parent().primitive() == model::Primitive::none || !node.parent().has_value();
  }
}

}  // namespace patch
