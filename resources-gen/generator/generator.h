// From HL7's definitions to C++: reads the definition files once, writes tables, type numbers, summary and typed views.
#pragma once

#include <filesystem>

#include "resources-gen/generator/tables.h"

namespace generator {

// All rows of the definitions in that folder. Throws std::runtime_error that names the file or definition at fault.
Tables read_definitions(const std::filesystem::path& definitions);

// Writes the generated files into `out` (made if missing). Files whose bytes would not change are left alone, so that a new
// generator that changes nothing rebuilds nothing.
void write_files(const Tables& tables, const std::filesystem::path& out);

}  // namespace generator
