// StructureDefinitions: types, elements, what elements may hold, bindings and constraints.
#pragma once

#include <filesystem>

#include "resources-gen/generator/tables.h"

namespace generator {

// Reads profiles-types.json and profiles-resources.json of `definitions` into types, elements, element_types, target_types,
// element_constraints, constraints and bindings (their code sets still unset). Snapshots only; logical models are left out.
void read_structures(const std::filesystem::path& definitions, Tables& tables);

}  // namespace generator
