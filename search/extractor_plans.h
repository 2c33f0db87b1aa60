// A resource type's search parameters as compiled plans. Internal to the extractor.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "resources-gen/fhirpath/fhirpath.h"
#include "resources-gen/model/schema.h"

namespace search {

struct ComponentPlans {
  model::ParameterId parameter;
  std::vector<fhirpath::Plan> plans;  // a union
};
// One branch of a composite's expression: its roots, and what each component selects from a root.
struct CompositePlans {
  fhirpath::Plan roots;
  std::vector<ComponentPlans> components;
};
struct ParameterPlans {
  model::ParameterId parameter;
  std::vector<fhirpath::Plan> plans;        // a union; empty for composites
  std::vector<CompositePlans> composites;
};

// Compiles one parameter's expression for one of its bases. What does not compile is left out and named in `faults`.
ParameterPlans compile_parameter(const model::Schema& schema, model::ParameterId parameter, model::TypeId type, std::vector<std::string>& faults);

}  // namespace search
