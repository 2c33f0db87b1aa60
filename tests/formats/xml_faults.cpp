// What read_xml refuses, and how it says so: one row a fault; and what it takes.

#include <catch2/catch.hpp>

#include "resources-gen/formats/xml.h"
#include "tests/formats/support.h"

namespace {

using model::IssueCode;

// The text with FHIR's namespace on its root: "<Patient><active .../></Patient>".
std::string document(std::string_view body) {
  std::string out(body);
  const auto end = out.find_first_of(" />");
  return out.insert(end, " xmlns=\"http://hl7.org/fhir\"");
}

struct Row {
  const char* xml;  // without the namespace
  const char* expression;
  IssueCode code;
  const char* says;                    // part of the diagnostics
  std::uint32_t line = 0, column = 0;  // 0: not looked at
};

// Each text has just this fault.
const Row single_faults[] = {
    // elements and attributes that are not defined
    {"<Patient><foo value='1'/></Patient>", "Patient", IssueCode::structure, "Patient has no element 'foo'", 1, 38},
    {"<Patient>\n  <active value='true'/>\n  <foo><active/><bar/></foo>\n</Patient>", "Patient", IssueCode::structure, "'foo'", 3,
     3},
    {"<Patient><contact><gender value='male'/><nam/></contact></Patient>", "Patient.contact[0]", IssueCode::structure,
     "Patient.contact has no element 'nam'"},
    {"<Patient><name><text value='x'/></name><name><text value='y'/><first value='z'/></name></Patient>", "Patient.name[1]",
     IssueCode::structure, "HumanName has no element 'first'"},
    {"<Patient><active value='true' other='1'/></Patient>", "Patient.active", IssueCode::structure,
     "boolean has no attribute 'other'"},
    {"<Patient><name value='x'/></Patient>", "Patient.name[0]", IssueCode::structure, "HumanName has no attribute 'value'"},
    {"<Patient id='a'><active value='true'/></Patient>", "Patient", IssueCode::structure,
     "Patient has no attribute 'id': it is an element"},
    {"<Patient><name><id value='a'/><text value='x'/></name></Patient>", "Patient.name[0]", IssueCode::structure,
     "'id' of HumanName is an attribute"},
    {"<Patient><extension url='urn:a'><url value='urn:b'/><valueCode value='c'/></extension></Patient>", "Patient.extension[0]",
     IssueCode::structure, "'url' of Extension is an attribute"},
    {"<Patient><name xml:lang='de'><text value='x'/></name></Patient>", "Patient.name[0]", IssueCode::structure, "'xml:lang'"},
    {"<Patient><name xml:id='n'><text value='x'/></name></Patient>", "Patient.name[0]", IssueCode::structure, "'xml:id'"},
    {"<Patient><contained id='n'><Patient><id value='a'/></Patient></contained></Patient>", "Patient.contained[0]",
     IssueCode::structure, "no attribute 'id'"},
    {"<Observation><status value='final'/><code><text value='x'/></code><valueFoo value='1'/></Observation>", "Observation",
     IssueCode::structure, "valueFoo"},
    {"<Observation><status value='final'/><code><text value='x'/></code><value value='1'/></Observation>", "Observation",
     IssueCode::structure, "'value'"},
    // namespaces
    {"<Patient><active xmlns='urn:other' value='true'/></Patient>", "Patient", IssueCode::structure,
     "active is in the namespace 'urn:other', not in http://hl7.org/fhir", 1, 38},
    {"<Patient><active xmlns='' value='true'/></Patient>", "Patient", IssueCode::structure, "active is in no namespace"},
    {"<Patient><text><status value='empty'/><div>x</div></text></Patient>", "Patient.text", IssueCode::structure,
     "div is in the namespace 'http://hl7.org/fhir', not in http://www.w3.org/1999/xhtml"},
    {"<Patient><text><status value='empty'/><div xmlns='http://www.w3.org/1999/xhtml'><p>a</p><b "
     "xmlns='urn:x'>c</b></div></text></Patient>",
     "Patient.text.div", IssueCode::invariant, "is not that of XHTML"},
    {"<Patient><text><status value='empty'/><div xmlns='http://www.w3.org/1999/xhtml' xmlns:x='urn:x' "
     "x:y='1'>c</div></text></Patient>",
     "Patient.text.div", IssueCode::invariant, "x:y"},
    {"<Patient xmlns:h='http://www.w3.org/1999/xhtml'><text><status value='empty'/><h:div>a<b "
     "xmlns='urn:x'>c</b></h:div></text></Patient>",
     "Patient.text.div", IssueCode::structure, "the element 'b' of the namespace 'urn:x'"},
    {"<Patient xmlns:h='http://www.w3.org/1999/xhtml' xmlns:x='urn:x'><text><status value='empty'/><h:div "
     "x:y='1'>c</h:div></text></Patient>",
     "Patient.text.div", IssueCode::structure, "the attribute 'y' of the namespace 'urn:x'"},
    // R4 narrative.html#rules, at the place within the div
    {"<Patient>\n<text><status value='generated'/>\n<div xmlns='http://www.w3.org/1999/xhtml'>a &amp; \"q\"\n "
     "<script>x</script></div></text></Patient>",
     "Patient.text.div", IssueCode::invariant, "'script'", 4, 2},
    {"<Patient xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'><active value='true'/></Patient>", "", IssueCode::structure,
     "XMLSchema-instance must not stand in a resource"},
    // order
    {"<Patient><gender value='male'/><active value='true'/></Patient>", "Patient", IssueCode::structure,
     "active must stand before gender", 1, 60},
    {"<Patient><gender value='male'/><id value='a'/></Patient>", "Patient", IssueCode::structure, "id must stand before gender"},
    {"<Patient><name><given value='a'/><family value='b'/></name></Patient>", "Patient.name[0]", IssueCode::structure,
     "family must stand before given"},
    {"<Patient><name><text value='a'/></name><gender value='male'/><name><text value='b'/></name></Patient>", "Patient",
     IssueCode::structure, "All of name must stand together, but gender stands between"},
    {"<Patient><name><given value='a'/><prefix value='b'/><given value='c'/></name></Patient>", "Patient.name[0]",
     IssueCode::structure, "All of given must stand together"},
    {"<Patient><name><given value='a'/><extension url='urn:a'><valueCode value='c'/></extension></name></Patient>",
     "Patient.name[0]", IssueCode::structure, "extension must stand before given"},
    // repeats
    {"<Patient><active value='true'/><active value='true'/></Patient>", "Patient", IssueCode::structure,
     "active is a single value, but stands here again"},
    {"<Patient><multipleBirthBoolean value='true'/><multipleBirthInteger value='2'/></Patient>", "Patient", IssueCode::structure,
     "multipleBirth is a single value, but stands here again, as multipleBirthInteger"},
    {"<Patient><contained><Patient><id value='a'/></Patient><Patient/></contained></Patient>", "Patient.contained[0]",
     IssueCode::structure, "contained holds one resource"},
    // nothing there
    {"<Patient><name/></Patient>", "Patient.name[0]", IssueCode::structure, "name must not be empty", 1, 38},
    {"<Patient><active/></Patient>", "Patient.active", IssueCode::structure, "active must not be empty: it needs a value"},
    {"<Patient><name><given value='a'/><given/></name></Patient>", "Patient.name[0].given[1]", IssueCode::structure,
     "given must not be empty"},
    {"<Patient><contained/></Patient>", "Patient.contained[0]", IssueCode::structure, "it needs a resource"},
    {"<Patient><birthDate value=''/></Patient>", "Patient.birthDate", IssueCode::value, "The attribute value must not be empty"},
    {"<Patient><name><text value=' \n '/></name></Patient>", "Patient.name[0].text", IssueCode::value, "value must not be empty"},
    {"<Patient><name id=''><text value='x'/></name></Patient>", "Patient.name[0].id", IssueCode::value, "id must not be empty"},
    {"<Patient><extension url=''><valueCode value='c'/></extension></Patient>", "Patient.extension[0].url", IssueCode::value,
     "url must not be empty"},
    // text
    {"<Patient>\n<active value='true'/>hello</Patient>", "Patient", IssueCode::structure, "Text must not stand here", 2, 23},
    {"<Patient><active>true</active></Patient>", "Patient.active", IssueCode::structure, "Text must not stand here"},
    {"<Patient><name><text value='a'/><![CDATA[x]]></name></Patient>", "Patient.name[0]", IssueCode::structure,
     "Text must not stand here"},
    // what must be there
    {"<Observation><code><text value='x'/></code></Observation>", "Observation", IssueCode::required, "Observation needs status",
     1, 1},
    {"<Patient><extension><valueCode value='c'/></extension></Patient>", "Patient.extension[0]", IssueCode::required,
     "Extension needs url", 1, 38},
    {"<Bundle><type value='collection'/><link><url value='urn:a'/></link></Bundle>", "Bundle.link[0]", IssueCode::required,
     "needs relation"},
    // values
    {"<Patient><active value='yes'/></Patient>", "Patient.active", IssueCode::value, "'yes' is not a valid boolean", 1, 38},
    {"<Patient><active value='1'/></Patient>", "Patient.active", IssueCode::value, "'1' is not a valid boolean"},
    {"<Patient><multipleBirthInteger value='+2'/></Patient>", "Patient.multipleBirth", IssueCode::value,
     "'+2' is not a valid integer"},
    {"<Patient><multipleBirthInteger value='2.0'/></Patient>", "Patient.multipleBirth", IssueCode::value,
     "'2.0' is not a valid integer"},
    {"<RiskAssessment><status value='final'/><subject><display value='x'/></subject><prediction><probabilityDecimal "
     "value='.5'/></prediction></RiskAssessment>",
     "RiskAssessment.prediction[0].probability", IssueCode::value, "'.5' is not a valid decimal"},
    {"<Patient><birthDate value='2020-13-01'/></Patient>", "Patient.birthDate", IssueCode::value,
     "'2020-13-01' is not a valid date", 1, 38},
    {"<Patient><id value='a b'/></Patient>", "Patient.id", IssueCode::value, "'a b' is not a valid id"},
    // resources
    {"<Patient><contained><Foo/></contained></Patient>", "Patient.contained[0]", IssueCode::value,
     "There is no resource type 'Foo'"},
    {"<Patient><contained><DomainResource/></contained></Patient>", "Patient.contained[0]", IssueCode::value, "is abstract"},
    {"<Bundle><type value='collection'/><entry><resource><Patient><foo/></Patient></resource></entry></Bundle>",
     "Bundle.entry[0].resource", IssueCode::structure, "Patient has no element 'foo'"},
    {"<Foo><a/></Foo>", "", IssueCode::value, "There is no resource type 'Foo'", 1, 1},
    {"<Resource/>", "", IssueCode::value, "abstract"},
};

}  // namespace

