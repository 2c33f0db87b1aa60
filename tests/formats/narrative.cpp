// Narrative: what R4 allows in the XHTML of a div, row by row; what it forbids, with its place.

#include "resources-gen/formats/narrative.h"

#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "tests/formats/support.h"
#include "tests/support/data.h"

namespace {

using formats::NarrativeFault;
using model::Severity;

const std::string open_div = R"(<div xmlns="http://www.w3.org/1999/xhtml">)";
std::string div_of(const std::string& content) { return open_div + content + "</div>"; }

std::vector<NarrativeFault> faults_of(std::string_view text) {
  std::vector<NarrativeFault> faults;
  formats::check_narrative(text, faults);
  return faults;
}
std::string shown(const std::vector<NarrativeFault>& faults) {
  std::string text;
  for (const auto& fault : faults)
    text += (fault.severity == Severity::warning ? "warning " : "") + std::to_string(fault.offset) + ": " + fault.message + "\n";
  return text;
}

// What stands between <div ...> and </div>.
const char* const good[] = {
    "text",
    "<p>a <b>b</b> <i>i</i><br/><br /></p>",
    "<table class=\"grid\" border=\"0\" cellpadding=\"1\" style=\"color: red; background: "
    "url(data:image/png;base64,AAA=)\"><caption>c</caption>"
    "<colgroup><col width=\"1\"/></colgroup><thead><tr><th scope='col'>h</th></tr></thead><tbody><tr><td colspan=\"2\" "
    "valign=\"top\">d</td></tr></tbody></table>",
    "<a href=\"Patient/1\">x</a><a name=\"n\">y</a><a href=\"#n\">z</a><a href=\"http://x.org/?a=b&amp;c=d\">w</a><a "
    "href=\"mailto:a@b.c\">m</a><a href='urn:oid:1.2'>o</a>",
    "<img src=\"#pic\" alt=\"a picture\"/>",
    "<img src=\"data:image/png;base64,iVBORw0KGgo=\"/>",
    "<h1>1</h1><h6 id=\"x\">6</h6><hr/><dl><dt>t</dt><dd>d</dd></dl><ol start=\"3\"><li value=\"4\">l</li></ol>",
    "<blockquote cite=\"http://x.org\"><q>q</q><cite>c</cite></blockquote><pre>\n "
    "p\t</pre><sub>s</sub><sup>s</sup><tt>t</tt><var>v</var>",
    "&amp;&lt;&gt;&quot;&apos;&#160;&#xA0;&#x1F600;",
    "&#160;",
    "<span lang=\"de\" xml:lang=\"de\" dir=\"ltr\" title='say \"hi\"'>\xc3\xbc \xf0\x9f\x98\x80</span>",
    "<!-- a comment - with a dash -->x",
    "<p\n class = \"a\"\t>x</p >",
    "<div xmlns=\"http://www.w3.org/1999/xhtml\">again</div>",
    "a > b, ]] > c",
    "<p xmlns:v=\"urn:v\">x</p>",
};

struct Bad {
  const char* text;  // the whole div; one that does not begin with '<' or '?' is what stands within
  std::vector<const char*> says;
};

const Bad bad[] = {
    // Elements: R4 narrative.html#rules
    {"<script>alert(1)</script>", {"'script'"}},
    {"<SCRIPT>x</SCRIPT>", {"'SCRIPT'"}},
    {"<p>x<script src=\"http://x\"/></p><iframe src=\"http://y\">x</iframe>", {"'script'", "'iframe'"}},
    {"<form action=\"x\">x<input type=\"text\"/></form>", {"'form'", "'action'", "'input'"}},
    {"<object data=\"x\">x</object><embed/><applet>x</applet>", {"'object'", "'data'", "'embed'", "'applet'"}},
    {"<head><title>t</title></head><body>b</body>", {"'head'", "'title'", "'body'"}},
    {"<style>p{}</style>x", {"'style'"}},
    {"<link rel=\"stylesheet\" href=\"http://x/y.css\"/><base href=\"http://x\"/>x", {"'link'", "'base'"}},
    {"<font color=\"red\">x</font><center>x</center><u>x</u><strike>x</strike>",
     {"'font'", "'color'", "'center'", "'u'", "'strike'"}},
    {"<ins>x</ins><del>y</del>", {"'ins'", "'del'"}},
    {"<svg>x</svg><math>y</math><video>z</video><template>t</template>", {"'svg'", "'math'", "'video'", "'template'"}},
    {"<B>x</B>", {"lower case"}},
    {"<h:p xmlns:h=\"http://www.w3.org/1999/xhtml\">x</h:p>", {"'h:p'"}},
    {"<h7>x</h7>", {"'h7'"}},
    // Attributes
    {"<p onclick=\"x()\">x</p>", {"events"}},
    {"<p onClick='x()' ONLOAD=\"y\">x</p>", {"'onClick'", "'ONLOAD'"}},
    {"<p data-x=\"1\" aria-label=\"l\" role=\"r\">x</p>", {"'data-x'", "'aria-label'", "'role'"}},
    {"<p xml:base=\"http://x\" xml:id=\"i\" xlink:href=\"y\">x</p>", {"'xml:base'", "'xml:id'", "'xlink:href'"}},
    {"<a target=\"_blank\" href=\"x\">x</a>", {"'target'"}},
    {"<img srcset=\"x\" src=\"#a\"/>", {"'srcset'"}},
    // Links that run
    {"<a href=\"javascript:alert(1)\">x</a>", {"javascript:"}},
    {"<a href=\" JaVa\tScript:alert(1)\">x</a>", {"javascript:"}},
    {"<a href=\"&#106;avascript&#58;alert(1)\">x</a>", {"javascript:"}},
    {"<a href=\"java&#x0A;script&#x3a;alert(1)\">x</a>", {"javascript:"}},
    {"<a href='vbscript:x'>x</a><a href='data:text/html,x'>y</a>", {"vbscript:", "data:"}},
    {"<img src=\"javascript:x\"/>", {"javascript:"}},
    {"<blockquote cite=\"javascript:x\">x</blockquote><img longdesc=\"javascript:x\" src=\"#a\"/>", {"'cite'", "'longdesc'"}},
    {"<p style=\"width: Expression(alert(1))\">x</p>", {"expression("}},
    {"<p style=\"background:url(data:image/png;base64,AA==) url(JavaScript:x)\">x</p>", {"javascript"}},
    {"<p style=\"@import 'http://x'; -moz-binding:url(x)\">x</p>", {"@import"}},
    {"<p style=\"behavior:url(x.htc)\">x</p>", {"behavior"}},
    // Not XHTML at all
    {"?text", {"not a div"}},
    {"?<p xmlns=\"http://www.w3.org/1999/xhtml\">x</p>", {"not a div"}},
    {"?<divx xmlns=\"http://www.w3.org/1999/xhtml\">x</divx>", {"not a div"}},
    {"?<?xml version=\"1.0\"?><div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>", {"not a div"}},
    {"?<!DOCTYPE html><div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>", {"not a div"}},
    {"?<div>x</div>", {"namespace"}},
    {"?<div xmlns=\"http://www.w3.org/1999/html\">x</div>", {"namespace"}},
    {"<p xmlns=\"http://www.w3.org/2000/svg\">x</p>", {"svg"}},
    {"?<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div><div>y</div>", {"behind the end"}},
    {"?<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>y", {"behind the end"}},
    {"?<div xmlns=\"http://www.w3.org/1999/xhtml\">x", {"'div' is not closed"}},
    {"?<div xmlns=\"http://www.w3.org/1999/xhtml\"", {"does not end"}},
    {"?<div xmlns=\"http://www.w3.org/1999/xhtml", {"does not end"}},
    {"?<div xmlns=\"http://www.w3.org/1999/xhtml\"/", {"before '>'"}},
    {"?<div", {"does not end"}},
    {"?<", {"not a div"}},
    {"?<div title=\"a>b\" xmlns=\"http://www.w3.org/1999/xhtml\">x</div>", {"'>'"}},
    {"<p>x", {"'div' stands where 'p' is open"}},
    {"<b><i>x</b></i>", {"'b' stands where 'i' is open"}},
    {"<br>x", {"'div' stands where 'br' is open"}},
    {"a < b", {"&lt;"}},
    {"a & b", {"&amp;"}},
    {"a &b", {"&amp;"}},
    {"&nbsp;&copy;", {"&nbsp;", "&copy;"}},
    {"&#0;&#xFFFE;&#xD800;&#x110000;&#;&#x;&#1a;", {"&#0;", "&#xFFFE;", "&#xD800;", "&#x110000;", "&#;", "&#x;", "&#1a;"}},
    {"<p class=a>x</p>", {"not in quotes"}},
    {"<p class>x</p>", {"no value"}},
    {"<p class=\"a\"id=\"b\">x</p>", {"white space"}},
    {"<p class=\"a\" class=\"b\">x</p>", {"twice"}},
    {"<p title=\"<\">x</p>", {"&lt;"}},
    {"<p title=\"&\">x</p>", {"&amp;"}},
    {"<p =\"a\">x</p>", {"no attribute"}},
    {"<![CDATA[<script>x</script>]]>", {"CDATA"}},
    {"<!ENTITY x \"y\">", {"Declarations"}},
    {"<?php x ?>", {"Processing"}},
    {"<!-- a -- b -->x", {"'--'"}},
    {"<!--> <script>x</script> -->x", {"'>'"}},
    {"<!---><script>x</script>-->x", {"'->'"}},
    {"<!-- x", {"does not end"}},
    {"x]]>y", {"']]>'"}},
    {"</p>", {"'p' stands where 'div' is open"}},
    {"<p></p x>", {"end tag"}},
    {"<>x</>", {"&lt;"}},
    // Namespaces in XML 1.0, and characters that XML has no place for
    {"<p xmlns:v=\"a\" xmlns:v=\"b\">x</p>", {"well-formed"}},
    {"<p xmlns:=\"a\">x</p>", {"well-formed"}},
    {"<p xmlns:v=\"\">x</p>", {"well-formed"}},
    {"<p xmlns:xml=\"urn:x\">x</p>", {"well-formed"}},
    {"<p xmlns:xmlns=\"urn:x\">x</p>", {"well-formed"}},
    {"<p xmlns:1a=\"urn:x\">x</p>", {"well-formed"}},
    {"<p xmlns:a:b=\"urn:x\">x</p>", {"well-formed"}},
    {"x\xef\xbf\xbe", {"well-formed"}},
    {"<p title=\"\xef\xbf\xbf\">x</p>", {"well-formed"}},
    {"x<!-- \xef\xbf\xbf -->", {"well-formed"}},
    // Nothing in it: txt-2
    {"", {"empty"}},
    {"<p/><br/><!-- x --><img alt=\"x\"/>", {"empty"}},
    {"?<div xmlns=\"http://www.w3.org/1999/xhtml\"/>", {"empty"}},
};

}  // namespace

