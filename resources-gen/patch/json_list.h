// A repeating element in JSON: the array of its values and, for primitives, the `_` array beside it, kept in step.
//
// R4 json.html#primitive: where one of the two has nothing for an item, null stands in its place.
#pragma once

#include <string>

#include "resources-gen/patch/json_value.h"

namespace patch {

// Each works on the member `name` of `object`. A missing value is null.
void erase_member(JsonValue& object, std::string_view name, Budget& budget);
// Removes an item; an array left without any but null goes with it.
void erase_item(JsonValue& object, std::string_view name, std::size_t index, Budget& budget);
// Puts an item before the one at `index`, which is at most the number of the element's values.
void insert_item(JsonValue& object, const std::string& name, std::size_t index, JsonValue item, Budget& budget);
void set_item(JsonValue& object, const std::string& name, std::size_t index, JsonValue item, Budget& budget);
// Fills the shorter of an element's two arrays, where there are two.
void level_lists(JsonValue& object, std::string_view name, std::string_view twin, Budget& budget);
void move_item(JsonValue& object, std::string_view name, std::size_t from, std::size_t to, std::size_t count, Budget& budget);

}  // namespace patch
