// Code sets: the codes of the value sets that required bindings name, expanded.
#pragma once

#include <filesystem>

#include "resources-gen/generator/tables.h"

namespace generator {

// Reads valuesets.json, v3-codesystems.json and v2-tables.json of `definitions` into code_sets and codes, and puts the code set
// of each required binding in its row. A value set whose content is not all there (UCUM, ISO 4217, MIME types, LOINC) has none.
// Needs read_structures first.
void read_codes(const std::filesystem::path& definitions, Tables& tables);

}  // namespace generator
