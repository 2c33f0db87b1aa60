// Runs the case files under tests/cases/rest; README.md there says how they are written.

#include <algorithm>
#include <boost/json.hpp>
#include <boost/regex.hpp>  // not std::regex, which recurses once a character
#include <catch2/catch.hpp>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <thread>

#include "tests/rest/fixture.h"

namespace {

namespace json = boost::json;
using Variables = std::map<std::string, std::string>;

std::string with_variables(std::string text, const Variables& variables, bool within_json = false) {
  for (const auto& [name, saved] : variables) {
    const auto mark = "{{" + name + "}}";
    auto value = saved;
    if (within_json) {
      value = json::serialize(json::string(saved));
      value = value.substr(1, value.size() - 2);
    }
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + value.size()))
      text.replace(at, mark.size(), value);
  }
  return text;
}

std::string as_text(const json::value& value) {
  return value.is_string() ? std::string(value.as_string()) : json::serialize(value);
}

// One value or a list of them, as a list.
std::vector<json::value> as_list(const json::value* value) {
  if (!value) return {};
  if (!value->is_array()) return {*value};
  return {value->as_array().begin(), value->as_array().end()};
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
    CHECK(boost::regex_search(as_text(*found), boost::regex(text.substr(1))));
  } else {
    CHECK(as_text(*found) == text);
  }
}

// Whether an item of the list at each pointer holds what is wanted: `some` wants one that does, `none` that no item does.
void check_items(const json::value& document, const json::value& wanted, bool some, const Variables& variables) {
  for (const auto& [pointer, each] : wanted.as_object()) {
    const auto* list = at(document, std::string_view(pointer));
    for (const auto& one : as_list(&each)) {
      const auto pattern = with_variables(as_text(one), variables);
      INFO((some ? "some" : "none") << " of " << std::string_view(pointer) << " has " << pattern);
      const boost::regex expression(pattern);
      bool found = false;
      for (const auto& item : as_list(list)) found = found || boost::regex_search(as_text(item), expression);
      CHECK(found == some);
    }
  }
}

void check_text(const std::string& body, const json::object& step, const Variables& variables) {
  if (const auto* text = step.if_contains("body_is")) CHECK(body == with_variables(as_text(*text), variables));
  for (const auto& [member, wanted] : {std::pair{"text_has", true}, std::pair{"text_lacks", false}}) {
    const auto patterns = as_list(step.if_contains(member));
    for (const auto& each : patterns) {
      const auto pattern = with_variables(as_text(each), variables);
      INFO(member << " " << pattern << " in: " << body.substr(0, 2000));
      CHECK(boost::regex_search(body, boost::regex(pattern)) == wanted);
    }
  }
}

void check_body(const std::string& body, const json::object& step, Variables& variables) {
  check_text(body, step, variables);
  if (const auto* name = step.if_contains("save_body")) variables[as_text(*name)] = body;
  if (!step.contains("expect") && !step.contains("save") && !step.contains("some") && !step.contains("none")) return;
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
  if (const auto* some = step.if_contains("some")) check_items(document, *some, true, variables);
  if (const auto* none = step.if_contains("none")) check_items(document, *none, false, variables);
  if (const auto* save = step.if_contains("save")) {
    for (const auto& [name, wanted] : save->as_object()) {
      const auto parts = as_list(&wanted);  // the pointer, and perhaps a regular expression whose first group is saved
      const auto* found = at(document, as_text(parts[0]));
      INFO("saving " << as_text(wanted));
      CHECK(found != nullptr);
      if (!found) continue;
      auto text = as_text(*found);
      boost::smatch match;
      if (parts.size() > 1 && boost::regex_search(text, match, boost::regex(as_text(parts[1])))) text = std::string(match[1]);
      variables[std::string(name)] = text;
    }
  }
}

