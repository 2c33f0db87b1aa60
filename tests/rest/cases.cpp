// Runs the case files under tests/cases/rest; README.md there says how they are written.

#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>

#include "tests/rest/fixture.h"

namespace {

namespace json = boost::json;
using Variables = std::map<std::string, std::string>;

std::string with_variables(std::string text, const Variables& variables) {
  for (const auto& [name, value] : variables) {
    const auto mark = "{{" + name + "}}";
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + value.size()))
      text.replace(at, mark.size(), value);
  }
  return text;
}

std::string as_text(const json::value& value) {
  return value.is_string() ? std::string(value.as_string()) : json::serialize(value);
}

const json::value* at(const json::value& document, std::string_view pointer) {
  boost::system::error_code ignored;
  return document.find_pointer(pointer, ignored);
}

// null: absent; "~regex": found in the text; anything else: equal.
void compare(const json::value* found, const json::value& wanted, const std::string& what, const Variables& variables) {
  INFO(what << " is " << (found ? json::serialize(*found) : "absent") << ", wanted " << json::serialize(wanted));
  if (wanted.is_null()) {
    CHECK(found == nullptr);
    return;
  }
  CHECK(found != nullptr);
  if (!found) return;
  if (!wanted.is_string()) {
    CHECK(json::serialize(*found) == json::serialize(wanted));
    return;
  }
  const auto text = with_variables(as_text(wanted), variables);
  if (text.starts_with('~')) {
    CHECK(std::regex_search(as_text(*found), std::regex(text.substr(1))));
  } else {
    CHECK(as_text(*found) == text);
  }
}

void check_body(const rest::Response& response, const json::object& step, Variables& variables) {
  const auto body = tests::body_of(response);
  if (const auto* text = step.if_contains("body_is")) CHECK(body == as_text(*text));
  if (!step.contains("expect") && !step.contains("save")) return;
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 200;
  const auto document = json::parse(body, error, {}, options);
  INFO("body: " << body.substr(0, 2000));
  CHECK(!error);
  if (error) return;
  if (const auto* expect = step.if_contains("expect")) {
    for (const auto& [key, wanted] : expect->as_object()) {
      const std::string pointer = with_variables(std::string(key), variables);
      if (!pointer.starts_with('#')) {
        compare(at(document, pointer), wanted, pointer, variables);
        continue;
      }
      const auto* list = at(document, pointer.substr(1));
      const json::value size = list && list->is_array() ? static_cast<std::int64_t>(list->as_array().size()) : std::int64_t{0};
      compare(&size, wanted, "the size of " + pointer.substr(1), variables);
    }
  }
  if (const auto* save = step.if_contains("save")) {
    for (const auto& [name, pointer] : save->as_object()) {
      const auto* found = at(document, as_text(pointer));
      INFO("saving " << as_text(pointer));
      CHECK(found != nullptr);
      if (found) variables[std::string(name)] = as_text(*found);
    }
  }
}

void run_step(tests::Fixture& fixture, const json::object& step, Variables& variables) {
  const auto what = with_variables(as_text(step.at("do")), variables);
  INFO("step: " << what);
  const auto space = what.find(' ');
  auto target = what.substr(space + 1);
  const std::string base = "http://kiln.test/fhir";
  if (target.starts_with(base)) target = target.substr(base.size());
  tests::Fixture::Headers headers;
  if (const auto* sent = step.if_contains("headers")) {
    for (const auto& [name, value] : sent->as_object())
      headers.emplace_back(std::string(name), with_variables(as_text(value), variables));
  }
  std::string body;
  if (const auto* sent = step.if_contains("body")) body = with_variables(as_text(*sent), variables);
  const auto response = fixture.ask(what.substr(0, space), target, body, headers);
  INFO("answer: " << response.status << " " << tests::body_of(response).substr(0, 3000));
  CHECK(response.status == step.at("status").to_number<int>());
  if (const auto* wanted = step.if_contains("headers_are")) {
    for (const auto& [name, value] : wanted->as_object()) {
      const auto text = tests::header(response, name);
      const json::value found(text);
      compare(text.empty() ? nullptr : &found, value, std::string(name), variables);
    }
  }
  if (response.status >= 400) CHECK(tests::body_of(response).starts_with(R"({"resourceType":"OperationOutcome")"));
  if (const auto* save = step.if_contains("save_header")) {
    for (const auto& [name, field] : save->as_object()) variables[std::string(name)] = tests::header(response, as_text(field));
  }
  check_body(response, step, variables);
}

}  // namespace

TEST_CASE("the case files") {
  const auto folder = std::filesystem::path(KILN_SOURCE_DIR) / "tests/cases/rest";
  std::size_t steps = 0, cases = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() != ".json") continue;
    std::ifstream in(file.path());
    std::stringstream text;
    text << in.rdbuf();
    INFO("file: " << file.path().filename().string());
    json::parse_options options;
    options.max_depth = 200;
    const auto document = json::parse(text.str(), {}, options);
    for (const auto& each : document.as_array()) {
      const auto& one = each.as_object();
      INFO("case: " << as_text(one.at("name")) << " (" << as_text(one.at("cites")) << ")");
      rest::ServiceOptions service;
      if (const auto* limits = one.if_contains("limits")) {
        for (const auto& [name, value] : limits->as_object()) {
          if (name == "max_body_bytes") service.max_body_bytes = value.to_number<std::uint64_t>();
          if (name == "max_bundle_entries") service.max_bundle_entries = value.to_number<std::uint32_t>();
        }
      }
      tests::Fixture fixture(service);
      Variables variables;
      for (const auto& step : one.at("steps").as_array()) {
        run_step(fixture, step.as_object(), variables);
        ++steps;
      }
      ++cases;
    }
  }
  CHECK(cases >= 50);
  CHECK(steps >= 150);
}
