#include "resources-gen/patch/json_list.h"

#include <algorithm>
#include <utility>

namespace patch {
namespace {

using Parts = std::vector<JsonValue::Part>;

// The items of the array; null if there is none. `make`: then it is made.
Parts* items_of(JsonValue& object, std::string_view name, bool make, Budget& budget) {
  auto* part = object.find(name, budget);
  if (part == nullptr) {
    auto* const members = make ? object.open(budget) : nullptr;
    if (members == nullptr) return nullptr;
    members->push_back({std::string(name), {}, JsonValue::array()});
    part = &members->back();
  }
  return part->value.is_array() ? part->value.open(budget) : nullptr;
}

void pad(Parts& items, std::size_t count, Budget& budget) {
  if (items.size() < count && budget.spend(count)) items.resize(count);
}

void drop_if_empty(JsonValue& object, std::string_view name, const Parts& items, Budget& budget) {
  if (std::all_of(items.begin(), items.end(), [](const JsonValue::Part& item) { return item.value.is_null(); }))
    erase_member(object, name, budget);
}

}  // namespace

void erase_member(JsonValue& object, std::string_view name, Budget& budget) {
  if (auto* const members = object.open(budget)) {
    std::erase_if(*members, [&](const JsonValue::Part& member) { return member.name == name; });
  }
}

void erase_item(JsonValue& object, std::string_view name, std::size_t index, Budget& budget) {
  auto* const items = items_of(object, name, false, budget);
  if (items == nullptr) return;
  if (index < items->size() && budget.spend(items->size())) items->erase(items->begin() + static_cast<std::ptrdiff_t>(index));
  drop_if_empty(object, name, *items, budget);
}

void insert_item(JsonValue& object, const std::string& name, std::size_t index, JsonValue item, Budget& budget) {
  auto* const items = items_of(object, name, !item.is_null(), budget);
  if (items == nullptr || (item.is_null() && items->size() <= index)) return;  // level_lists() fills it
  pad(*items, index, budget);
  if (items->size() < index || !budget.spend(items->size())) return;
  items->insert(items->begin() + static_cast<std::ptrdiff_t>(index), {{}, {}, std::move(item)});
}

void set_item(JsonValue& object, const std::string& name, std::size_t index, JsonValue item, Budget& budget) {
  auto* const items = items_of(object, name, !item.is_null(), budget);
  if (items == nullptr || (item.is_null() && items->size() <= index)) return;
  pad(*items, index + 1, budget);
  if (items->size() > index) (*items)[index].value = std::move(item);
  drop_if_empty(object, name, *items, budget);
}

void level_lists(JsonValue& object, std::string_view name, std::string_view twin, Budget& budget) {
  auto* const values = items_of(object, name, false, budget);
  auto* const others = items_of(object, twin, false, budget);
  if (values == nullptr || others == nullptr) return;
  const auto count = std::max(values->size(), others->size());
  pad(*values, count, budget);
  pad(*others, count, budget);
}

void move_item(JsonValue& object, std::string_view name, std::size_t from, std::size_t to, std::size_t count, Budget& budget) {
  auto* const items = items_of(object, name, false, budget);
  if (items == nullptr) return;
  pad(*items, count, budget);
  if (items->size() <= std::max(from, to) || !budget.spend(items->size())) return;
  const auto at = [&](std::size_t index) { return items->begin() + static_cast<std::ptrdiff_t>(index); };
  if (from < to) std::rotate(at(from), at(from + 1), at(to + 1));
  if (to < from) std::rotate(at(to), at(from), at(from + 1));
}

}  // namespace patch
