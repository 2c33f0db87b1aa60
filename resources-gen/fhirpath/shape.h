// Shape: what the items of a collection can be, as far as compiling can tell. Internal to fhirpath/.
#pragma once

#include <boost/container/small_vector.hpp>
#include <string_view>

#include "resources-gen/model/schema.h"

namespace fhirpath {

// A node: the element whose children it has (schema.children_owner), and its type.
struct State {
  model::ElementId owner = model::no_element;
  model::TypeId type = model::no_type;
  bool operator==(const State&) const = default;
};
using States = boost::container::small_vector<State, 4>;
using Elements = boost::container::small_vector<model::ElementId, 4>;

struct Shape {
  bool dynamic = false;  // nodes that only the instance tells: contained resources, children() ...
  bool system = false;   // System values
  States states;         // nodes

  bool nothing() const { return !dynamic && !system && states.empty(); }
  void add(State state);
  void add(const Shape& other);
  bool covers(const Shape& other) const;

  static Shape values() { return {.system = true}; }
  static Shape anything() { return {.dynamic = true, .system = true}; }
};

// Adds the nodes that `element` can be: a state for each of its types, dynamic for a resource of any type.
void add_element(const model::Schema& schema, model::ElementId element, Shape& shape);
// Adds what a node of `type` can be: the type, and those derived from it unless `exact`.
void add_type(const model::Schema& schema, model::TypeId type, bool exact, Shape& shape);
// The elements that a path step `name` leads to from `shape`, and what they can be.
void follow(const model::Schema& schema, const Shape& shape, std::string_view name, Elements& elements, Shape& found);
// The part of `shape` that is of `type` (derived types too unless `exact`).
Shape narrowed(const model::Schema& schema, const Shape& shape, model::TypeId type, bool exact);

}  // namespace fhirpath
