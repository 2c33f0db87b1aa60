// Official test data, which is not in the repository: KILN_TEST_DATA names its unpacked folder, or several, with : between them.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

namespace tests {

// The folder or file of that name ("r4-examples-json", "search-cases.json"); nullopt if it is not there: then a loud line says
// what was skipped.
std::optional<std::filesystem::path> official_data(std::string_view what);

}  // namespace tests