TEST_CASE("narrative that R4 allows") {
  for (const char* content : good) {
    INFO(content);
    CHECK(shown(faults_of(div_of(content))) == "");
  }
  CHECK(shown(faults_of(" \n" + div_of("x") + "\n")) == "");
  CHECK(shown(faults_of(R"(<div lang="en" class='c' xmlns='http://www.w3.org/1999/xhtml'>x</div>)")) == "");
}

TEST_CASE("narrative that R4 forbids: each fault is named, at its place") {
  for (const Bad& row : bad) {
    INFO(row.text);
    const bool whole = *row.text == '?';
    const auto text = whole ? std::string(row.text + 1) : div_of(row.text);
    const auto faults = faults_of(text);
    INFO(shown(faults));
    CHECK(faults.size() == row.says.size());
    for (std::size_t i = 0; i < std::min(faults.size(), row.says.size()); ++i) {
      CHECK(faults[i].message.find(row.says[i]) != std::string::npos);
      CHECK(faults[i].severity == Severity::error);
      CHECK(faults[i].offset <= text.size());
    }
  }
  const auto faults = faults_of(div_of("<p>x</p><u onclick=\"y\">z</u>"));
  REQUIRE(faults.size() == 2);
  CHECK(faults[0].offset == open_div.size() + 8);
  CHECK(faults[1].offset == open_div.size() + 11);
}

