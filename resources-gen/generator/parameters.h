// Search parameters, compartments and operations.
#pragma once

#include <filesystem>

#include "resources-gen/generator/tables.h"

namespace generator {

// Reads search-parameters.json. A parameter on a type that R4 has not (the definitions' package adds three) is left out.
void read_search_parameters(const std::filesystem::path& definitions, Tables& tables);

// Reads the CompartmentDefinitions and OperationDefinitions of profiles-resources.json. Needs read_structures first.
void read_compartments_and_operations(const std::filesystem::path& definitions, Tables& tables);

}  // namespace generator