TEST_CASE("each fault in XML is told once, with its place", "[xml]") {
  for (const Row& row : single_faults) {
    CAPTURE(row.xml);
    const auto result = formats::read_xml(document(row.xml), model::r4());
    CAPTURE(tests::issue_lines(result.issues));
    CHECK(!result.ok());
    CHECK(!result.malformed);
    CHECK(result.issues.size() == 1);
    if (result.issues.empty()) continue;
    const auto& issue = *result.issues.begin();
    CHECK(issue.expression == row.expression);
    CHECK(issue.code == row.code);
    CHECK_THAT(issue.diagnostics, Catch::Contains(row.says));
    CHECK(issue.line != 0);
    if (row.line) {
      CHECK(issue.line == row.line);
      CHECK(issue.column == row.column);
    }
    tests::check_nodes(result.tree, false);
  }
}

TEST_CASE("all faults of an XML text are told in one pass, in order", "[xml]") {
  const auto result = formats::read_xml(
      "<Patient xmlns='http://hl7.org/fhir'>\n <foo/>\n <active value='x'/>\n <name><given value=''/></name>\n"
      " <birthDate value='1'/>\n <telecom><rank value='0'/></telecom>\n</Patient>",
      model::r4());
  std::vector<std::pair<std::uint32_t, std::string>> found;
  for (const auto& issue : result.issues) found.emplace_back(issue.line, issue.expression);
  CHECK(found == std::vector<std::pair<std::uint32_t, std::string>>{{2, "Patient"},
                                                                    {3, "Patient.active"},
                                                                    {4, "Patient.name[0].given[0]"},
                                                                    {5, "Patient.birthDate"},
                                                                    {6, "Patient"},
                                                                    {6, "Patient.telecom[0].rank"}});
}

