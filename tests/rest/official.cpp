// HL7's examples and Synthea's patients, through the service.

#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "resources-gen/formats/json.h"
#include "resources-gen/model/schema.h"
#include "tests/rest/fixture.h"
#include "tests/support/data.h"

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<fs::path> json_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& file : fs::directory_iterator(folder)) {
    if (file.path().extension() == ".json") files.push_back(file.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Files that need not be accepted: rows of KNOWN-BAD.tsv but those marked DISPUTED. Nullopt if the list is not there.
std::optional<std::set<std::string>> known_bad() {
  const auto list = tests::official_data("r4-examples-index/KNOWN-BAD.tsv");
  if (!list) return std::nullopt;
  std::set<std::string> bad;
  std::ifstream in(*list);
  for (std::string line; std::getline(in, line);) {
    if (line.find("DISPUTED") != std::string::npos) continue;
    bad.insert(fs::path(line.substr(0, line.find('\t'))).filename().string());
  }
  return bad;
}

// A resource's minified text without id and meta: what a server may not change.
std::string without_id_and_meta(const model::Tree& tree) {
  std::string kept;
  const auto text = tree.source();
  // Top-level members by hand: the source is minified, so a member is `"name":value`.
  std::size_t at = 1;
  while (at < text.size() && text[at] == '"') {
    const auto begin = at;
    const auto name_end = text.find('"', at + 1);
    const auto name = text.substr(at + 1, name_end - at - 1);
    at = name_end + 2;
    int depth = 0;
    bool quoted = false;
    for (; at < text.size(); ++at) {
      const char c = text[at];
      if (quoted) {
        if (c == '\\')
          ++at;
        else if (c == '"')
          quoted = false;
        continue;
      }
      if (c == '"') quoted = true;
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') {
        if (depth == 0) break;
        --depth;
      }
      if (c == ',' && depth == 0) break;
    }
    if (name != "id" && name != "meta") kept.append(text.substr(begin, at - begin)).append(",");
    if (at < text.size() && text[at] == ',') ++at;
  }
  return kept;
}

}  // namespace

TEST_CASE("official examples come back byte-equal but for id and meta") {
  const auto folder = tests::official_data("r4-examples-json");
  if (!folder) return;
  const auto bad = known_bad();
  tests::Fixture fixture;
  std::size_t stored = 0, refused = 0, number = 0;
  const auto started = std::chrono::steady_clock::now();
  for (const auto& file : json_files(*folder)) {
    const auto text = read_file(file);
    const auto sent = formats::read_json(text, model::r4());
    if (sent.tree.empty()) continue;
    const std::string type(sent.tree.root().type_name());
    const auto own = sent.tree.root().child("id");
    const bool has_id = own && own.has_value();
    const std::string id = has_id ? std::string(own.text()) : "none";
    const auto answer = has_id ? fixture.ask("PUT", "/" + type + "/" + id, text) : fixture.ask("POST", "/" + type, text);
    ++number;
    if (answer.status >= 300) {
      ++refused;
      if (bad && !bad->contains(file.filename().string()))
        FAIL_CHECK(file.filename().string() << ": " << tests::body_of(answer).substr(0, 500));
      continue;
    }
    ++stored;
    const auto place =
        has_id ? "/" + type + "/" + id : tests::header(answer, "Location").substr(std::string("http://kiln.test/fhir").size());
    const auto read = fixture.ask("GET", place, {}, {{"Accept", "application/fhir+json"}});
    const auto back = formats::read_json(tests::body_of(read), model::r4());
    if (!back.ok() || without_id_and_meta(back.tree) != without_id_and_meta(sent.tree))
      FAIL_CHECK(file.filename().string() << " came back changed");
  }
  const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  WARN(number << " examples: " << stored << " stored, " << refused << " refused, in " << seconds << " s");
  CHECK(stored > 2500);
  CHECK(refused <= 203);  // of the 214 rows of the list, 9 are disputed and 2 name no file
}

TEST_CASE("every Synthea transaction is taken whole") {
  const auto folder = tests::official_data("synthea-transactions");
  if (!folder) return;
  tests::Fixture fixture;
  std::map<std::string, std::size_t> wanted;
  const auto started = std::chrono::steady_clock::now();
  std::size_t entries = 0;
  for (const auto& file : json_files(*folder)) {
    const auto text = read_file(file);
    const auto answer = fixture.ask("POST", "", text);
    INFO(file.filename().string() << ": " << tests::body_of(answer).substr(0, 1000));
    REQUIRE(answer.status == 200);
    CHECK(tests::body_of(answer).find("urn:uuid") == std::string::npos);
    const auto bundle = formats::read_json(text, model::r4());
    for (auto node = bundle.tree.root().first_child(); node; node = node.next_sibling()) {
      if (node.name() != "entry") continue;
      ++wanted[std::string(node.child("resource").type_name())];
      ++entries;
    }
  }
  const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  WARN(entries << " resources in " << seconds << " s");
  for (const auto& [type, count] : wanted) {
    INFO(type);
    const auto body = tests::body_of(fixture.ask("GET", "/" + type + "?_summary=count"));
    const auto page = json::parse(body).as_object();
    CHECK(page.at("total").to_number<std::size_t>() == count);
  }
  // Each encounter's patient is one that exists.
  const auto page =
      json::parse(tests::body_of(fixture.ask("GET", "/Encounter?_count=50&_include=Encounter:patient"))).as_object();
  for (const auto& entry : page.at("entry").as_array()) {
    const auto& resource = entry.as_object().at("resource").as_object();
    if (resource.at("resourceType") != "Encounter") continue;
    const std::string reference(resource.at("subject").as_object().at("reference").as_string());
    CHECK(reference.starts_with("Patient/"));
    CHECK(fixture.ask("GET", "/" + reference).status == 200);
  }
}
