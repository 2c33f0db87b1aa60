// Speed of FHIR XML beside JSON: bench_xml FILE... (NDJSON, or one resource a file). Bundles count by their entries' resources
// too.
//
// Prints megabytes of input a second, best of several rounds, of the same resources of 1 to 4 kB in either format.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "resources-gen/formats/xml.h"

namespace {

std::vector<model::Tree> trees;
std::vector<std::string> json, xml;

void add(const std::string& text) {
  auto result = formats::read_json(text, model::r4());
  if (!result.ok()) return;
  const auto root = result.tree.root();
  if (root.type_name() != "Bundle") {
    trees.push_back(std::move(result.tree));
    return;
  }
  for (auto entry = root.first_child(); entry; entry = entry.next_sibling()) {
    if (const auto resource = entry.child("resource")) trees.push_back(resource.copy());
  }
}

void measure(const char* name, const std::vector<std::string>& input, const std::function<std::size_t(std::size_t)>& work) {
  std::size_t bytes = 0, sum = 0;
  for (const auto& text : input) bytes += text.size();
  double best = 1e9;
  for (int round = 0; round < 7; ++round) {
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < input.size(); ++i) sum += work(i);
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  const auto texts = static_cast<double>(input.size());
  std::printf("| %-10s | %6zu | %7.0f | %8.0f | %9.2f |\n", name, input.size(), static_cast<double>(bytes) / texts,
              static_cast<double>(bytes) / best / 1e6, best / texts * 1e6);
  if (sum == 0) std::puts("nothing was done");
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::ifstream in(argv[i], std::ios::binary);
    if (std::string(argv[i]).ends_with(".ndjson")) {
      for (std::string line; std::getline(in, line);) add(line);
    } else {
      add({std::istreambuf_iterator<char>(in), {}});
    }
  }
  std::erase_if(trees, [](const auto& tree) { return tree.source().size() < 1000 || tree.source().size() > 4000; });
  if (trees.empty()) {
    std::puts("usage: bench_xml FILE...  (NDJSON or JSON; only resources of 1 to 4 kB are used)");
    return 1;
  }
  if (trees.size() > 4000) trees.resize(4000);
  for (const auto& tree : trees) {
    json.emplace_back(tree.source());
    xml.push_back(formats::write_xml(tree));
  }
  std::puts("| work       | texts  | bytes   | MB/s     | us/text   |\n|---|---|---|---|---|");
  measure("read_json", json, [](std::size_t i) { return formats::read_json(json[i], model::r4()).tree.size(); });
  measure("read_xml", xml, [](std::size_t i) { return formats::read_xml(xml[i], model::r4()).tree.size(); });
  measure("write_xml", xml, [](std::size_t i) { return formats::write_xml(trees[i]).size(); });
}
