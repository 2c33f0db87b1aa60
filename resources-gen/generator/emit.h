// Writing the generated files. Each function returns a whole file's text; the same tables always give the same bytes.
#pragma once

#include <map>
#include <string>

#include "resources-gen/generator/tables.h"

namespace generator {

std::string tables_source(const Tables& tables);  // tables.cpp: the rows, the pool and model::r4_tables()
std::string ids_header(const Tables& tables);     // r4_ids.h: model::r4::Patient and so on
std::string summary(const Tables& tables);        // summary.txt: what is in the tables, a name and a count a line

// Typed views by file name: "patient.h", "human_name.h" ..., "types.h" (every name) and "all.h".
std::map<std::string, std::string> view_headers(const Tables& tables);

}  // namespace generator
