// tests/cases/rest/RULES.md and the case files agree: every rule has its cases, every case's rules stand in the table.

#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

namespace {

namespace json = boost::json;
using Files = std::set<std::string>;

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// The words in backquotes of a table's cell.
std::vector<std::string> quoted(const std::string& cell) {
  std::vector<std::string> words;
  for (std::size_t at = cell.find('`'); at != std::string::npos; at = cell.find('`', at + 1)) {
    const auto end = cell.find('`', at + 1);
    if (end == std::string::npos) break;
    words.push_back(cell.substr(at + 1, end - at - 1));
    at = end;
  }
  return words;
}

// Rule -> files, from the rows that begin with a rule in backquotes.
std::map<std::string, Files> table(const std::filesystem::path& file) {
  std::map<std::string, Files> rules;
  std::istringstream lines(text_of(file));
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| `")) continue;
    const auto names = quoted(line.substr(0, line.find(" | ", 2)));
    const auto files = quoted(line.substr(line.rfind(" | ", line.size() - 3)));
    REQUIRE(names.size() == 1);
    INFO(line);
    CHECK(!rules.contains(names[0]));
    rules[names[0]] = {files.begin(), files.end()};
  }
  return rules;
}

}  // namespace

TEST_CASE("the rules and their cases") {
  const auto folder = std::filesystem::path(KILN_SOURCE_DIR) / "tests/cases/rest";
  const auto rules = table(folder / "RULES.md");
  CHECK(rules.size() >= 130);
  std::map<std::string, Files> shown;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() != ".json") continue;
    json::parse_options options;
    options.max_depth = 200;
    const auto cases = json::parse(text_of(file.path()), {}, options);
    for (const auto& each : cases.as_array()) {
      const auto& one = each.as_object();
      CHECK(!one.at("cites").as_string().empty());
      const auto* named = one.if_contains("rules");
      if (!named) continue;
      for (const auto& rule : named->as_array()) shown[std::string(rule.as_string())].insert(file.path().stem().string());
    }
  }
  for (const auto& [rule, files] : rules) {
    INFO("rule " << rule);
    CHECK(!files.empty());
    const auto cases = shown.find(rule);
    REQUIRE(cases != shown.end());
    CHECK(cases->second == files);
  }
  for (const auto& [rule, files] : shown) {
    INFO("rule " << rule << ", which " << *files.begin() << " names");
    CHECK(rules.contains(rule));
  }
}