TEST_CASE("a wrong namespace is told once, and the rest is read all the same", "[xml]") {
  const auto result = formats::read_xml("<Patient><active value='x'/><foo/></Patient>", model::r4());
  CHECK(tests::issue_lines(result.issues) ==
        std::vector<std::string>{"|structure|Patient is in no namespace, not in http://hl7.org/fhir",
                                 "Patient.active|value|'x' is not a valid boolean: true or false",
                                 "Patient|structure|Patient has no element 'foo'"});
}

TEST_CASE("XML becomes the JSON that says the same", "[xml]") {
  struct Pair {
    const char* xml;
    const char* json;
  };
  const Pair pairs[] = {
      {"<Patient><active value='true'/></Patient>", R"({"resourceType":"Patient","active":true})"},
      {"<Patient/>", R"({"resourceType":"Patient"})"},
      // R4 json.html#primitive
      {"<Patient><birthDate id='b' value='1970-03-30'><extension url='urn:a'><valueString "
       "value='1'/></extension></birthDate></Patient>",
       R"({"resourceType":"Patient","birthDate":"1970-03-30","_birthDate":{"id":"b","extension":[{"url":"urn:a","valueString":"1"}]}})"},
      // R4 json.html#null
      {"<Patient><name><given value='a'/><given><extension url='urn:a'><valueString value='1'/></extension></given><given id='g' "
       "value='c'/></name></Patient>",
       R"({"resourceType":"Patient","name":[{"given":["a",null,"c"],"_given":[null,{"extension":[{"url":"urn:a","valueString":"1"}]},{"id":"g"}]}]})"},
      {"<Patient><name><given><extension url='urn:a'><valueBoolean value='false'/></extension></given></name></Patient>",
       R"({"resourceType":"Patient","name":[{"_given":[{"extension":[{"url":"urn:a","valueBoolean":false}]}]}]})"},
      // extensions of an extension's value
      {"<Patient><extension url='urn:a'><valueCode value='x'><extension url='urn:b'><valueUri id='u' "
       "value='urn:c'/></extension></valueCode></extension></Patient>",
       R"({"resourceType":"Patient","extension":[{"url":"urn:a","valueCode":"x","_valueCode":{"extension":[{"url":"urn:b","valueUri":"urn:c","_valueUri":{"id":"u"}}]}}]})"},
      {"<Patient><contained><Organization><id value='o'/></Organization></contained><contained><Patient><id "
       "value='p'/></Patient></contained></Patient>",
       R"({"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o"},{"resourceType":"Patient","id":"p"}]})"},
      // decimals as written
      {"<Observation><status value='final'/><code><text value='x'/></code><valueQuantity><value "
       "value='1.50'/></valueQuantity></Observation>",
       R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.50}})"},
      {"<Observation><status value='final'/><code><text value='x'/></code><valueQuantity><value value=' 1E+2 "
       "'/></valueQuantity></Observation>",
       R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1E+2}})"},
      // outer white space: of free text it is content, of other types the schema itself drops it
      {"<Patient><language value=' de\n'/><name><text value=' a &#10;\tb&#9;'/></name></Patient>",
       R"({"resourceType":"Patient","language":"de","name":[{"text":" a \n b\t"}]})"},
      // references and CDATA
      {"<Patient><name><text value='&lt;&amp;&quot;&apos;&#x1F600;&#233;'/></name></Patient>",
       R"({"resourceType":"Patient","name":[{"text":"<&\"'😀é"}]})"},
      // comments and processing instructions are no content
      {"<Patient><!-- a --><?b c?><active value='true'><!-- d --></active></Patient>",
       R"({"resourceType":"Patient","active":true})"},
      // the narrative as given
      {"<Patient><text><status value='empty'/><div xmlns='http://www.w3.org/1999/xhtml'>a<br/>&#160;<!-- c "
       "-->\n<b>&lt;</b></div></text></Patient>",
       R"({"resourceType":"Patient","text":{"status":"empty","div":"<div xmlns='http://www.w3.org/1999/xhtml'>a<br/>&#160;<!-- c -->\n<b>&lt;</b></div>"}})"},
      // the content of a content reference
      {"<Questionnaire><status value='draft'/><item><linkId value='1'/><type value='group'/><item><linkId value='2'/><type "
       "value='display'/></item></item></Questionnaire>",
       R"({"resourceType":"Questionnaire","status":"draft","item":[{"linkId":"1","type":"group","item":[{"linkId":"2","type":"display"}]}]})"},
  };
  for (const auto& pair : pairs) {
    CAPTURE(pair.xml);
    const auto result = formats::read_xml(document(pair.xml), model::r4());
    CAPTURE(tests::issue_lines(result.issues));
    CHECK(result.ok());
    CHECK(result.tree.source() == pair.json);
    tests::check_nodes(result.tree);
  }
}

