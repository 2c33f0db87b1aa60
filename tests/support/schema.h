// R4's XML schema, asked through xmllint: whether XML is right, without code of ours.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tests {

// What xmllint finds wrong with the files against R4's schema; empty if nothing, "skipped" said loudly if there is no xmllint or
// no schema.
std::string schema_faults(const std::vector<std::filesystem::path>& files);

}  // namespace tests
