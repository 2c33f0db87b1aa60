#include "resources-gen/generator/generator.h"

#include <fstream>
#include <stdexcept>

#include "resources-gen/generator/codes.h"
#include "resources-gen/generator/emit.h"
#include "resources-gen/generator/parameters.h"
#include "resources-gen/generator/structures.h"

namespace generator {

namespace {

void write_file(const std::filesystem::path& path, const std::string& content) {
  if (std::ifstream old(path, std::ios::binary); old) {
    const std::string was{std::istreambuf_iterator<char>(old), {}};
    if (was == content) return;
  }
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << content;
  file.close();
  if (!file) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace

Tables read_definitions(const std::filesystem::path& definitions) {
  Tables tables;
  read_structures(definitions, tables);
  read_codes(definitions, tables);
  read_search_parameters(definitions, tables);
  read_compartments_and_operations(definitions, tables);
  return tables;
}

void write_files(const Tables& tables, const std::filesystem::path& out) {
  std::filesystem::create_directories(out);
  write_file(out / "tables.cpp", tables_source(tables));
  write_file(out / "r4_ids.h", ids_header(tables));
  write_file(out / "summary.txt", summary(tables));
  std::filesystem::create_directories(out / "views");
  for (const auto& [name, text] : view_headers(tables)) write_file(out / "views" / name, text);
}

}  // namespace generator
