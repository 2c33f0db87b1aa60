// FHIRPath that costs much is refused: what an evaluation does is counted, and its time can have an end.

#include <catch2/catch.hpp>

#include "tests/fhirpath/support.h"

namespace {

std::string repeated(std::string_view item, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out.append(i ? "," : "").append(item);
  return out;
}

std::string numbered(std::string_view before, std::string_view behind, std::size_t from, std::size_t by, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) {
    if (i) out += ',';
    out.append(before).append(std::to_string(from + i * by)).append(behind);
  }
  return out;
}

std::string any_of(std::string_view term, std::size_t times) {
  if (times == 1) return std::string(term);
  return "(" + any_of(term, times / 2) + " or " + any_of(term, times - times / 2) + ")";
}

constexpr std::size_t length = 2 << 20;
constexpr std::size_t count = 50'000;

}  // namespace

// Each takes minutes where what it does is not counted.
TEST_CASE("what an expression costs is counted") {
  const std::string as(length, 'a');
  const auto tree =
      tests::tree_of(R"({"resourceType":"Patient","extension":[)" + repeated(R"({"url":"urn:a","valueBoolean":true})", count) +
                     R"(,{"url":"urn:n","valueDecimal":0.)" + std::string(900, '7') + R"(}],"name":[)" +
                     repeated(R"({"text":"a"})", count) + R"(],"contact":[{"name":{"text":"b)" + as + R"("},"telecom":[)" +
                     numbered(R"({"value":"v)", R"("})", 0, 1, count) + R"(]},{"name":{"text":"b)" + as + R"("},"telecom":[)" +
                     numbered(R"({"value":"v)", R"("})", count - 1, static_cast<std::size_t>(-1), count) + R"(]}]})");
  const std::string text = "%context.contact[0].name.text", other = "%context.contact[1].name.text";
  const auto of_each_name = [](const std::string& condition) { return "Patient.name.where(" + condition + ").exists()"; };
  const std::vector<std::string> expressions{
      of_each_name(text + ".length() = 7"),
      of_each_name(text + ".indexOf('c') = 7"),
      of_each_name(text + ".contains('c')"),
      of_each_name(text + ".replace('c', 'd') = 'b'"),
      of_each_name(text + ".split('c').count() = 7"),
      of_each_name(text + ".toDecimal() = 7"),
      of_each_name(text + ".matches('c')"),
      of_each_name(text + ".resolve().exists()"),
      of_each_name(text + " != " + other),
      of_each_name(text + " !~ " + other),
      of_each_name("(" + text + " & 'c').empty()"),
      of_each_name("%context.extension('urn:b').exists()"),
      of_each_name("3.14.power(7.5).ln().exp().sqrt() < 0"),
      of_each_name("%context.extension.where(url = 'urn:n').value.ofType(decimal).round(3) < 0"),
      std::string("contact[0].telecom ~ contact[1].telecom"),
      "Patient.contact[0].name.text.matches('((a{0,30}){0,30}c)')",
      "Patient.contact[0].name.text.matches('((a{0,30}){0,30}' & 'c)')",
      std::string("Patient.contact[0].name.text.replaceMatches('a(a*)c|a', 'd') = 'b'"),
      of_each_name("'a'.matches('\\\\pL{30}' & 'c')"),
  };
  for (const auto& expression : expressions) {
    INFO(expression);
    CHECK_THAT(tests::result(expression, tree), Catch::Contains("the evaluation takes too long"));
  }
}

TEST_CASE("a text is looked for in linear time") {
  const std::string as(length, 'a');
  const auto tree =
      tests::tree_of(R"({"resourceType":"Patient","name":[{"text":")" + as + as + R"(","family":")" + as + R"(b"}]})");
  CHECK(tests::result("name.text.contains(name.family)", tree) == "false");
  CHECK(tests::result("name.text.indexOf(name.family)", tree) == "-1");
  CHECK(tests::result("name.text.replace(name.family, 'c') = name.text", tree) == "true");
  CHECK(tests::result("name.text.split(name.family).count()", tree) == "1");
}

