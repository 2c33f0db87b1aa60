// Plan::Body: an Ast with its paths turned into element numbers, and what evaluation asks of it. Internal to fhirpath/.
#pragma once

#include <vector>

#include "resources-gen/fhirpath/ast.h"

namespace fhirpath {

struct FunctionRow;

// What compiling found out about one node of the Ast.
struct Compiled {
  std::vector<model::ElementId> elements;  // member: the children it may select
  std::vector<model::ElementId> shapes;    // what its results can be, as Plan::results has them
  bool dynamic = false;                    // its results' shapes are known at run time only
  bool by_name = false;                    // member: over a dynamic left side, selected by name
  bool focus = false;                      // member that names the context's own type: the focus itself
  bool dropped = false;                    // starts at another resource type: gives nothing
  bool path = false;                       // evaluates to nodes without Items
  bool system = false;                     // type test for a System type
  model::TypeId type = model::no_type;     // of a type test
  const FunctionRow* function = nullptr;
};

struct Plan::Body {
  std::shared_ptr<const Ast> ast;
  const model::Schema* schema = nullptr;
  std::vector<Compiled> nodes;
};

enum class Function : std::uint8_t {
  where, exists, empty, not_, resolve, as, is, of_type, first, last, tail, skip, take, single, count, all, select, has_value, children,
  descendants, extension, iif, distinct, is_distinct, starts_with, ends_with, contains, matches, length, to_string, combine, union_,
};

struct FunctionRow {
  std::string_view name;
  Function function;
  unsigned least, most;  // arguments
  bool keeps;            // gives a part of its input: shapes pass through
  bool nodes;            // over nodes it gives nodes, without Items
  bool criterion;        // its argument is evaluated per item, with $this
};
const FunctionRow* find_function(std::string_view name);

// The type that a Reference's text (or Reference.type) names; no_type if it does not tell.
model::TypeId reference_type(model::NodeRef reference);

}  // namespace fhirpath