TEST_CASE("a narrative whose namespace is declared elsewhere is written anew, to stand alone", "[xml]") {
  const auto div = [](const std::string& xml) {
    const auto result = formats::read_xml(xml, model::r4());
    CAPTURE(tests::issue_lines(result.issues));
    CHECK(result.ok());
    return result.tree.empty() ? std::string() : std::string(result.tree.root().child("text").child("div").text());
  };
  const std::string want =
      "<div xmlns=\"http://www.w3.org/1999/xhtml\" id=\"a\" xml:lang=\"en\"><p>x &amp; <br/>é</p><i></i></div>";
  CHECK(div("<Patient xmlns='http://hl7.org/fhir' xmlns:h='http://www.w3.org/1999/xhtml'><text><status value='empty'/>"
            "<h:div id='a' xml:lang='en'><h:p>x &amp; <h:br/>é</h:p><h:i></h:i></h:div></text></Patient>") == want);
  CHECK(div("<f:Patient xmlns:f='http://hl7.org/fhir' xmlns='http://www.w3.org/1999/xhtml'><f:text><f:status value='empty'/>"
            "<div id='a' xml:lang='en'><p>x &#38; <br/><![CDATA[é]]></p><i></i></div></f:text></f:Patient>") == want);
}

TEST_CASE("a prefix that a div declares itself does it no harm", "[xml]") {
  const std::string div = "<div xmlns='http://www.w3.org/1999/xhtml' xmlns:x='urn:x'><!-- c -->a</div>";
  const auto result = formats::read_xml(
      "<Patient xmlns='http://hl7.org/fhir'><text><status value='generated'/>" + div + "</text></Patient>", model::r4());
  CHECK(result.ok());
  CHECK(result.tree.root().child("text").child("div").text() == div);
}

