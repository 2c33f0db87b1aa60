// The official examples, and Synthea's: accepted, less what is known to be wrong, and kept byte for byte.

#include <catch2/catch.hpp>
#include <iostream>
#include <sstream>

#include "tests/formats/support.h"
#include "tests/support/data.h"

namespace {

using tests::file_text;

struct Tally {
  std::size_t files = 0, refused = 0;
};

void read_one(std::string_view text, const std::string& name, bool must_be_accepted, Tally& tally) {
  const auto result = formats::read_json(text, model::r4());
  ++tally.files;
  if (result.ok()) {
    if (result.tree.source() != tests::minified(text)) FAIL_CHECK(name << ": source() differs from the minified text");
    tests::check_nodes(result.tree, result.ok());
  } else {
    ++tally.refused;
  }
  if (result.ok() != must_be_accepted) {
    std::string why;
    for (const auto& line : tests::issue_lines(result.issues)) why += "\n    " + line;
    FAIL_CHECK(name << (must_be_accepted ? ": refused" : ": accepted, but known to be wrong") << why);
  }
}

// The examples that break R4 themselves, told by what is wrong with them.
bool is_known_bad(const std::string& name, const std::string& text) {
  // Generated questionnaires: items without linkId.
  if (name.ends_with("-questionnaire.json") && text.find("\"id\": \"qs1\"") != std::string::npos) return true;
  // Search parameters without `base`, and one whose id has 67 characters.
  const auto type = text.find("\"resourceType\": \"SearchParameter\"");
  return type < 50 && (text.find("\"base\":") == std::string::npos || name.starts_with("questionnaireresponse-extensions-"));
}

}  // namespace

TEST_CASE("the official examples are accepted and kept byte for byte") {
  const auto folder = tests::official_data("r4-examples-json");
  if (!folder) return;
  Tally tally;
  for (const auto& path : tests::files_of(*folder, ".json")) {
    const auto text = file_text(path);
    read_one(text, path.filename(), !is_known_bad(path.filename(), text), tally);
  }
  CHECK(tally.files == 2904);
  CHECK(tally.refused == 199);
}

TEST_CASE("the minimal examples of every resource type are accepted") {
  const auto folder = tests::official_data("r4-minimal");
  if (!folder) return;
  Tally tally;
  for (const auto& path : tests::files_of(*folder / "json", ".json")) read_one(file_text(path), path.filename(), true, tally);
  CHECK(tally.files == 476);
}

TEST_CASE("Synthea's transactions and bulk export are accepted") {
  Tally tally;
  if (const auto folder = tests::official_data("synthea-transactions")) {
    for (const auto& path : tests::files_of(*folder, ".json")) read_one(file_text(path), path.filename(), true, tally);
    CHECK(tally.files == 47);
  }
  if (const auto folder = tests::official_data("synthea-ndjson")) {
    tally = {};
    for (const auto& path : tests::files_of(*folder, ".ndjson")) {
      std::istringstream lines(file_text(path));
      std::size_t number = 0;
      for (std::string line; std::getline(lines, line);) {
        ++number;
        if (!line.empty()) read_one(line, path.filename().string() + ":" + std::to_string(number), true, tally);
      }
    }
    CHECK(tally.files == 7160);
  }
}

TEST_CASE("US Core's examples and vendors' statements do no harm") {
  for (const char* name : {"us-core-6.1.0", "vendors", "tx-cases", "validator-cases"}) {
    const auto folder = tests::official_data(name);
    if (!folder) continue;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(*folder)) {
      if (entry.path().extension() != ".json") continue;
      const auto text = file_text(entry.path());
      const auto result = formats::read_json(text, model::r4());
      tests::check_nodes(result.tree, result.ok());
      if (!result.tree.empty()) CHECK(result.tree.source() == tests::minified(text));
    }
  }
}
