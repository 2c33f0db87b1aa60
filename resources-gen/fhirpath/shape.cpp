#include "resources-gen/fhirpath/shape.h"

#include <algorithm>

namespace fhirpath {

using model::ElementId;
using model::Schema;
using model::TypeId;

void Shape::add(State state) {
  if (std::find(states.begin(), states.end(), state) == states.end()) states.push_back(state);
}

void Shape::add(const Shape& other) {
  dynamic = dynamic || other.dynamic;
  system = system || other.system;
  for (const State& state : other.states) add(state);
}

bool Shape::covers(const Shape& other) const {
  if ((other.dynamic && !dynamic) || (other.system && !system)) return false;
  return std::all_of(other.states.begin(), other.states.end(),
                     [&](const State& state) { return std::find(states.begin(), states.end(), state) != states.end(); });
}

void add_element(const Schema& schema, ElementId element, Shape& shape) {
  const model::ElementRow& row = schema.elements[element];
  if (row.content_reference != model::no_element) return add_element(schema, row.content_reference, shape);
  if (row.parent == model::no_element) return add_type(schema, row.owner, true, shape);
  for (const auto& type : Schema::rows(schema.element_types, row.types)) {
    if (schema.types[type.type].kind == model::TypeKind::resource) {
      shape.dynamic = true;
    } else {
      shape.add(State{schema.children_owner(element, type.type), type.type});
    }
  }
}

void add_type(const Schema& schema, TypeId type, bool exact, Shape& shape) {
  const model::TypeRow& row = schema.types[type];
  // Of abstract types instances are of others, each with elements of its own: too many to follow.
  if (row.abstract) {
    shape.dynamic = true;
    return;
  }
  shape.add(State{row.root, type});
  if (exact || row.kind == model::TypeKind::resource) return;
  for (TypeId other = 0; other < schema.types.size(); ++other) {
    if (other != type && schema.is_a(other, type)) shape.add(State{schema.types[other].root, other});
  }
}

void follow(const Schema& schema, const Shape& shape, std::string_view name, Elements& elements, Shape& found) {
  for (const State& state : shape.states) {
    // R4 fhirpath.html: a primitive's `value` is its System value.
    if (name == "value" && schema.types[state.type].primitive != model::Primitive::none) {
      found.system = true;
      continue;
    }
    const ElementId element = schema.child_by_name(state.owner, name);
    if (element == model::no_element || std::find(elements.begin(), elements.end(), element) != elements.end()) continue;
    elements.push_back(element);
    add_element(schema, element, found);
  }
}

Shape narrowed(const Schema& schema, const Shape& shape, TypeId type, bool exact) {
  Shape result;
  for (const State& state : shape.states) {
    if (state.type == type || (!exact && schema.is_a(state.type, type))) result.add(state);
  }
  if (shape.dynamic) {
    add_type(schema, type, exact, result);
    // Inline content is of an abstract type's own kind: BackboneElement.
    if (schema.types[type].kind != model::TypeKind::resource && schema.types[type].abstract) result.dynamic = true;
  }
  return result;
}

}  // namespace fhirpath
