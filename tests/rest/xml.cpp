// XML over the whole service: what goes in as XML comes out in both formats, and whatever is answered obeys R4's schema.

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/rest/fixture.h"
#include "tests/support/data.h"
#include "tests/support/process.h"
#include "tests/support/schema.h"

namespace {

const tests::Fixture::Headers wants_xml{{"Accept", "application/fhir+xml"}};

// Asks, and keeps the XML that is answered for xmllint.
class Asked {
 public:
  std::string ask(std::string method, std::string_view target, int status, std::string body = {},
                  tests::Fixture::Headers more = {}) {
    auto headers = wants_xml;
    headers.insert(headers.end(), more.begin(), more.end());
    const auto response = fixture.ask(std::move(method), target, std::move(body), std::move(headers));
    INFO(target << ": " << tests::body_of(response).substr(0, 2000));
    CHECK(response.status == status);
    CHECK(tests::header(response, "Content-Type") == "application/fhir+xml; charset=utf-8");
    files.push_back(folder / (std::to_string(files.size()) + ".xml"));
    std::ofstream(files.back(), std::ios::binary) << tests::body_of(response);
    return tests::body_of(response);
  }

  tests::Fixture fixture;
  tests::Scratch folder;
  std::vector<std::filesystem::path> files;
};

std::string text_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("whatever is answered in XML obeys R4's schema", "[xml]") {
  const auto minimal = tests::official_data("r4-minimal");
  if (!minimal) return;
  Asked asked;
  std::vector<std::string> types;
  for (const auto& entry : std::filesystem::directory_iterator(*minimal / "xml")) {
    const auto name = entry.path().filename().string();
    const auto type = name.substr(0, name.find('-'));
    types.push_back(type);
    asked.ask("POST", "/" + type, 201, text_of(entry.path()), {{"Content-Type", "application/fhir+xml"}});
  }
  CHECK(types.size() == 476);
  std::sort(types.begin(), types.end());
  types.erase(std::unique(types.begin(), types.end()), types.end());
  for (const auto& type : types) {
    asked.ask("GET", "/" + type, 200);
    asked.ask("GET", "/" + type + "/_history?_count=2", 200);
  }
  asked.ask("GET", "/_history?_count=500", 200);
  asked.ask("GET", "/Patient?nonsense=1", 200);
  asked.ask("GET", "/metadata", 200);
  asked.ask("GET", "/Patient/nobody", 404);
  asked.ask("POST", "/Patient", 400, "<&>");
  asked.ask(
      "POST", "/", 200,
      R"({"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient?_count=1"}},{"request":{"method":"GET","url":"Patient/x"}},)"
      R"({"resource":{"resourceType":"Patient","active":true},"request":{"method":"POST","url":"Patient"}},{"resource":{"resourceType":"Patient","active":1},)"
      R"("request":{"method":"POST","url":"Patient"}}]})");
  CHECK(tests::schema_faults(asked.files) == "");
}
