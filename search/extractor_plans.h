// A resource type's search parameters as compiled plans. Internal to the extractor.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "resources-gen/fhirpath/fhirpath.h"
#include "resources-gen/model/schema.h"
#include "search/extractor_paths.h"

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
  std::uint16_t slot;                      // of its plain paths in the type's trie
  std::vector<fhirpath::Plan> plans;       // the other branches of the union
  std::vector<CompositePlans> composites;  // instead, of a composite
};

// Compiles one parameter's expression for one of its bases, its plain paths into the trie. What does not compile is left out and
// named in `faults`.
ParameterPlans compile_parameter(const model::Schema& schema, model::ParameterId parameter, model::TypeId type,
                                 std::uint16_t slot, PathTrie& trie, std::vector<std::string>& faults);

}  // namespace search
