// XML made to harm: refused with a clear word, in linear time and memory, nothing expanded and nothing fetched.

#include <catch2/catch.hpp>
#include <chrono>
#include <random>

#include "resources-gen/formats/xml.h"
#include "tests/formats/support.h"
#include "tests/support/data.h"

namespace {

using namespace std::string_literals;

formats::ReadResult read(std::string_view text) {
  auto result = formats::read_xml(text, model::r4());
  if (result.malformed) {
    CHECK(!result.ok());
    CHECK(result.tree.empty());
  }
  CHECK(result.issues.size() <= formats::ReadLimits{}.max_issues + 1);
  tests::check_nodes(result.tree, result.ok());
  return result;
}

std::string repeated(std::string_view part, std::size_t times) {
  std::string out;
  out.reserve(part.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += part;
  return out;
}

const std::string open_patient = "<Patient xmlns=\"http://hl7.org/fhir\">";

}  // namespace

TEST_CASE("what is no XML of FHIR's kind is refused with a clear word", "[xml]") {
  struct Row {
    std::string xml;
    const char* says;
    std::uint32_t line = 0, column = 0;
  };
  const Row rows[] = {
      {"", "there is no element"},
      {"   ", "there is no element"},
      {R"({"resourceType":"Patient"})", "not well-formed", 1, 1},
      {"<Patient xmlns='http://hl7.org/fhir'>", "the text ends inside an element"},
      {"<Patient xmlns='http://hl7.org/fhir'>\n<active value='true'></Patient>", "mismatched tag", 2, 24},
      {"<Patient xmlns='http://hl7.org/fhir'/><Patient/>", "junk after document element"},
      {"<!DOCTYPE Patient><Patient xmlns='http://hl7.org/fhir'/>", "there must be no DTD"},
      {"<!DOCTYPE Patient SYSTEM 'http://127.0.0.1:1/x.dtd'><Patient xmlns='http://hl7.org/fhir'/>", "there must be no DTD"},
      {"<?xml version='1.0'?><!DOCTYPE p [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><Patient xmlns='http://hl7.org/fhir'><id "
       "value='&x;'/></Patient>",
       "there must be no DTD"},
      {"<!DOCTYPE l [<!ENTITY a '0123456789'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'>"
       "<!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;'>]><Patient xmlns='http://hl7.org/fhir'><id value='&d;'/></Patient>",
       "there must be no DTD"},
      {open_patient + "<id value='&nbsp;'/></Patient>", "an entity other than &amp;"},
      {open_patient + "<id value='a' value='b'/></Patient>", "duplicate attribute", 1, 52},
      {open_patient + "<id value='a<b'/></Patient>", "not well-formed"},
      {open_patient + "<f:id value='a'/></Patient>", "unbound prefix"},
      {"<Patient xmlns='http://hl7.org/fhir' xmlns:x='urn:a' xmlns:y='urn:a'><id x:a='1' y:a='2'/></Patient>",
       "duplicate attribute"},
      {"<Patient xmlns='http://hl7.org/fhir' xmlns:x='urn:a'><x:name xmlns:y='urn:a' x:a='1' y:a='2'/></Patient>",
       "duplicate attribute"},
      {open_patient + "<name xmlns:x='urn:a'/><id x:a='1'/></Patient>", "unbound prefix"},
      {open_patient + "<xmlns:id/></Patient>", "unbound prefix"},
      {open_patient + "<id xmlns:x=''/></Patient>", "a prefix is declared without a namespace"},
      {open_patient + "<id xmlns:='urn:a'/></Patient>", "not well-formed"},
      {open_patient + "<id xmlns:1='urn:a'/></Patient>", "not well-formed"},
      {open_patient + "<id xmlns:a:b='urn:a'/></Patient>", "not well-formed"},
      {open_patient + "<id xmlns:xmlns='urn:a'/></Patient>", "the prefix xmlns is declared"},
      {open_patient + "<id xmlns:xml='urn:a'/></Patient>", "the prefix xml is bound to another namespace"},
      {open_patient + "<id xmlns:x='http://www.w3.org/XML/1998/namespace'/></Patient>", "a reserved namespace"},
      {open_patient + "<id xmlns='http://www.w3.org/2000/xmlns/'/></Patient>", "a reserved namespace"},
      {open_patient + "<x:y:id xmlns:x='urn:a'/></Patient>", "not well-formed"},
      {open_patient + "<:id/></Patient>", "not well-formed"},
      {open_patient + "<x: xmlns:x='urn:a'/></Patient>", "not well-formed"},
      {open_patient + "<x:-id xmlns:x='urn:a'/></Patient>", "not well-formed"},
      {open_patient + "<id :a='1'/></Patient>", "not well-formed"},
      {open_patient + "<id value='\xff'/></Patient>", "not UTF-8", 1, 49},
      {open_patient + "<id value='\xc0\xaf'/></Patient>", "not UTF-8"},
      {open_patient + "<id value='\xed\xa0\x80'/></Patient>", "not UTF-8"},
      {open_patient + "<id value='a\0b'/></Patient>"s, "not well-formed"},
      {open_patient + "<id value='&#0;'/></Patient>", "reference to invalid character number"},
      {open_patient + "<id value='&#1;'/></Patient>", "reference to invalid character number"},
      {open_patient + "<id value='&#xFFFF;'/></Patient>", "reference to invalid character number"},
      {open_patient + "<id value='&#xD800;'/></Patient>", "reference to invalid character number"},
      {open_patient + "<id value='\x01'/></Patient>", "not well-formed"},
      {"\xff\xfe<\0P\0/\0>\0"s, "it is in UTF-16"},
      {"\xfe\xff\0<\0P\0/\0>"s, "it is in UTF-16"},
      {"<\0P\0/\0>\0"s, "it is in UTF-16"},
      {"<?xml version='1.0' encoding='ISO-8859-1'?><Patient xmlns='http://hl7.org/fhir'/>", "says 'ISO-8859-1'"},
      {"<?xml version='1.0' encoding='UTF-16'?><Patient xmlns='http://hl7.org/fhir'/>", "says 'UTF-16'"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.xml);
    const auto result = read(row.xml);
    CHECK(result.malformed);
    REQUIRE(result.issues.size() == 1);
    const auto& issue = *result.issues.begin();
    CHECK(issue.severity == model::Severity::fatal);
    CHECK(issue.code == model::IssueCode::structure);
    CHECK_THAT(issue.diagnostics, Catch::StartsWith("The XML text cannot be read: ") && Catch::Contains(row.says));
    CHECK(issue.line != 0);
    if (row.line) {
      CHECK(issue.line == row.line);
      CHECK(issue.column == row.column);
    }
  }
}

TEST_CASE("deep XML is refused at the limit, wherever it is deep", "[xml]") {
  const std::string item = "<item><linkId value='a'/><type value='group'/>";
  const std::string questionnaire = "<Questionnaire xmlns='http://hl7.org/fhir'><status value='draft'/>";
  for (const std::string& xml :
       {repeated("<a>", 10'000'000), open_patient + repeated("<foo>", 1'000'000),
        open_patient + "<text><status value='empty'/><div xmlns='http://www.w3.org/1999/xhtml'>" + repeated("<b>", 1'000'000),
        questionnaire + repeated(item, 1'000'000), open_patient + repeated("<extension url='a'>", 1'000'000),
        open_patient + repeated("<contained><Patient>", 1'000'000)}) {
    const auto result = read(xml);
    CHECK(result.malformed);
    CHECK(result.issues.begin()->code == model::IssueCode::too_costly);
    CHECK(result.issues.begin()->line != 0);
  }
  // The same depth as JSON takes.
  const auto nested = [&](std::size_t depth) {
    return read(questionnaire + repeated(item, depth) + repeated("</item>", depth) + "</Questionnaire>");
  };
  CHECK(nested(49).ok());
  CHECK(nested(50).malformed);
}

TEST_CASE("large and many things in XML cost linear time", "[xml]") {
  const auto began = std::chrono::steady_clock::now();
  CHECK(!read(open_patient + "<id value='" + std::string(32 << 20, 'a') + "'/></Patient>").ok());
  CHECK(read(open_patient + "<name><text value='" + std::string(32 << 20, 'a') + "'/></name></Patient>").ok());
  CHECK(read(open_patient + repeated("<name><text value='a'/></name>", 200'000) + "</Patient>").ok());
  CHECK(!read(open_patient + repeated("<foo/>", 1'000'000) + "</Patient>").ok());
  // interleaved, each out of its place
  CHECK(!read(open_patient + repeated("<name/><active/>", 500'000) + "</Patient>").ok());
  std::string attributes;
  for (int i = 0; i < 200'000; ++i) attributes += " a" + std::to_string(i) + "='1'";
  CHECK(!read(open_patient + "<id" + attributes + "/></Patient>").ok());
  CHECK(read(open_patient + "<!--" + std::string(16 << 20, 'x') + "--><active value='true'/></Patient>").ok());
  CHECK(read(open_patient + repeated("<?a b?>", 1'000'000) + "</Patient>").ok());
  std::string declarations;
  for (int i = 0; i < 50'000; ++i) declarations += " xmlns:a" + std::to_string(i) + "='urn:" + std::to_string(i) + "'";
  CHECK(read("<Patient xmlns='http://hl7.org/fhir'" + declarations + "/>").ok());
  const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  CHECK(seconds < 60);  // quadratic ways take hours
}

TEST_CASE("a namespace costs what it is long, however often its prefix is used", "[xml]") {
  const auto declared = [](std::size_t size, const std::string& content) {
    return "<f:Patient xmlns:f='http://hl7.org/fhir' xmlns='" + std::string(size, 'u') + "' xmlns:p='" + std::string(size, 'p') +
           "'>" + content + "</f:Patient>";
  };
  std::string attributes;
  for (int i = 0; i < 50'000; ++i) attributes += " p:a" + std::to_string(i) + "=''";
  for (const std::string& content : {"<f:id" + attributes + "/>", repeated("<a/>", 500'000), repeated("<p:a/>", 500'000)}) {
    // Written out, the namespaces take 25 GB and more.
    const auto costly = read(declared(512 << 10, content));
    CHECK(costly.malformed);
    REQUIRE(costly.issues.size() == 1);
    CHECK(costly.issues.begin()->code == model::IssueCode::too_costly);
    CHECK_THAT(costly.issues.begin()->diagnostics, Catch::Contains("a namespace is longer than 1024 bytes"));
    CHECK(costly.issues.begin()->line == 1);
    const auto refused = read(declared(1024, content));
    CHECK(!refused.malformed);
    CHECK(!refused.ok());
  }
  CHECK(read(declared(1024, "<f:active value='true'/>")).ok());
  // on the same element as what has the prefix
  CHECK(read("<Patient xmlns='http://hl7.org/fhir' xmlns:p='" + std::string(512 << 10, 'p') + "'" + attributes + "/>").malformed);
}

TEST_CASE("a prefix stands for what the innermost element that declares it says", "[xml]") {
  const auto result = read(
      "<a:Patient xmlns:a='http://hl7.org/fhir' xmlns:b='urn:b'>"
      "<b:id xmlns:b='http://hl7.org/fhir' value='1'/>"
      "<a:name xmlns='http://hl7.org/fhir' xmlns:a='urn:a'><family value='x' xmlns:a='http://hl7.org/fhir'/></a:name>"
      "<gender xmlns='http://hl7.org/fhir' value='male'/>"
      "<b:birthDate value='2000'/></a:Patient>");
  REQUIRE(!result.malformed);
  std::vector<std::string> said;
  for (const auto& issue : result.issues) said.push_back(issue.diagnostics);
  CHECK(said == std::vector<std::string>{"name is in the namespace 'urn:a', not in http://hl7.org/fhir",
                                         "birthDate is in the namespace 'urn:b', not in http://hl7.org/fhir"});
}

TEST_CASE("faults in XML are counted beyond the limit", "[xml]") {
  formats::ReadLimits limits;
  limits.max_issues = 5;
  const auto result =
      formats::read_xml(open_patient + repeated("<foo/>", 20) + "<birthDate value='x'/></Patient>", model::r4(), limits);
  REQUIRE(result.issues.size() == 6);
  CHECK(result.issues.list().back().diagnostics == "16 further faults are not listed");
  const auto values =
      formats::read_xml(open_patient + repeated("<photo><size value='x'/></photo>", 20) + "</Patient>", model::r4(), limits);
  REQUIRE(values.issues.size() == 6);
  CHECK(values.issues.list().back().diagnostics == "15 further faults are not listed");
}

TEST_CASE("mutated XML neither crashes the reader nor makes a broken tree", "[xml]") {
  const auto folder = tests::official_data("r4-minimal");
  if (!folder) return;
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto files = tests::files_of(*folder / "xml", ".xml");
  static constexpr std::string_view pieces[] = {"<",
                                                ">",
                                                "/>",
                                                "\"",
                                                "&",
                                                "&#",
                                                "<a>",
                                                "</",
                                                " id=\"x\"",
                                                " value=\"\"",
                                                "<div xmlns=\"http://www.w3.org/1999/xhtml\">",
                                                "<extension url=\"a\"/>",
                                                "<contained>",
                                                "xmlns=\"\"",
                                                "\0",
                                                "\xff",
                                                "<![CDATA[",
                                                "<!--",
                                                "<?"};
  for (int round = 0; round < 20'000; ++round) {
    auto text = tests::file_text(files[random() % files.size()]);
    for (auto times = 1 + random() % 3; times-- > 0;) {
      const auto at = random() % text.size();
      switch (random() % 4) {
        case 0:
          text.erase(at, 1 + random() % 12);
          break;
        case 1:
          text.insert(at, pieces[random() % std::size(pieces)]);
          break;
        case 2:
          text[at] = static_cast<char>(random());
          break;
        default:
          text.insert(at, text.substr(random() % text.size(), random() % 60));
      }
      if (text.empty()) text = "<a/>";
    }
    const auto result = read(text);
    if (!result.ok()) continue;
    // What was taken can be written and taken again, and says the same.
    const auto xml = formats::write_xml(result.tree);
    const auto again = formats::read_xml(xml, model::r4());
    CAPTURE(text, xml);
    CHECK(again.ok());
    CHECK(formats::write_xml(again.tree) == xml);
  }
}