TEST_CASE("declarations of prefixes are few, and count no deeper than names do") {
  std::string tags;
  for (int i = 0; i < 254; ++i) tags += "<b>";
  std::string ends;
  for (int i = 0; i < 254; ++i) ends += "</b>";
  CHECK(shown(faults_of(div_of("<p xmlns:v=\"urn:v\">x</p>" + tags + "x<br/>" + ends))) == "");
  std::string many;
  for (int i = 0; i < 101; ++i) many += " xmlns:v" + std::to_string(i) + "=\"urn:v\"";
  const auto faults = faults_of(div_of("<p" + many + ">x</p>"));
  REQUIRE(faults.size() == 1);
  CHECK(faults[0].code == model::IssueCode::too_costly);
}

TEST_CASE("narrative that is only remarked on") {
  for (const char* content : {" \n ", "<p> </p>", "&#32;<pre>\n</pre>", "<img src=\"http://x.org/y.png\"/>",
                              "<img src=\"y.png\"/>x", "<img src=\"//x.org/y.png\"/>x"}) {
    INFO(content);
    const auto faults = faults_of(div_of(content));
    REQUIRE(faults.size() == 1);
    CHECK(faults[0].severity == Severity::warning);
  }
}

TEST_CASE("the reader refuses a narrative with its path, line and column") {
  const auto lines = [](const std::string& json) { return tests::issue_lines(formats::read_json(json, model::r4()).issues); };
  const auto read = formats::read_json(
      "{\"resourceType\":\"Patient\",\n \"text\":{\"status\":\"generated\",\"div\":\"<div "
      "xmlns=\\\"http://www.w3.org/1999/xhtml\\\">\\u00fc<u>x</u></div>\"}}",
      model::r4());
  CHECK(!read.ok());
  CHECK(!read.tree.empty());
  REQUIRE(read.issues.size() == 1);
  const auto& issue = *read.issues.begin();
  CHECK(issue.expression == "Patient.text.div");
  CHECK(issue.code == model::IssueCode::invariant);
  CHECK(issue.line == 2);
  CHECK(issue.column ==
        std::string(R"( "text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">\u00fc)").size() + 1);
  const auto section = lines(
      R"({"resourceType":"Composition","status":"final","type":{"text":"t"},"date":"2020","author":[{"display":"a"}],"title":"t",)"
      R"("section":[{"title":"a"},{"text":{"status":"generated","div":"<div>x"}}]})");
  REQUIRE(section.size() == 2);
  CHECK(section[0].starts_with("Composition.section[1].text.div|invariant|"));
  CHECK(section[1].starts_with("Composition.section[1].text.div|structure|"));
  const auto warned = formats::read_json(
      R"({"resourceType":"Patient","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"> </div>"}})",
      model::r4());
  CHECK(warned.ok());
  CHECK(warned.issues.size() == 1);
}

