// Speed of reading FHIR JSON: bench_json FILE... (NDJSON, or one resource a file). Bundles count by their entries' resources too.
//
// Prints megabytes of input a second, best of several rounds, for: the scan alone, read_json, read_json with the stored form; on
// resources of 1 to 4 kB as they are, and pretty-printed.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "resources-gen/formats/json.h"
#include "resources-gen/formats/json_tape.h"

namespace {

std::vector<std::string> texts;

void add(const std::string& text) {
  const auto result = formats::read_json(text, model::r4());
  if (!result.ok()) return;
  if (result.tree.root().type_name() == "Bundle") {
    for (auto entry = result.tree.root().first_child(); entry; entry = entry.next_sibling()) {
      if (const auto resource = entry.child("resource")) texts.emplace_back(resource.json());
    }
  } else {
    texts.emplace_back(result.tree.source());
  }
}

void measure(const char* name, const std::vector<std::string>& input,
             const std::function<std::size_t(const std::string&)>& work) {
  std::size_t bytes = 0, sum = 0;
  for (const auto& text : input) bytes += text.size();
  double best = 1e9;
  for (int round = 0; round < 15; ++round) {
    const auto start = std::chrono::steady_clock::now();
    for (const auto& text : input) sum += work(text);
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::printf("| %-28s | %6zu | %7.0f | %8.0f | %9.2f |\n", name, input.size(),
              static_cast<double>(bytes) / static_cast<double>(input.size()), static_cast<double>(bytes) / best / 1e6,
              best / static_cast<double>(input.size()) * 1e6);
  if (sum == 0) std::puts("nothing was read");
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
  std::erase_if(texts, [](const auto& text) { return text.size() < 1000 || text.size() > 4000; });
  if (texts.empty()) {
    std::puts("usage: bench_json FILE...  (NDJSON or JSON; only resources of 1 to 4 kB are used)");
    return 1;
  }
  if (texts.size() > 4000) texts.resize(4000);
  std::vector<std::string> indented;
  for (const auto& text : texts) indented.push_back(formats::pretty(text));

  std::puts("| work                         | texts  | bytes   | MB/s     | us/text   |\n|---|---|---|---|---|");
  formats::JsonTape tape;
  const auto scan = [&](const std::string& text) {
    tape.read(text, 100);
    return tape.size();
  };
  const auto read = [](const std::string& text) { return formats::read_json(text, model::r4()).tree.size(); };
  const auto store = [](const std::string& text) {
    return formats::stored_form(formats::read_json(text, model::r4()).tree, "0123456789abcdef").body.size();
  };
  measure("scan", texts, scan);
  measure("read_json", texts, read);
  measure("read_json + stored_form", texts, store);
  measure("scan, indented", indented, scan);
  measure("read_json, indented", indented, read);
}
