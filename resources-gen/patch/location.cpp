#include "resources-gen/patch/location.h"

#include <algorithm>

namespace patch {
namespace {

bool is_primitive(model::NodeRef node) { return node.primitive() != model::Primitive::none; }

}  // namespace

std::string json_name(const model::Schema& schema, model::ElementId element, model::TypeId type) {
  const auto& row = schema.elements[element];
  std::string name(schema.text(row.name));
  if ((row.flags & model::element_choice) == 0) return name;
  std::string suffix(schema.type_name(type));
  if (suffix[0] >= 'a' && suffix[0] <= 'z') suffix[0] = static_cast<char>(suffix[0] - 'a' + 'A');
  return name + suffix;
}

std::string json_name(model::NodeRef node) { return json_name(node.tree().schema(), node.element(), node.type()); }

Members members_of(model::NodeRef node, JsonValue& root, Budget& budget) {
  if (node.index() == 0) return {};
  return {content_of(node.parent(), root, budget), json_name(node)};
}

JsonValue* content_of(model::NodeRef node, JsonValue& root, Budget& budget, bool make) {
  if (node.index() == 0) return &root;
  const auto members = members_of(node, root, budget);
  if (members.parent == nullptr) return nullptr;
  const bool primitive = is_primitive(node);
  const auto name = primitive ? members.twin() : members.name;
  auto* part = members.parent->find(name, budget);
  const bool in_array = (node.node().flags & model::node_in_array) != 0;
  if (part == nullptr) {
    auto* const parts = make && primitive ? members.parent->open(budget) : nullptr;
    if (parts == nullptr) return nullptr;
    parts->push_back({name, {}, in_array ? JsonValue::array() : JsonValue::object()});
    part = &parts->back();
  }
  JsonValue* value = &part->value;
  if (in_array) {
    auto* const items = value->is_array() ? value->open(budget) : nullptr;
    if (items == nullptr) return nullptr;
    if (items->size() <= node.node().index) {
      auto* const values = make && primitive ? members.parent->find(members.name, budget) : nullptr;
      auto* const beside = values != nullptr && values->value.is_array() ? values->value.open(budget) : nullptr;
      const std::size_t count = std::max<std::size_t>(node.node().index + 1, beside != nullptr ? beside->size() : 0);
      if (!make || !primitive || !budget.spend(count)) return nullptr;
      items->resize(count);  // R4 json.html#primitive: null fills out both
    }
    value = &(*items)[node.node().index].value;
  }
  if (make && primitive && value->is_null()) *value = JsonValue::object();
  return value->is_object() ? value : nullptr;
}

}  // namespace patch
