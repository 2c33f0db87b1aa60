// What the tests of FHIRPath share.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "resources-gen/fhirpath/fhirpath.h"

namespace tests {

std::string file_text(const std::filesystem::path& path);

// The tree of a resource in JSON; fails the test if it has no tree at all.
model::Tree tree_of(std::string_view json);
// A resource in XML as JSON, by the schema: for inputs that exist in XML only. Narrative is dropped.
std::string json_of_xml(const std::filesystem::path& path);

// The results of an expression as text, each item as toString() has it and nodes by their value, or {"!" and the reason}.
std::vector<std::string> results(std::string_view expression, const model::Tree& tree);
// The same, joined by ", ".
std::string result(std::string_view expression, const model::Tree& tree);

// Compiled for the root element of a type; fails the test with the reason if it does not compile.
fhirpath::Plan plan_for(std::string_view expression, std::string_view type);
// Why it does not compile; empty if it does.
std::string compile_fault(std::string_view expression, std::string_view type);

std::string why(const model::Failure& failure);

}  // namespace tests
