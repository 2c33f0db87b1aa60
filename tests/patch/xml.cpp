// XML Patch: HL7's cases, and rows of our own. RFC 5261.

#include <catch2/catch.hpp>
#include <map>
#include <pugixml.hpp>
#include <sstream>

#include "resources-gen/patch/xml_patch.h"
#include "tests/patch/support.h"
#include "tests/support/data.h"

namespace {

// The patched text, or "! " and the first reason.
std::string xml_patched(std::string_view document, std::string_view text) {
  const auto why = [](const model::Failure& failure) { return "! " + failure.issues.list().front().diagnostics; };
  const auto patch = patch::XmlPatch::read(text);
  if (!patch) return why(patch.error());
  const auto result = (*patch)->apply(document);
  return result ? *result : why(result.error());
}

std::string diff(std::string_view operations) {
  return R"(<diff xmlns="http://hl7.org/fhir" xmlns:p="urn:p" xmlns:x="http://www.w3.org/1999/xhtml">)" +
         std::string(operations) + "</diff>";
}

struct Row {
  std::string_view about;
  std::string_view document;  // within <a xmlns="http://hl7.org/fhir">
  std::string_view operations;
  std::string_view result;  // "! ...": its reason contains that
};
constexpr Row rows[] = {
    {"an attribute", R"(<b value="1"/>)", R"(<replace sel="f:a/f:b/@value">2</replace>)", R"(<b value="2"/>)"},
    {"a name without prefix is of the patch's default namespace", "<b/><c/>", R"(<remove sel="a/b"/>)", "<c/>"},
    {"from the root", "<b/><c/>", R"(<remove sel="/f:a/f:b"/>)", "<c/>"},
    {"by the value of a child", R"(<b><s value="x"/></b><b><s value="y"/></b>)", R"(<remove sel="f:a/f:b[f:s/@value='y']"/>)",
     R"(<b><s value="x"/></b>)"},
    {"by several conditions", R"(<b t="1" u="1"/><b t="1" u="2"/>)", R"(<remove sel="f:a/f:b[@t='1'][@u='2']"/>)",
     R"(<b t="1" u="1"/>)"},
    {"and, or, not", R"(<b t="1" u="1"/><b t="1" u="2"/>)", R"(<remove sel="f:a/f:b[@t='1' and not(@u='1' or @u='3')]"/>)",
     R"(<b t="1" u="1"/>)"},
    {"the last", "<b/><b i='2'/>", R"(<remove sel="f:a/f:b[last()]"/>)", "<b/>"},
    {"anywhere", "<b><c/></b>", R"(<remove sel="//f:c"/>)", "<b/>"},
    {"any element", "<b/>", R"(<remove sel="f:a/*[1]"/>)", ""},
    {"another prefix of the same namespace", R"(<h:div xmlns:h="http://www.w3.org/1999/xhtml"><h:p/></h:div>)",
     R"(<remove sel="f:a/x:div/x:p"/>)", R"(<div xmlns="http://www.w3.org/1999/xhtml" xmlns:h="http://www.w3.org/1999/xhtml"/>)"},
    {"h is XHTML's", R"(<div xmlns="http://www.w3.org/1999/xhtml"><p/><b/></div>)", R"(<remove sel="f:a/h:div/h:p"/>)",
     R"(<div xmlns="http://www.w3.org/1999/xhtml"><b/></div>)"},
    {"before, after, prepend", "<b/>",
     R"(<add sel="f:a/f:b" pos="before"><x/><y/></add><add sel="f:a/f:b" pos="after"><z/><w/></add><add sel="f:a" pos="prepend"><u/><v/></add>)",
     "<u/><v/><x/><y/><b/><z/><w/>"},
    {"white space in a narrative stays", R"(<div xmlns="http://www.w3.org/1999/xhtml"><b>1</b> <i>2</i></div><c/>)",
     R"(<remove sel="f:a/f:c"/>)", R"(<div xmlns="http://www.w3.org/1999/xhtml"><b>1</b> <i>2</i></div>)"},
    {"each sees those before it", "<b/>", R"(<add sel="f:a"><c/></add><add sel="f:a/f:c" type="@v">1</add>)",
     R"(<b/><c v="1"/>)"},
    {"a text is escaped", "<b/>", R"(<add sel="f:a/f:b" type="@v">&lt;&amp;"</add>)", R"(<b v="&lt;&amp;&quot;"/>)"},
    {"none", "<b/>", R"(<remove sel="f:a/f:c"/>)", "! it selects 0 nodes"},
    {"several", "<b/><b/>", R"(<remove sel="f:a/f:b"/>)", "! it selects 2 nodes"},
    {"the root", "<b/>", R"(<remove sel="f:a"/>)", "! the root element cannot be removed"},
    {"beside the root", "<b/>", R"(<add sel="f:a" pos="after"><c/></add>)", "! no place beside the root"},
    {"an attribute that is there", R"(<b v="1"/>)", R"(<add sel="f:a/f:b" type="@v">2</add>)", "! has an attribute 'v' already"},
    {"an element by a text", "<b/>", R"(<replace sel="f:a/f:b">text</replace>)", "! a node of its kind"},
    {"an element by two", "<b/>", R"(<replace sel="f:a/f:b"><c/><d/></replace>)", "! not by several"},
    {"an undeclared prefix", "<b/>", R"(<remove sel="f:a/q:b"/>)", "! the prefix 'q' is not declared"},
    {"another axis", "<b/>", R"(<remove sel="f:a/f:b/ancestor::f:a"/>)", "! the axis 'ancestor' is not taken"},
    {"the parent", "<b/>", R"(<remove sel="f:a/f:b/.."/>)", "! '..' is not taken"},
    {"a union", "<b/>", R"(<remove sel="f:a/f:b | f:a/f:c"/>)", "! '|' is not taken"},
    {"descending twice", "<b/>", R"(<remove sel="//f:a//f:b"/>)", "! '//' is taken once"},
    {"descending within a condition", "<b/>", R"(<remove sel="f:a[.//f:b]"/>)", "! '//' is taken once"},
    {"from the root within a condition", "<b/>", R"(<remove sel="f:a[/f:a]"/>)", "! a path within a condition"},
    {"two sets compared", "<b/>", R"(<remove sel="f:a[f:b = f:c]"/>)", "! a comparison needs"},
    {"two sets in brackets", "<b/>", R"(<remove sel="f:a[(f:b) = (f:c)]"/>)", "! a comparison needs"},
    {"a function that nobody knows", "<b/>", R"x(<remove sel="f:a[document('x')]"/>)x", "! the function 'document' is not taken"},
    {"id()", "<b/>", R"x(<remove sel="id('x')"/>)x", "! the function 'id' is not taken"},
    {"an open text", "<b/>", R"(<remove sel="f:a['x]"/>)", "! a text has no end"},
    {"an open bracket", "<b/>", R"(<remove sel="f:a[1"/>)", "! is no XPath"},
    {"no path at all", "<b/>", R"(<remove sel="1"/>)", "! does not select nodes"},
    {"nothing", "<b/>", R"(<remove/>)", "! it is empty"},
    {"an operation that nobody knows", "<b/>", R"(<delete sel="f:a"/>)", "! 'delete' is no operation"},
    {"a place that nobody knows", "<b/>", R"(<add sel="f:a" pos="within"><c/></add>)", "! none that RFC 5261 knows"},
    {"a type that nobody knows", "<b/>", R"(<add sel="f:a" type="v">1</add>)", "! neither @name nor namespace::prefix"},
};

// The tree in one spelling: without white space between elements, and around texts that stand alone.
std::string plain(pugi::xml_node node) {
  std::string out;
  for (auto child = node.first_child(); child; child = child.next_sibling()) {
    const std::string_view value = child.value();
    switch (child.type()) {
      case pugi::node_pcdata: {
        const auto first = value.find_first_not_of(" \t\r\n");
        if (first != std::string_view::npos) out += value.substr(first, value.find_last_not_of(" \t\r\n") - first + 1);
        break;
      }
      case pugi::node_comment:
        out.append("<!--").append(value).append("-->");
        break;
      case pugi::node_element: {
        std::map<std::string, std::string> attributes;
        for (auto each = child.first_attribute(); each; each = each.next_attribute())
          attributes.emplace(each.name(), each.value());
        out.append("<").append(child.name());
        for (const auto& [name, text] : attributes) out.append(" ").append(name).append("=").append(text);
        out += ">" + plain(child) + "</>";
        break;
      }
      default:
        break;
    }
  }
  return out;
}

std::string text_of(pugi::xml_node parent) {
  std::ostringstream out;
  for (auto child = parent.first_child(); child; child = child.next_sibling()) child.print(out, "", pugi::format_raw);
  return out.str();
}

std::string plain(std::string_view text) {
  pugi::xml_document document;
  if (!document.load_buffer(text.data(), text.size(), pugi::parse_full)) return "no XML: " + std::string(text);
  return plain(document);
}

}  // namespace

TEST_CASE("XML Patch: rows") {
  const std::string open = R"(<a xmlns="http://hl7.org/fhir">)";
  for (const auto& row : rows) {
    INFO(row.about << ": " << row.operations);
    const auto result = xml_patched(open + std::string(row.document) + "</a>", diff(row.operations));
    INFO(result);
    if (row.result.starts_with('!')) {
      CHECK(result.starts_with("! Operation 0"));
      CHECK(result.find(row.result.substr(2)) != std::string::npos);
    } else {
      CHECK(result == (row.result.empty() ? R"(<a xmlns="http://hl7.org/fhir"/>)" : open + std::string(row.result) + "</a>"));
    }
  }
}

TEST_CASE("XML Patch: what is no patch") {
  const std::string_view document = R"(<a xmlns="http://hl7.org/fhir"/>)";
  CHECK(xml_patched(document, "<diff>").starts_with("! The XML Patch is no XML"));
  CHECK(xml_patched(document, "").starts_with("! The XML Patch is no XML"));
  CHECK(xml_patched(document, "<diff/>") == "! The XML Patch has no operations");
  CHECK(xml_patched(document, "<Patient/>").starts_with("! An XML Patch is a <diff>"));
  CHECK(xml_patched(document, R"(<!DOCTYPE d [<!ENTITY e "x">]><diff><add sel="a">&e;</add></diff>)")
            .starts_with("! The XML Patch is no XML"));
  CHECK(xml_patched(document, R"(<diff><add sel="a">&nbsp;</add></diff>)").starts_with("! The XML Patch is no XML"));
  CHECK(xml_patched(document, diff("text")).starts_with("! An XML Patch has no text"));
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  CHECK(xml_patched(document, deep).starts_with("! The XML Patch is no XML"));
  const auto space = std::string(512 << 10, 'u');  // written out before each name it takes 25 GB
  std::string named;
  for (int i = 0; i < 50'000; ++i) named += " p:a" + std::to_string(i) + "=''";
  CHECK(xml_patched(document, "<diff xmlns:p='" + space + "'><add sel='a'" + named + "/></diff>")
            .find("a namespace is longer than 1024 bytes") != std::string::npos);
  const auto parsed = patch::XmlPatch::read(R"(<diff><remove/><x/><add sel="1 +" pos="y"/></diff>)");
  REQUIRE(!parsed);
  const auto failure = parsed.error();
  CHECK(failure.kind == model::FailureKind::bad_request);
  CHECK(failure.issues.size() == 4);
}

// The second would go on for longer than a suite may take, were a condition's cost not counted.
TEST_CASE("XML Patch: what costs much is refused") {
  std::string document = R"(<a xmlns="http://hl7.org/fhir">)", operations;
  for (int i = 0; i < 50'000; ++i) document += R"(<b v="x"><c v="y"/></b>)";
  document += "</a>";
  for (int i = 0; i < 5'000; ++i) operations += R"(<add sel="f:a"><b/></add>)";
  CHECK(xml_patched(document, diff(operations)).find("too much work") != std::string::npos);
  CHECK(
      xml_patched(document,
                  diff(R"(<remove sel="//*[*[*[*[1]]]][contains(string(.),'x')][contains(concat(string(.),string(.)),'y')]"/>)"))
          .starts_with("! Operation 0"));
  // Few operations, but what they compare is much.
  std::string alternatives, comparing;
  for (int i = 0; i < 40; ++i) alternatives += std::string(i ? " or " : "") + "f:c[@v='z']";
  for (int i = 0; i < 50; ++i) comparing += "<remove sel=\"//f:b[" + alternatives + "]\"/>";
  CHECK(xml_patched(document, diff(comparing)) == "! The XML Patch asks for too much work");
  // Each letter of one long text is looked for in another.
  CHECK(xml_patched(R"(<a xmlns="http://hl7.org/fhir"/>)", diff(R"x(<remove sel="f:a[translate(@v, @w, 'x') = 'x']"/>)x"))
            .find("translate() takes texts") != std::string::npos);
}

// Each takes minutes where a namespace is looked for among all, or what is declared is copied for each element.
TEST_CASE("XML Patch: many namespaces cost what they are long") {
  constexpr int count = 200'000;
  const std::string document = R"(<a xmlns="http://hl7.org/fhir"/>)";
  std::string own, prefixes, elements, operations;
  for (int i = 0; i < count; ++i) {
    own += "<b xmlns='u" + std::to_string(i) + "'/>";
    elements += "<f:b/>";
    if (i < count / 4) prefixes += " xmlns:p" + std::to_string(i) + "='u'";
    operations += "<remove/>";
  }
  CHECK(xml_patched(document, "<diff><add sel='f:a'>" + own + "</add></diff>").find("<b xmlns=\"u199999\"/></a>") !=
        std::string::npos);
  CHECK(xml_patched(document, "<diff xmlns:f='http://hl7.org/fhir'" + prefixes + "><add sel='f:a'>" + elements + "</add></diff>")
            .ends_with("<b/><b/></a>"));
  CHECK(xml_patched(document, "<diff" + prefixes + ">" + operations + "</diff>") ==
        "! Operation 0: its sel '' is not taken: it is empty");
  // 1,000 bytes for each element
  CHECK(xml_patched(document, "<diff xmlns:f='" + std::string(1000, 'u') + "'><add sel='/*'>" + elements + "</add></diff>") ==
        "! The namespaces of what the XML Patch makes are too long");
}

TEST_CASE("XML Patch of a resource: decimals, extensions and the narrative it leaves alone stay as they were") {
  const auto tree = tests::resource_tree(
      R"({"resourceType":"Patient","id":"a","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><p title='x'>&quot;a&quot; &#160;</p><br/></div>"},"extension":[{"url":"urn:e","valueDecimal":1.50}],"active":true,"birthDate":"1970","_birthDate":{"id":"b"}})");
  const auto patched = [&](const std::string& operations) {
    return tests::patched(patch::parse_xml_patch(diff(operations)), tree);
  };
  CHECK(
      patched(R"(<replace sel="f:Patient/f:active/@value">false</replace>)") ==
      R"({"resourceType":"Patient","id":"a","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><p title='x'>&quot;a&quot; &#160;</p><br/></div>"},"extension":[{"url":"urn:e","valueDecimal":1.50}],"active":false,"birthDate":"1970","_birthDate":{"id":"b"}})");
  CHECK(patched(R"(<replace sel="f:Patient/f:text/h:div/h:p"><p xmlns="http://www.w3.org/1999/xhtml">new</p></replace>)")
            .find(R"(<p>new</p><br/></div>)") != std::string::npos);
  CHECK(patched(R"(<add sel="f:Patient"><hat value="1"/></add>)").starts_with("! "));
}

TEST_CASE("HL7's XML Patch cases") {
  const auto folder = tests::official_data("patch-tests");
  if (!folder) return;
  pugi::xml_document cases;
  REQUIRE(cases.load_file((*folder / "xml-patch-tests.xml").c_str(), pugi::parse_full));
  int count = 0;
  for (const auto each : cases.child("tests").children("case")) {
    ++count;
    INFO(each.attribute("name").value());
    const auto result = xml_patched(text_of(each.child("target")), [&] {
      std::ostringstream out;
      each.child("patch").print(out, "", pugi::format_raw);
      return out.str();
    }());
    INFO(result);
    if (each.child("error")) {
      CHECK(result.starts_with("! "));
    } else {
      CHECK(plain(result) == plain(text_of(each.child("patched"))));
    }
  }
  CHECK(count == 29);
}
