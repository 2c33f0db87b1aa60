// Large contents of Binaries through the commands: exported whole, imported without being held, copied, checked.
#include <catch2/catch.hpp>
#include <random>

#include "fhir/rest/base64.h"
#include "tests/commands/support.h"

namespace {

using commands_test::Asking;
using commands_test::read_file;
using commands_test::read_ndjson;
using commands_test::without_version;
using commands_test::write_file;

std::string content(std::size_t bytes, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::string out(bytes, ' ');
  for (auto& c : out) c = static_cast<char>(random());
  return out;
}

std::string base64(const std::string& bytes) {
  std::string out;
  rest::append_base64(out, bytes);
  return out;
}

std::string raw(const tests::Served& served, const std::string& id) {
  return Asking(served.url()).ask("GET", "/Binary/" + id).body;
}

}  // namespace

TEST_CASE("large contents are exported whole, imported again and copied") {
  const tests::Scratch scratch;
  const auto data = (scratch / "data").string(), out = (scratch / "out").string();
  const auto first = content(6'000'001, 1), second = content(2'000'000, 2);
  {
    tests::Served served(data);
    auto client = http::Client::make(served.url(), "");
    REQUIRE(client.has_value());
    for (const auto& [id, bytes] : {std::pair{"first", &first}, std::pair{"second", &second}}) {
      const auto answer = (*client)->request("PUT", std::string("/Binary/") + id, *bytes,
                                             {{"Content-Type", "application/pdf"}, {"X-Security-Context", "Patient/1"}});
      REQUIRE(answer.has_value());
      REQUIRE(answer->status == 201);
    }
    REQUIRE((*client)->request("PUT", "/Binary/small", "x", {{"Content-Type", "text/plain"}})->status == 201);
    REQUIRE(served.stop() == 0);
  }
  REQUIRE(tests::kiln({"export", "--data", data, "--out", out}).status == 0);
  const auto exported = read_ndjson(out);
  REQUIRE(exported.size() == 3);
  CHECK(
      without_version(exported.at("Binary/first")) ==
      R"({"resourceType":"Binary","id":"first","contentType":"application/pdf","securityContext":{"reference":"Patient/1"},"data":")" +
          base64(first) + "\"}");
  REQUIRE(tests::kiln({"backup", "--data", data, "--out", (scratch / "copy").string()}).status == 0);
  // Lines as others write them: data first, tags of their own, escapes; and one whose data is none.
  auto escaped = base64(first);
  for (auto at = escaped.find('/'); at != std::string::npos; at = escaped.find('/', at + 2)) escaped.insert(at, "\\");
  write_file(
      scratch / "others.ndjson",
      R"({"resourceType": "Binary", "data": ")" + escaped +
          R"(", "id": "other", "meta": {"profile": ["http://x.org/p"], "tag": [{"code": "mine"}]}, "contentType": "image/png"})" +
          "\n" + R"({"resourceType":"Patient","id":"between"})" + "\n" +
          R"({"resourceType":"Binary","id":"bad","contentType":"image/png","data":")" + base64(first) + R"(?"})" + "\n" +
          R"({"resourceType":"Binary","contentType":"image/png","data":")" + base64(first) + R"("})");
  const auto again = (scratch / "again").string();
  REQUIRE(tests::kiln({"import", "--data", again, out + "/Binary.ndjson"}).status == 0);
  const auto others = tests::kiln({"import", "--data", again, (scratch / "others.ndjson").string()});
  CHECK(others.status == 1);
  CHECK(others.output.find("imported 3 resources") != std::string::npos);
  const auto refused = read_file(again + "/import-refused.ndjson");
  CHECK(refused.find("\"line\":3") != std::string::npos);
  CHECK(refused.find("base64") != std::string::npos);
  for (const auto& where : {again, (scratch / "copy").string()}) {
    INFO(where);
    const auto checked = tests::kiln({"check", "--data", where});
    CHECK(checked.status == 0);
    CHECK(checked.output.find("large contents") != std::string::npos);
    tests::Served served(where);
    CHECK(raw(served, "first") == first);
    CHECK(raw(served, "second") == second);
    CHECK(raw(served, "small") == "x");
    if (where == again) {
      CHECK(raw(served, "other") == first);
      Asking asking(served.url());
      CHECK(asking.count("Patient") == 1);
      CHECK(asking.count("Binary") == 5);
      CHECK(asking.count("Binary?_tag=mine") == 1);
      CHECK(asking.count("Binary?_tag=SUBSETTED") == 3);  // as searches show them; a line of 3 MB is an ordinary resource
      const auto other = asking.ask("GET", "/Binary/other", {}, {{"Accept", "application/fhir+json"}}).body;
      CHECK(other.find(R"("profile":["http://x.org/p"],"tag":[{"code":"mine"}])") != std::string::npos);
      CHECK(other.find("SUBSETTED") == std::string::npos);
    }
  }
}
