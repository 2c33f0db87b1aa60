// Location: where an element of a resource stands in its JSON: the way from FHIRPath's nodes to members and items.
//
// R4 json.html: a repeating element is an array, `value[x]` carries its type's name, the id and extensions of a primitive stand
// in a member of their own, `_name`, at the same place.
#pragma once

#include <string>

#include "resources-gen/model/tree.h"
#include "resources-gen/patch/json_value.h"

namespace patch {

// "birthDate", "valueQuantity": what JSON calls the node's element.
std::string json_name(model::NodeRef node);
// "valueQuantity" for the choice "value" and the type Quantity; the name itself for what is no choice.
std::string json_name(const model::Schema& schema, model::ElementId element, model::TypeId type);

// The JSON object that holds the node's children, in a text of which `root` is the value: of a primitive its `_name`. Null if
// there is none, or the budget is spent. `make`: an object is made for a primitive that has none.
JsonValue* content_of(model::NodeRef node, JsonValue& root, Budget& budget, bool make = false);

// A node's two members in its parent's object.
struct Members {
  JsonValue* parent = nullptr;  // the object; null if the node is the root, or the budget is spent
  std::string name;             // "given"
  std::string twin() const { return "_" + name; }
};
Members members_of(model::NodeRef node, JsonValue& root, Budget& budget);

}  // namespace patch
