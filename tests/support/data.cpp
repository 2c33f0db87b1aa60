#include "tests/support/data.h"

#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>

namespace tests {

std::optional<std::filesystem::path> official_data(std::string_view what) {
  const char* const set = std::getenv("KILN_TEST_DATA");
  std::stringstream folders(set == nullptr ? "" : set);
  for (std::string folder; std::getline(folders, folder, ':');) {
    auto place = std::filesystem::path(folder) / std::string(what);
    if (!folder.empty() && std::filesystem::exists(place)) return place;
  }
  std::cerr << "SKIPPED: " << what << " is not in KILN_TEST_DATA\n";
  return std::nullopt;
}

}  // namespace tests
