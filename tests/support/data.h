// Official test data, which is not in the repository: KILN_TEST_DATA names its unpacked folder.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

namespace tests {

// The folder of that name ("r4-examples-json"); nullopt if it is not there: then a loud line says what was skipped.
std::optional<std::filesystem::path> official_data(std::string_view what);

}  // namespace tests
