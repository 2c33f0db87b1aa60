// Input made to harm: all of it is answered, in linear time and memory.

#include <catch2/catch.hpp>
#include <chrono>
#include <random>

#include "tests/formats/support.h"
#include "tests/support/data.h"

namespace {

// Reads, and checks what holds for any input.
formats::ReadResult read(std::string_view text) {
  auto result = formats::read_json(text, model::r4());
  if (result.malformed) {
    CHECK(!result.ok());
    CHECK(result.tree.empty());
  }
  CHECK(result.issues.size() <= formats::ReadLimits{}.max_issues + 1);
  tests::check_nodes(result.tree, result.ok());
  if (!result.tree.empty()) CHECK(result.tree.source() == tests::minified(text));
  return result;
}

std::string repeated(std::string_view part, std::size_t times) {
  std::string out;
  out.reserve(part.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += part;
  return out;
}

}  // namespace

TEST_CASE("deep nesting is refused at the limit") {
  CHECK(read(std::string(64 << 20, '[')).malformed);
  CHECK(read(repeated("{\"a\":", 100'000)).malformed);
  const std::string open = R"({"resourceType":"Questionnaire","status":"draft","item":[)";
  std::string nested = open;
  for (int i = 0; i < 100'000; ++i) nested += R"({"linkId":"a","type":"group","item":[)";
  const auto result = read(nested);
  CHECK(result.malformed);
  CHECK(result.issues.begin()->code == model::IssueCode::too_costly);
}

TEST_CASE("an extension nested to the limit is read, also where the caller allows more") {
  formats::ReadLimits limits;
  limits.max_depth = 1'000'000;  // held to what the stack bears
  const auto nested = [](int depth) {
    return R"({"resourceType":"Patient","extension":[)" +
           repeated(R"({"url":"a","extension":[)", static_cast<std::size_t>(depth)) + R"({"url":"b","valueCode":"c"})" +
           repeated("]}", static_cast<std::size_t>(depth)) + "]}";
  };
  CHECK(formats::read_json(nested(490), model::r4(), limits).ok());
  CHECK(formats::read_json(nested(500'000), model::r4(), limits).malformed);
  CHECK(!formats::read_json(nested(50), model::r4()).ok());
  CHECK(formats::read_json(nested(45), model::r4()).ok());
}

TEST_CASE("a million members do not cost the square of it") {
  std::string json = R"({"resourceType":"Patient")";
  for (int i = 0; i < 1'000'000; ++i) json += R"(,"active":true)";
  auto result = read(json + "}");
  CHECK(result.issues.list().back().diagnostics == "999799 further faults are not listed");
  json = R"({"resourceType":"Patient")";
  for (int i = 0; i < 300'000; ++i) json += ",\"x" + std::to_string(i) + "\":{\"y\":[]}";
  CHECK(!read(json + "}").ok());
  // Many resources, each with its type at the end.
  json = R"({"resourceType":"Bundle","type":"collection","entry":[)";
  for (int i = 0; i < 50'000; ++i) json += R"({"resource":{"active":true,"resourceType":"Patient"}},)";
  json.back() = ']';
  CHECK(read(json + "}").ok());
}

TEST_CASE("a resource's type is looked for once at each level") {
  // Contained resources must not nest, but nothing in the types forbids it: the search for resourceType skips what lies inside.
  std::string json;
  for (int i = 0; i < 40; ++i) json += R"({"contained":[)";
  json += R"({"resourceType":"Patient"})";
  for (int i = 0; i < 40; ++i) json += R"(],"resourceType":"Patient"})";
  CHECK(read(json).ok());
}

TEST_CASE("huge scalars") {
  const auto observation = [](const std::string& value) {
    return R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":)" + value + "}}";
  };
  CHECK(read(observation(std::string(90'000, '9'))).ok());
  CHECK(!read(observation(std::string(8 << 20, '9'))).ok());
  CHECK(!read(observation("1e999999999999999999999999999")).ok());
  CHECK(!read(observation("1e-" + std::string(8 << 20, '9'))).ok());
  CHECK(!read(observation("0." + std::string(8 << 20, '0') + "1")).ok());
  CHECK(read(R"({"resourceType":"Patient","name":[{"text":")" + std::string(16 << 20, 'x') + R"("}]})").ok());
  CHECK(read(R"({"resourceType":"Patient","name":[{"text":")" + repeated("\\u00e4", 1 << 20) + R"("}]})").ok());
  CHECK(!read("{\"resourceType\":\"Patient\",\"" + std::string(16 << 20, 'x') + "\":1}").ok());
  CHECK(!read("{\"resourceType\":\"" + std::string(16 << 20, 'x') + "\"}").ok());
  CHECK(read(std::string(16 << 20, ' ') + R"({"resourceType":"Patient"})" + std::string(16 << 20, '\n')).ok());
}

TEST_CASE("long arrays") {
  CHECK(read(R"({"resourceType":"Patient","name":[{"given":["a")" + repeated(R"(,"a")", 1'000'000) + "]}]}").ok());
  CHECK(!read(R"({"resourceType":"Patient","name":[{"given":[null)" + repeated(",null", 1'000'000) + "]}]}").ok());
  CHECK(!read(R"({"resourceType":"Patient","name":[1)" + repeated(",1", 1'000'000) + "]}").ok());
  CHECK(!read("[[]" + repeated(",[]", 1'000'000) + "]").ok());
}

namespace {
const std::string sample = R"({
  "resourceType" : "Patient", "id" : "p1", "meta" : { "versionId" : "1" }, "text" : { "status" : "generated", "div" : "<div xmlns=\"http://www.w3.org/1999/xhtml\">\u00e4 \"x\"</div>" },
  "contained" : [ { "resourceType" : "Organization", "id" : "o", "name" : "Käfer \ud83d\ude00" } ],
  "name" : [ { "given" : [ "A", null ], "_given" : [ null, { "extension" : [ { "url" : "urn:a", "valueDecimal" : -1.50e+2 } ] } ] } ],
  "_birthDate" : { "id" : "b" }, "birthDate" : "1970-01-02", "deceasedBoolean" : false, "multipleBirthInteger" : 2 })";
}

TEST_CASE("a text cut off anywhere is malformed") {
  CHECK(read(sample).ok());
  for (std::size_t size = 0; size < sample.size(); ++size) {
    // A copy of its own size: a sanitizer sees any read beyond the end.
    const std::vector<char> cut(sample.begin(), sample.begin() + static_cast<std::ptrdiff_t>(size));
    if (!read({cut.data(), cut.size()}).malformed) FAIL_CHECK("accepted when cut at " << size);
  }
}

TEST_CASE("random damage never does more than fail") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  constexpr std::string_view tokens[] = {"{",    "}", "[",   "]",    ",",        ":",  "\"", "\\",
                                         "null", "0", "\\u", "\xff", "\"_id\":", "{}", "[]", "\n"};
  for (int i = 0; i < 20'000; ++i) {
    std::string text = sample;
    for (unsigned change = 0; change <= random() % 4; ++change) {
      const std::size_t at = random() % text.size();
      switch (random() % 4) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text[at] = static_cast<char>(text[at] ^ (1 << random() % 8));
          break;
        case 2:
          text.insert(at, tokens[random() % std::size(tokens)]);
          break;
        default:
          text.erase(at, 1 + random() % 8);
          break;
      }
      if (text.empty()) text = "x";
    }
    const std::vector<char> own(text.begin(), text.end());
    const auto result = read({own.data(), own.size()});
    if (result.ok()) formats::stored_form(result.tree, "x");
  }
}

TEST_CASE("parts of resources in each other's places never do more than fail") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto source = tests::minified(sample);
  const auto result = read(source);
  std::vector<std::string> values;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> places;
  for (model::NodeIndex i = 1; i < result.tree.size(); ++i) {
    const auto& node = result.tree[i];
    if (node.begin == node.stop) continue;
    values.emplace_back(model::NodeRef(result.tree, i).json());
    places.emplace_back(node.begin, node.stop);
  }
  for (const char* value : {"null", "[]", "{}", "[null]", "\"\"", "0", "[[1]]", R"({"id":"a"})"}) values.emplace_back(value);
  for (int i = 0; i < 20'000; ++i) {
    const auto [begin, end] = places[random() % places.size()];
    read(formats::apply(source, {{begin, end, values[random() % values.size()]}}));
  }
}
