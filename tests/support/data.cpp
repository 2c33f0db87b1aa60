#include "tests/support/data.h"

#include <cstdlib>
#include <iostream>
#include <string>

namespace tests {

std::optional<std::filesystem::path> official_data(std::string_view what) {
  const char* const root = std::getenv("KILN_TEST_DATA");
  if (root) {
    auto folder = std::filesystem::path(root) / std::string(what);
    if (std::filesystem::exists(folder)) return folder;
  }
  std::cerr << "SKIPPED: " << what << " needs KILN_TEST_DATA\n";
  return std::nullopt;
}

}  // namespace tests
