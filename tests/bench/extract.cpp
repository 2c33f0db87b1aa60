// What the terms of one resource cost: bench_extract FILE|FOLDER... (transaction Bundles, NDJSON or single resources).
//
// Prints, per resource type: resources, terms and bytes of terms each, microseconds of CPU each.
#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "resources-gen/formats/json.h"
#include "search/parameter_types.h"

namespace {

namespace fs = std::filesystem;

// Microseconds of CPU time: other work on the machine counts little.
double cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

void add(std::vector<model::Tree>& trees, std::string_view text) {
  formats::ReadResult read = formats::read_json(text, model::r4());
  if (read.tree.empty()) return;
  if (read.tree.root().type_name() != "Bundle") {
    trees.push_back(std::move(read.tree));
    return;
  }
  for (model::NodeIndex i = 1; i < read.tree.size(); ++i) {
    const model::NodeRef node(read.tree, i);
    if (node.is_resource() && node.name() == "resource") trees.push_back(node.copy());
  }
}

void load(std::vector<model::Tree>& trees, const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (path.extension() == ".ndjson") {
    for (std::string line; std::getline(in, line);) add(trees, line);
    return;
  }
  std::stringstream text;
  text << in.rdbuf();
  add(trees, text.str());
}

}  // namespace

int main(int count, char** arguments) {
  std::vector<model::Tree> trees;
  for (int i = 1; i < count; ++i) {
    if (!fs::is_directory(arguments[i])) {
      load(trees, arguments[i]);
      continue;
    }
    for (const fs::directory_entry& entry : fs::directory_iterator(arguments[i])) load(trees, entry.path());
  }
  const double started = cpu_us();
  const search::Extractor extractor(model::r4());
  const double compile_ms = (cpu_us() - started) / 1e3;

  struct Row {
    std::vector<const model::Tree*> trees;
    std::size_t terms = 0, bytes = 0;
    double best_us = 1e18;
  };
  std::map<std::string_view, Row> rows;
  for (const model::Tree& tree : trees) rows[tree.root().type_name()].trees.push_back(&tree);
  double total_us = 0;
  for (auto& [name, row] : rows) {
    for (int round = 0; round < 5; ++round) {
      row.terms = row.bytes = 0;
      const double start = cpu_us();
      for (const model::Tree* tree : row.trees) {
        const auto document = extractor.extract(*tree);
        row.terms += document->terms.size();
        for (const search::Term& term : document->terms) row.bytes += term.bytes.size();
      }
      row.best_us = std::min(row.best_us, cpu_us() - start);
    }
    total_us += row.best_us;
  }
  std::cout << fmt::format("compiling all parameters: {:.1f} ms; {} resources, {:.2f} us each\n\n", compile_ms, trees.size(),
                           trees.empty() ? 0 : total_us / static_cast<double>(trees.size()));
  std::cout << "| type | resources | terms | bytes of terms | us |\n|---|---|---|---|---|\n";
  for (const auto& [name, row] : rows) {
    const double n = static_cast<double>(row.trees.size());
    std::cout << fmt::format("| {} | {} | {:.1f} | {:.0f} | {:.2f} |\n", name, row.trees.size(),
                             static_cast<double>(row.terms) / n, static_cast<double>(row.bytes) / n, row.best_us / n);
  }
}