// The request of a step; Content-Type is application/fhir+json unless the step names it, or names it null.
rest::Request request_of(const json::object& step, const std::string& what, const Variables& variables) {
  rest::Request request;
  const auto space = what.find(' ');
  request.method = what.substr(0, space);
  auto target = what.substr(space + 1);
  // A link: what is below its base.
  if (const auto below = target.find("/fhir"); below != std::string::npos && target.starts_with("http"))
    target = target.substr(below + 5);
  request.target = (step.contains("raw") ? "" : "/fhir") + target;
  if (const auto* sent = step.if_contains("body")) {
    request.body = with_variables(as_text(*sent), variables, !sent->is_string());
  } else if (const auto* bytes = step.if_contains("body_hex")) {
    const auto digits = as_text(*bytes);
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
      request.body.push_back(static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  }
  bool typed = request.body.empty();
  if (const auto* sent = step.if_contains("headers")) {
    for (const auto& [name, values] : sent->as_object()) {
      typed = typed || std::string_view(name) == "Content-Type";
      if (values.is_null()) continue;
      const auto list = as_list(&values);
      for (const auto& value : list) request.headers.emplace_back(std::string(name), with_variables(as_text(value), variables));
    }
  }
  if (!typed) request.headers.emplace_back("Content-Type", "application/fhir+json");
  if (const auto* base_url = step.if_contains("base_url")) request.base_url = as_text(*base_url);
  return request;
}

// All values of a header, with ", " between them; names are compared without case.
std::string header_of(const rest::Response& response, std::string_view wanted) {
  std::string text;
  for (const auto& [name, value] : response.headers) {
    const auto same = [](char a, char b) { return std::tolower(a) == std::tolower(b); };
    if (!std::equal(name.begin(), name.end(), wanted.begin(), wanted.end(), same)) continue;
    text += (text.empty() ? "" : ", ") + value;
  }
  return text;
}

bool is_outcome(const std::string& body) {
  return boost::regex_search(
      body, boost::regex(R"re(^\s*(\{\s*"resourceType"\s*:\s*"OperationOutcome"|(<\?xml[^>]*>\s*)?<OperationOutcome))re"));
}

void run_step(tests::Fixture& fixture, const json::object& step, Variables& variables) {
  const auto what = with_variables(as_text(step.at("do")), variables);
  INFO("step: " << what);
  auto response = fixture.handle(request_of(step, what, variables));
  if (const auto* until = step.if_contains("until")) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (response.status != until->to_number<int>() && std::chrono::steady_clock::now() < end) {
      std::this_thread::yield();
      response = fixture.handle(request_of(step, what, variables));
    }
  }
  const auto body = tests::body_of(response);
  INFO("answer: " << response.status << " " << body.substr(0, 3000));
  const auto statuses = as_list(step.if_contains("status"));
  CHECK(std::find(statuses.begin(), statuses.end(), json::value(response.status)) != statuses.end());
  if (const auto* wanted = step.if_contains("headers_are")) {
    for (const auto& [name, value] : wanted->as_object()) {
      const auto text = header_of(response, name);
      const json::value found(text);
      compare(text.empty() ? nullptr : &found, value, std::string(name), variables);
    }
  }
  if (response.status >= 400 && !step.contains("body_is")) CHECK(is_outcome(body.substr(0, 200)));
  if (const auto* save = step.if_contains("save_header")) {
    for (const auto& [name, field] : save->as_object()) variables[std::string(name)] = header_of(response, as_text(field));
  }
  check_body(body, step, variables);
}

// Whether the CapabilityStatement has what a case needs: cases of what is not claimed wait until it is.
bool claims(tests::Fixture& fixture, const std::string& needs) {
  const auto statement = tests::body_of(fixture.ask("GET", "/metadata"));
  return boost::regex_search(statement, boost::regex(needs));
}

// KILN_CASES, a file or folder, is run instead; KILN_CASE, a piece of a name, chooses among the cases.
std::filesystem::path chosen_folder() {
  const char* other = std::getenv("KILN_CASES");
  return other ? std::filesystem::path(other) : std::filesystem::path(KILN_SOURCE_DIR) / "tests/cases/rest";
}

}  // namespace

TEST_CASE("the case files") {
  const auto folder = chosen_folder();
  const char* chosen = std::getenv("KILN_CASE");
  std::vector<std::filesystem::path> files;
  if (std::filesystem::is_directory(folder)) {
    for (const auto& file : std::filesystem::directory_iterator(folder)) files.push_back(file.path());
  } else {
    files.push_back(folder);
  }
  std::sort(files.begin(), files.end());
  std::size_t steps = 0, cases = 0;
  for (const auto& file : files) {
    if (file.extension() != ".json") continue;
    std::ifstream in(file);
    std::stringstream text;
    text << in.rdbuf();
    INFO("file: " << file.filename().string());
    json::parse_options options;
    options.max_depth = 200;
    const auto document = json::parse(text.str(), {}, options);
    for (const auto& each : document.as_array()) {
      const auto& one = each.as_object();
      if (chosen && as_text(one.at("name")).find(chosen) == std::string::npos) continue;
      INFO("case: " << as_text(one.at("name")) << " (" << as_text(one.at("cites")) << ")");
      rest::ServiceOptions service;
      if (const auto* limits = one.if_contains("limits")) {
        for (const auto& [name, value] : limits->as_object()) {
          if (name == "max_body_bytes") service.max_body_bytes = value.to_number<std::uint64_t>();
          if (name == "cors") service.cors = value.as_bool();
          if (name == "async_workers") service.async_workers = value.to_number<std::uint32_t>();
          if (name == "async_jobs_per_client") service.async_jobs_per_client = value.to_number<std::uint32_t>();
          if (name == "async_result_bytes") service.async_result_bytes = value.to_number<std::uint64_t>();
          if (name == "max_binary_bytes") service.max_binary_bytes = value.to_number<std::uint64_t>();
          if (name == "inline_binary_bytes") service.inline_binary_bytes = value.to_number<std::uint64_t>();
          if (name == "max_conditional_deletes") service.max_conditional_deletes = value.to_number<std::uint32_t>();
          if (name == "allow_erasure") service.allow_erasure = value.as_bool();
          if (name == "max_bundle_entries") service.max_bundle_entries = value.to_number<std::uint32_t>();
        }
      }
      tests::Fixture fixture(service);
      Variables variables;
      if (const auto* needs = one.if_contains("needs"); needs && !claims(fixture, as_text(*needs))) {
        std::cerr << "SKIPPED: '" << as_text(one.at("name")) << "' (" << file.filename().string() << "): metadata has no "
                  << as_text(*needs) << "\n";
        continue;
      }
      for (const auto& step : one.at("steps").as_array()) {
        const auto* repeat = step.as_object().if_contains("repeat");
        const int times = repeat ? repeat->to_number<int>() : 1;
        for (int i = 0; i < times; ++i) {
          variables["n"] = std::to_string(i);
          run_step(fixture, step.as_object(), variables);
        }
        ++steps;
      }
      ++cases;
    }
  }
  if (chosen || std::getenv("KILN_CASES")) return;
  CHECK(cases >= 300);
  CHECK(steps >= 1500);
}