TEST_CASE("a prefix declared outside of a div changes none that does not use it", "[xml]") {
  const auto div_in = [](const std::string& declared, const std::string& div) {
    const auto result = formats::read_xml(
        "<Patient xmlns='http://hl7.org/fhir'" + declared + "><text><status value='generated'/>" + div + "</text></Patient>",
        model::r4());
    return result.tree.empty() ? std::string() : std::string(result.tree.root().child("text").child("div").text());
  };
  const std::string div = "<div xmlns='http://www.w3.org/1999/xhtml'><!-- c -->a &#233; y:b</div>";
  CHECK(div_in(" xmlns:x='urn:x'", div) == div);
  // One that may use it is written so that it stands alone.
  CHECK(div_in(" xmlns:x='http://www.w3.org/1999/xhtml'", "<div xmlns='http://www.w3.org/1999/xhtml'><x:p>a</x:p></div>") ==
        "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>a</p></div>");
}

TEST_CASE("CDATA and processing instructions in a narrative become what they say", "[xml]") {
  const auto result = formats::read_xml(
      "<Patient xmlns='http://hl7.org/fhir'><text><status value='generated'/><div xmlns='http://www.w3.org/1999/xhtml' "
      "class='a'><![CDATA[1 < 2]]><?p q?><br/></div></text></Patient>",
      model::r4());
  CAPTURE(tests::issue_lines(result.issues));
  CHECK(result.ok());
  CHECK(result.tree.root().child("text").child("div").text() ==
        "<div xmlns=\"http://www.w3.org/1999/xhtml\" class=\"a\">1 &lt; 2<br/></div>");
}

TEST_CASE("XML takes a byte order mark, a declaration and prefixes", "[xml]") {
  for (const char* xml :
       {"\xef\xbb\xbf<Patient xmlns='http://hl7.org/fhir'><active value='true'/></Patient>",
        "<?xml version='1.0' encoding='UTF-8'?>\n<Patient xmlns='http://hl7.org/fhir'><active value='true'/></Patient>\n",
        "<?xml version='1.0' encoding='utf-8' standalone='yes'?><!-- a --><f:Patient "
        "xmlns:f='http://hl7.org/fhir'><f:active value='true'/></f:Patient><!-- b -->"}) {
    const auto result = formats::read_xml(xml, model::r4());
    CHECK(result.ok());
    CHECK(result.tree.source() == R"({"resourceType":"Patient","active":true})");
  }
}