// Each takes minutes where every reference is looked for among all.
TEST_CASE("references are found among many resources, of equal names the first") {
  const auto contained = tests::tree_of(
      R"({"resourceType":"Patient","contained":[)" +
      numbered(R"({"resourceType":"Organization","id":"c)", R"("})", 4 * count - 1, static_cast<std::size_t>(-1), 4 * count) +
      R"(,{"resourceType":"Practitioner","id":"c0"}],"generalPractitioner":[)" +
      numbered(R"({"reference":"#c)", R"("})", 0, 1, count) + "]}");
  const std::string all = std::to_string(count);
  CHECK(tests::result("generalPractitioner.where(resolve() is Organization).count()", contained) == all);
  CHECK(tests::result("generalPractitioner.select(resolve() is Organization).count()", contained) == all);
  CHECK(tests::result("generalPractitioner.resolve().where(id = 'c0').count()", contained) == "1");
  CHECK(tests::result("generalPractitioner.select('#x').select(resolve()).count()", contained) == "0");
  std::vector<model::NodeRef> nodes;
  CHECK(tests::plan_for("Patient.generalPractitioner.where(resolve() is Organization)", "Patient")
            .evaluate_nodes(contained.root(), {}, nodes));
  CHECK(nodes.size() == count);

  std::string entries;
  for (std::size_t i = 0; i < 2 * count; ++i) {
    const auto number = std::to_string(i), other = std::to_string(2 * count - 1 - i);
    entries += (i ? "," : "") + std::string(R"({"fullUrl":"http://x.org/)") + std::string(400, 'x') + "/Patient/" + number +
               R"(","resource":{"resourceType":"Patient","link":[{"other":{"reference":"Patient/)" + other +
               R"("},"type":"refer"}]}})";
  }
  const auto bundle = tests::tree_of(R"({"resourceType":"Bundle","type":"collection","entry":[)" + entries + "]}");
  CHECK(tests::result("entry.resource.link.other.where(resolve().exists()).count()", bundle) == std::to_string(2 * count));
}

TEST_CASE("a base of more bytes than any server takes makes no relative reference absolute") {
  for (const std::size_t size : {100, 100'000}) {
    const std::string base = "http://x.org/" + std::string(size, 'x');
    const auto bundle =
        tests::tree_of(R"({"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":")" + base +
                       R"(/Patient/1","resource":{"resourceType":"Patient","link":[{"other":{"reference":)" +
                       R"("Patient/1"},"type":"refer"},{"other":{"reference":")" + base + R"(/Patient/1"},"type":"refer"}]}}]})");
    CHECK(tests::result("entry.resource.link.other.where(resolve().exists()).count()", bundle) == (size == 100 ? "2" : "1"));
  }
}

TEST_CASE("regular expressions have a size, each and all") {
  CHECK_THAT(tests::compile_fault("name.text.matches('" + std::string(5000, 'a') + "')", "Patient"),
             Catch::Contains("the regular expression is too long"));
  // Together they take more than 1 GB.
  CHECK_THAT(tests::compile_fault(any_of("name.text.matches('\\\\pL{30}')", 2000), "Patient"),
             Catch::Contains("the regular expressions are too large"));
  CHECK(tests::compile_fault(any_of("name.text.matches('[a-z]+')", 500), "Patient").empty());
  const auto tree = tests::tree_of(R"({"resourceType":"Patient","name":[{"text":")" + std::string(5000, 'a') + R"("}]})");
  CHECK_THAT(tests::result("'a'.matches(name.text)", tree), Catch::Contains("the regular expression is too long"));
}

TEST_CASE("an evaluation ends at its time") {
  const auto tree = tests::tree_of(R"({"resourceType":"Patient","name":[)" + repeated(R"({"text":"a"})", 10'000) + "]}");
  const auto plan = tests::plan_for("name.where(text = 'b' or text = 'c')", "Patient");
  fhirpath::Collection items;
  const auto in_time = plan.evaluate(tree.root(), {{}, {}, nullptr, model::ThreadClock::now() + std::chrono::hours(1)}, items);
  CHECK(in_time.has_value());
  const auto late = plan.evaluate(tree.root(), {{}, {}, nullptr, model::ThreadClock::now()}, items);
  REQUIRE(!late.has_value());
  const auto failure = late.error();
  CHECK(failure.issues.begin()->code == model::IssueCode::too_costly);
}
