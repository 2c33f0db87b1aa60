#include "tests/fuzz/targets.h"

#include <array>
#include <cstdio>
#include <cstdlib>

namespace fuzz {

std::span<const Target> targets() {
  static constexpr std::array<Target, 8> all{{
      {"http", http},
      {"request", request},
      {"bundle", bundle},
      {"json", json},
      {"xml", xml},
      {"query", query},
      {"fhirpath", fhirpath},
      {"patch", patch},
  }};
  return all;
}

void fail(std::string_view what, std::string_view detail) {
  std::fprintf(stderr, "fuzz: does not hold: %.*s\n%.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(detail.size()), detail.data());
  std::abort();
}

}  // namespace fuzz
