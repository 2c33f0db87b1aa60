// Each target on its seeds, on what once crashed it, and on mutations of both: what a libFuzzer run found stays found.

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>

#include "tests/fuzz/targets.h"

namespace {

namespace fs = std::filesystem;

std::vector<std::string> inputs(const fs::path& folder) {
  std::vector<std::string> all;
  if (!fs::exists(folder)) return all;
  for (const auto& file : fs::directory_iterator(folder)) {
    std::ifstream in(file.path(), std::ios::binary);
    all.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  std::sort(all.begin(), all.end());
  return all;
}

std::string mutated(const std::string& text, const std::vector<std::string>& others, std::mt19937& random) {
  auto out = text;
  for (auto n = random() % 4 + 1; n > 0; --n) {
    const auto at = out.empty() ? 0 : random() % out.size();
    const auto& other = others[random() % others.size()];
    switch (random() % 5) {
      case 0:
        out.erase(at, random() % 9);
        break;
      case 1:
        out.insert(at, other, other.empty() ? 0 : random() % other.size(), random() % 30);
        break;
      case 2:
        out.insert(at, 1, static_cast<char>(random()));
        break;
      case 3:
        out.resize(at);
        break;
      default:
        if (!out.empty()) out[at] = static_cast<char>(out[at] ^ (1 << random() % 8));
        break;
    }
  }
  return out;
}

}  // namespace

TEST_CASE("every target takes its seeds, old crashes, and mutations of them") {
  const char* const given = std::getenv("KILN_SEED");
  const auto seed = given ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
  std::cout << "fuzz: seed " << seed << " (KILN_SEED)\n" << std::flush;  // also if the process dies
  std::mt19937 random(seed);
  const fs::path here = fs::path(KILN_SOURCE_DIR) / "tests/fuzz";
  for (const auto& target : fuzz::targets()) {
    auto all = inputs(here / "seeds" / target.name);
    CHECK_FALSE(all.empty());
    for (auto& each : inputs(here / "old_crashes" / target.name)) all.push_back(std::move(each));
    for (const auto& each : all) target.run(each);
    target.run({});
    for (int i = 0; i < 1500; ++i) target.run(mutated(all[random() % all.size()], all, random));
  }
}
