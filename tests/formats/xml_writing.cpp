#include <catch2/catch.hpp>

#include "resources-gen/formats/xml.h"
#include "tests/formats/support.h"
#include "tests/formats/xml_support.h"

namespace {

constexpr std::string_view declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";

std::string xml_of(std::string_view json) {
  const auto read = formats::read_json(json, model::r4());
  CAPTURE(tests::issue_lines(read.issues));
  CHECK(read.ok());
  auto xml = formats::write_xml(read.tree);
  REQUIRE(xml.starts_with(declaration));
  return xml.substr(declaration.size());
}

// Whether the narrative obeys R4 is not asked here: what is kept already must go out in any case.
std::string with_div(std::string_view div) {
  std::string json = R"({"resourceType":"Patient","text":{"status":"empty","div":)";
  formats::append_string(json, div);
  const auto xml = formats::write_xml(formats::read_json(json + "}}", model::r4()).tree);
  CHECK_FALSE(formats::read_xml(xml, model::r4()).malformed);
  const auto from = xml.find("<status value=\"empty\"/>") + 23;
  return xml.substr(from, xml.find("</text></Patient>") - from);
}

}  // namespace

TEST_CASE("XML has the definition's order whatever the JSON had", "[xml]") {
  CHECK(
      xml_of(
          R"({"birthDate":"2020","name":[{"given":["a",null],"family":"f","_given":[null,{"id":"g"}],"id":"n"}],"id":"1","resourceType":"Patient",)"
          R"("extension":[{"valueCode":"c","url":"urn:a"}],"deceasedBoolean":true,"active":false})") ==
      R"(<Patient xmlns="http://hl7.org/fhir"><id value="1"/><extension url="urn:a"><valueCode value="c"/></extension><active value="false"/>)"
      R"(<name id="n"><family value="f"/><given value="a"/><given id="g"/></name><birthDate value="2020"/><deceasedBoolean value="true"/></Patient>)");
}

TEST_CASE("resources within resources have their own element", "[xml]") {
  CHECK(
      xml_of(
          R"({"resourceType":"Bundle","entry":[{"response":{"outcome":{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"value"}]},)"
          R"("status":"400"},"resource":{"resourceType":"Patient","contained":[{"resourceType":"Patient"}]}}],"type":"batch-response","total":1})") ==
      R"(<Bundle xmlns="http://hl7.org/fhir"><type value="batch-response"/><total value="1"/><entry><resource><Patient><contained><Patient/></contained></Patient>)"
      R"(</resource><response><status value="400"/><outcome><OperationOutcome><issue><severity value="error"/><code value="value"/></issue></OperationOutcome>)"
      R"(</outcome></response></entry></Bundle>)");
}

TEST_CASE("values survive XML's treatment of white space and markup", "[xml]") {
  const std::string json = R"({"resourceType":"Patient","name":[{"text":" <a>&'\"\t\n\r\u00e9\ud83d\ude00 "}]})";
  const auto xml = xml_of(json);
  CHECK(
      xml ==
      "<Patient xmlns=\"http://hl7.org/fhir\"><name><text value=\" &lt;a&gt;&amp;'&quot;&#9;&#10;&#13;é😀 \"/></name></Patient>");
  CHECK(tests::canonical_json(formats::read_xml(xml, model::r4()).tree.source()) == tests::canonical_json(json));
  // No XML 1.0 can hold U+FFFE and U+FFFF.
  const auto odd = xml_of("{\"resourceType\":\"Patient\",\"name\":[{\"text\":\"a\uFFFE\uFFFFb\uFFFD\uF8FF\"}]}");
  CHECK_THAT(odd, Catch::Contains("value=\"a\uFFFD\uFFFDb\uFFFD\uF8FF\""));
  CHECK(formats::read_xml(odd, model::r4()).ok());
}

TEST_CASE("a narrative goes out as it came, or as XML that shows it", "[xml]") {
  const std::string good = "<div xmlns='http://www.w3.org/1999/xhtml'>a<br /><!-- c -->&#160;\r\n</div>";
  CHECK(with_div(good) == good);
  CHECK(with_div("<?xml version='1.0'?>\n" + good + "\n") == good);
  CHECK(with_div("<h:div xmlns:h='http://www.w3.org/1999/xhtml'>a</h:div>") ==
        "<h:div xmlns:h='http://www.w3.org/1999/xhtml'>a</h:div>");
  CHECK(with_div("<div class=\"x\"><p>a</p></div>") == "<div xmlns=\"http://www.w3.org/1999/xhtml\" class=\"x\"><p>a</p></div>");
  CHECK(with_div("<div/>") == "<div xmlns=\"http://www.w3.org/1999/xhtml\"/>");
  // no XML: shown as the text that it is
  CHECK(with_div("<div xmlns=\"http://www.w3.org/1999/xhtml\">a&nbsp;<br></div>") ==
        "<div xmlns=\"http://www.w3.org/1999/xhtml\">&lt;div "
        "xmlns=\"http://www.w3.org/1999/xhtml\"&gt;a&amp;nbsp;&lt;br&gt;&lt;/div&gt;</div>");
  CHECK(with_div("plain") == "<div xmlns=\"http://www.w3.org/1999/xhtml\">plain</div>");
  CHECK(with_div("</div></text><active value='true'/>") ==
        "<div xmlns=\"http://www.w3.org/1999/xhtml\">&lt;/div&gt;&lt;/text&gt;&lt;active value='true'/&gt;</div>");
  CHECK(with_div("<!DOCTYPE div [<!ENTITY a 'b'>]><div xmlns='http://www.w3.org/1999/xhtml'>&a;</div>").find("<!DOCTYPE") ==
        std::string::npos);
}

TEST_CASE("pretty XML has a line for each element and leaves the narrative alone", "[xml]") {
  const auto read = formats::read_json(
      R"({"resourceType":"Patient","text":{"status":"empty","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>a</p></div>"},"active":true,"contained":[{"resourceType":"Patient","id":"a"}]})",
      model::r4());
  CHECK(formats::pretty_xml(read.tree) ==
        R"(<?xml version="1.0" encoding="UTF-8"?>
<Patient xmlns="http://hl7.org/fhir">
  <text>
    <status value="empty"/>
    <div xmlns="http://www.w3.org/1999/xhtml"><p>a</p></div>
  </text>
  <contained>
    <Patient>
      <id value="a"/>
    </Patient>
  </contained>
  <active value="true"/>
</Patient>
)");
  CHECK(formats::write_xml(model::Tree()) == "");
}