TEST_CASE("hostile narratives cost little and are answered briefly") {
  const auto repeated = [](std::string_view text, std::size_t times) {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) out += text;
    return out;
  };
  const std::string texts[] = {
      div_of(repeated("<p>", 500'000)),
      div_of(repeated("<x y='z'>", 200'000)),
      div_of(repeated("<u/>", 300'000)),
      div_of(repeated("&nbsp;", 300'000)),
      div_of(repeated("&", 300'000)),
      div_of(repeated("<!--", 300'000)),
      div_of("<p style=\"" + repeated("url(data:image/", 100'000) + "\">x</p>"),
      div_of("<p style=\"" + repeated("expression", 100'000) + "\">x</p>"),
      div_of("<a href=\"" + repeated("&#32;", 200'000) + "\">x</a>"),
      div_of("<a href=\"" + repeated("j", 1'000'000) + "\">x</a>"),
      div_of(repeated("<img src=\"http://x\"/>", 100'000)),
      "<div " + repeated("a", 1'000'000) + "=\"\">",
      "<div" + repeated(" class=\"x\"", 100'000) + ">",
      "<" + repeated("div", 300'000),
  };
  for (const auto& text : texts) {
    const auto faults = faults_of(text);
    CHECK(faults.size() <= 23);
    for (const auto& fault : faults) CHECK(fault.message.size() < 400);
  }
  CHECK(shown(faults_of(div_of(repeated("<b>", 255) + "x" + repeated("</b>", 255)))) == "");
  CHECK(faults_of(div_of(repeated("<b>", 256) + "x" + repeated("</b>", 256))).at(0).code == model::IssueCode::too_costly);
}

TEST_CASE("no narrative, however broken, is read beyond its end") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const std::string pieces[] = {"<",   ">",    "/",     "&",      ";",           "#",    "\"",    "'",
                                "=",   " ",    "div",   "p",      "a",           "href", "style", "src",
                                "img", "<!--", "-->",   "]]>",    "javascript:", "url(", "xmlns", "http://www.w3.org/1999/xhtml",
                                "x",   "\n",   "&amp;", "</div>", "<p>",         "</p>"};
  for (int round = 0; round < 20'000; ++round) {
    std::string text = random() % 2 ? open_div : "";
    for (auto left = random() % 12; left > 0; --left) text += pieces[random() % std::size(pieces)];
    const std::vector<char> exact(text.begin(), text.end());  // so that a sanitizer sees a read past its end
    for (const auto& fault : faults_of({exact.data(), exact.size()})) CHECK(fault.offset <= exact.size());
  }
  // Of a good one every beginning is bad.
  for (const char* content : good) {
    const auto text = div_of(content);
    for (std::size_t size = 0; size < text.size(); ++size) {
      const std::vector<char> exact(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size));
      CHECK(!faults_of({exact.data(), exact.size()}).empty());
    }
  }
}

TEST_CASE("the narratives of the official examples are taken, and those that are not quite right are remarked on") {
  const auto folder = tests::official_data("r4-examples-json");
  if (!folder) return;
  std::size_t divs = 0;
  std::set<std::string> blank, elsewhere;
  for (const auto& path : tests::files_of(*folder, ".json")) {
    const auto read = formats::read_json(tests::file_text(path), model::r4());
    for (model::NodeIndex i = 0; i < read.tree.size(); ++i) {
      const model::NodeRef node(read.tree, i);
      if (node.primitive() != model::Primitive::xhtml) continue;
      ++divs;
      for (const auto& fault : faults_of(node.text())) {
        INFO(path.filename().string() << ": " << fault.message);
        CHECK(fault.severity == Severity::warning);
        (fault.message.starts_with("The image") ? elsewhere : blank).insert(path.stem());
      }
    }
  }
  CHECK(divs > 2900);
  CHECK(blank == std::set<std::string>{"activitydefinition-servicerequest-example", "activitydefinition-supplyrequest-example",
                                       "eventdefinition-example", "questionnaire-zika-virus-exposure-assessment"});
  CHECK(elsewhere.contains("media-example-dicom"));
  CHECK(elsewhere.contains("consent-example-pkb"));
}
