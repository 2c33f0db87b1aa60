#include "resources-gen/formats/narrative.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "resources-gen/formats/json_strings.h"
#include "resources-gen/formats/xhtml_names.h"
#include "resources-gen/formats/xhtml_values.h"
#include "resources-gen/formats/xml_narrative.h"
#include "resources-gen/formats/xml_scan.h"

namespace formats {
namespace {

using model::IssueCode;
using model::Severity;

constexpr std::size_t most_faults = 20;
constexpr std::size_t deepest = 256;        // nesting of elements
constexpr std::size_t most_prefixes = 100;  // declared in one div

constexpr std::uint8_t attribute_href = xhtml_attributes.find("href"), attribute_src = xhtml_attributes.find("src"),
                       attribute_cite = xhtml_attributes.find("cite"), attribute_longdesc = xhtml_attributes.find("longdesc"),
                       attribute_style = xhtml_attributes.find("style"), attribute_xmlns = xhtml_attributes.find("xmlns");
constexpr std::uint8_t element_img = xhtml_elements.find("img");
constexpr std::uint8_t unknown = decltype(xhtml_elements)::none;
static_assert(xhtml_attributes.find("xmlns") < 64);

enum CharClass : std::uint8_t { name_start = 1, name_more = 2, space = 4 };
constexpr std::array<std::uint8_t, 256> char_classes = [] {
  std::array<std::uint8_t, 256> classes{};
  for (int c = 0; c < 256; ++c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' || c >= 0x80;
    const bool more = letter || (c >= '0' && c <= '9') || c == '-' || c == '.';
    classes[static_cast<std::size_t>(c)] = static_cast<std::uint8_t>(
        (letter ? name_start : 0) | (more ? name_more : 0) | (c == ' ' || c == '\t' || c == '\n' || c == '\r' ? space : 0));
  }
  return classes;
}();
bool is(char c, CharClass what) { return (char_classes[static_cast<unsigned char>(c)] & what) != 0; }

class Checker {
 public:
  Checker(std::string_view text, std::vector<NarrativeFault>& faults)
      : begin_(text.data()), at_(text.data()), end_(text.data() + text.size()), faults_(faults), before_(faults.size()) {}

  void run() {
    skip_space();
    if (at_ == end_ || *at_ != '<' || !starts_with("<div") || (at_ + 4 < end_ && is(at_[4], name_more))) {
      return fault(IssueCode::invariant, at_, "The narrative is not a div element of XHTML");
    }
    while (at_ < end_ && going_ && (depth_ > 0 || !begun_)) step();
    if (!going_) return;
    skip_space();
    if (depth_ > 0) {
      return fault(IssueCode::structure, end_,
                   fmt::format("The element {} is not closed", quoted(open_[depth_ - 1].name().text)));
    }
    if (at_ != end_) return fault(IssueCode::structure, at_, "There is something behind the end of the div");
    if (declared_ > 0 || has_noncharacter({begin_, static_cast<std::size_t>(end_ - begin_)})) check_as_xml();
    // R4 txt-2. Four of R4's own examples have white space and nothing else; that is said, and let pass.
    if (content_ == Content::none) {
      fault(IssueCode::invariant, begin_, "The div is empty; it shall have some content: text or an image (txt-2)");
    } else if (content_ == Content::blank) {
      remark(begin_, "The div has only white space in it; it shall have some other content (txt-2)");
    }
  }

 private:
  // What is rare and has rules of its own is for XML's own parser.
  void check_as_xml() {
    struct Ignore final : XmlEvents {
      void start(const XmlTag&) override {}
      void end(QualifiedName, std::size_t, bool) override {}
      void text(std::string_view, std::size_t) override {}
      void declared(std::string_view, std::string_view) override {}
    } ignore;
    const auto found = scan_xml({begin_, static_cast<std::size_t>(end_ - begin_)}, ignore, deepest + 1);
    if (!found.message.empty()) stop(begin_ + found.offset, found.message);
  }

  struct Open {  // a name, but not made before it is needed
    const char* begin;
    std::size_t size;
    std::uint64_t tail;
    XmlName name() const { return {{begin, size}, tail}; }
  };
  enum class Content : std::uint8_t { none, blank, some };

  // Text up to the next tag, and that tag.
  void step() {
    const char* const from = at_;
    at_ = find_any(at_, end_, '<', '&', '>');
    if (at_ != from && content_ != Content::some) note_text(from);
    if (at_ == end_) return;
    if (*at_ == '&') return reference();
    if (*at_ == '>') {
      if (at_ - from >= 2 && at_[-1] == ']' && at_[-2] == ']') return stop(at_ - 2, "']]>' cannot stand in text");
      ++at_;
      content_ = Content::some;
      return;
    }
    const char next = at_ + 1 < end_ ? at_[1] : '\0';
    if (next == '/') return end_tag();
    if (next == '!') return comment();
    if (next == '?') return stop(at_, "Processing instructions are forbidden");
    start_tag();
  }

  void note_text(const char* from) {
    content_ = std::max(content_, Content::blank);
    for (; from < at_; ++from) {
      if (!is(*from, space)) {
        content_ = Content::some;
        return;
      }
    }
  }

  void start_tag() {
    const char* const tag = at_++;
    const XmlName name = take_name();
    if (name.text.empty()) return stop(tag, "'<' begins a tag; in text it is written &lt;");
    const std::uint8_t number = xhtml_elements.find(name);
    if (number == unknown) refuse_element(tag, name.text);
    std::uint64_t seen = 0;
    while (going_) {
      const bool spaced = at_ < end_ && is(*at_, space);
      skip_space();
      if (at_ == end_) return stop(tag, fmt::format("The tag of {} does not end", quoted(name.text)));
      if (*at_ == '>' || *at_ == '/') break;
      if (!spaced) return stop(at_, fmt::format("In the tag of {} white space is missing", quoted(name.text)));
      attribute(number, seen);
    }
    if (!going_) return;
    const bool root = depth_ == 0;
    if (root && !((seen >> attribute_xmlns) & 1)) {
      fault(IssueCode::invariant, tag,
            "The div is not in the namespace of XHTML: it needs xmlns=\"http://www.w3.org/1999/xhtml\"");
    }
    if (number == element_img && ((seen >> attribute_src) & 1)) content_ = Content::some;
    begun_ = true;
    if (*at_ == '/') {
      if (++at_ == end_ || *at_ != '>') return stop(at_, "'/' stands before '>' only");
      ++at_;
      return;
    }
    ++at_;
    if (depth_ == deepest) return stop(tag, fmt::format("Elements are nested deeper than {}", deepest), IssueCode::too_costly);
    open_[depth_++] = {name.text.data(), name.text.size(), name.tail};
  }

  void end_tag() {
    const char* const tag = at_;
    at_ += 2;
    const XmlName name = take_name();
    skip_space();
    if (at_ == end_ || *at_ != '>') return stop(tag, "An end tag does not end with '>'");
    ++at_;
    const XmlName top = open_[depth_ - 1].name();
    if (!(top == name)) {
      return stop(tag, fmt::format("The end tag of {} stands where {} is open", quoted(name.text), quoted(top.text)));
    }
    --depth_;
  }

  // Only what a browser, which reads it as HTML, ends at the same place.
  void comment() {
    const char* const from = at_;
    if (!starts_with("<!--")) {
      return stop(at_, starts_with("<![CDATA[") ? "CDATA sections are forbidden: HTML has none" : "Declarations are forbidden");
    }
    const std::string_view rest(at_ + 4, static_cast<std::size_t>(end_ - at_ - 4));
    const auto dashes = rest.find("--");
    if (dashes == std::string_view::npos) return stop(from, "A comment does not end");
    if (!rest.substr(dashes).starts_with("-->")) return stop(at_ + 4 + dashes, "'--' cannot stand in a comment");
    if (rest.starts_with('>') || rest.starts_with("->")) return stop(from, "A comment cannot begin with '>' or '->'");
    at_ += 4 + dashes + 3;
  }

  // &amp; or &#160;: XML has no others. Sets code_ to the character.
  void reference() {
    const char* const from = at_;
    const std::string_view rest(at_ + 1, static_cast<std::size_t>(end_ - at_ - 1));
    const auto semicolon = rest.substr(0, 12).find(';');
    const auto name = rest.substr(0, semicolon == std::string_view::npos ? 0 : semicolon);
    code_ = name.empty() ? 0 : referenced(name);
    if (code_ == 0) {
      if (name.empty()) return stop(from, "'&' begins a reference, which ends with ';'; in text it is written &amp;");
      fault(IssueCode::structure, from,
            fmt::format("&{}; is none of XML's: use the character itself, or its number as in &#160;", shown(name)));
    }
    if (code_ != ' ' && code_ != '\t' && code_ != '\n' && code_ != '\r') content_ = Content::some;
    at_ += name.size() + 2;
  }

  void attribute(std::uint8_t element, std::uint64_t& seen) {
    const char* const from = at_;
    const XmlName taken = take_name();
    const std::string_view name = taken.text;
    if (name.empty()) return stop(from, "A tag has something in it that is no attribute");
    skip_space();
    if (at_ == end_ || *at_ != '=') return stop(from, fmt::format("The attribute {} has no value", quoted(name)));
    ++at_;
    skip_space();
    if (at_ == end_ || (*at_ != '"' && *at_ != '\'')) {
      return stop(from, fmt::format("The value of the attribute {} is not in quotes", quoted(name)));
    }
    const char quote = *at_++;
    const char* const value = at_;
    bool references = false;
    for (;;) {
      at_ = find_any(at_, end_, quote, '<', '&');
      if (at_ == end_) return stop(from, fmt::format("The value of the attribute {} does not end", quoted(name)));
      if (*at_ == quote) break;
      if (*at_ == '<') return stop(at_, "'<' cannot stand in an attribute; it is written &lt;");
      references = true;
      const Content kept = content_;  // an attribute is no content
      reference();
      content_ = kept;
      if (!going_) return;
    }
    const std::string_view text(value, static_cast<std::size_t>(at_ - value));
    ++at_;
    // R4 narrative.html: in JSON the content is what stands between the first '>' and the last '<'.
    if (depth_ == 0 && text.find('>') != std::string_view::npos) {
      fault(IssueCode::invariant, from,
            fmt::format("The attribute {} of the div has a '>' in it; it is written &gt;", quoted(name)));
    }
    const std::uint8_t number = xhtml_attributes.find(taken);
    if (number == unknown) return refuse_attribute(from, name);
    if ((seen >> number) & 1) return stop(from, fmt::format("The attribute {} stands there twice", quoted(name)));
    seen |= std::uint64_t{1} << number;
    if (number == attribute_xmlns) {
      if (text != xhtml_namespace) {
        fault(IssueCode::invariant, from, fmt::format("The namespace {} is not that of XHTML", quoted(text)));
      }
    } else if (number == attribute_style) {
      if (const auto found = active_style(text); !found.what.empty()) {
        fault(IssueCode::invariant, found.at,
              fmt::format("A style has {} in it, which is active or external content", quoted(found.what)));
      }
    } else if (number == attribute_href || number == attribute_cite || number == attribute_longdesc || number == attribute_src) {
      check_link(name, text, references, element == element_img && number == attribute_src);
    }
  }

  void check_link(std::string_view attribute, std::string_view text, bool references, bool image) {
    static constexpr std::array<std::string_view, 4> active{"javascript", "vbscript", "livescript", "mocha"};
    std::array<char, 16> buffer;
    const auto name = link_scheme(text, references, buffer);
    const bool script = std::find(active.begin(), active.end(), name) != active.end();
    // A data: URL is a document of its own where it is followed; as an image it runs nothing.
    if (script || (name == "data" && !image)) {
      return fault(IssueCode::invariant, text.data(),
                   fmt::format("{} is a link of the scheme {}:, which is active content (txt-1)", quoted(attribute), name));
    }
    if (image && name != "data" && !text.starts_with('#')) {
      remark(text.data(),
             fmt::format("The image {} is not in the resource: a reader may not have it, and who holds it may see who "
                         "reads; it should be a data: URL or a contained resource",
                         quoted(text)));
    }
  }

  void refuse_element(const char* tag, std::string_view name) {
    for (const auto& row : refused_elements) {
      if (equal_lower(name, row.name)) {
        return fault(IssueCode::invariant, tag,
                     fmt::format("The element {} cannot stand in a narrative: {} (txt-1)", quoted(name), row.why));
      }
    }
    const bool upper = std::any_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    fault(IssueCode::invariant, tag,
          fmt::format("The element {} cannot stand in a narrative{} (txt-1)", quoted(name),
                      upper ? ": the names of XHTML are in lower case" : ""));
  }

  void refuse_attribute(const char* from, std::string_view name) {
    if (name.starts_with("xmlns:")) {  // says nothing: names with its prefix are refused
      if (++declared_ > most_prefixes) {
        stop(from, fmt::format("More than {} prefixes are declared", most_prefixes), IssueCode::too_costly);
      }
      return;
    }
    const bool event = name.size() > 2 && equal_lower(name.substr(0, 2), "on");
    fault(IssueCode::invariant, from,
          fmt::format("The attribute {} cannot stand in a narrative{} (txt-1)", quoted(name),
                      event ? ": it is for events, and they are forbidden" : ""));
  }

  XmlName take_name() {
    XmlName name;
    const char* const from = at_;
    if (at_ < end_ && is(*at_, name_start)) {
      while (at_ < end_ && is(*at_, name_more)) name.add(*at_++);
    }
    name.text = {from, static_cast<std::size_t>(at_ - from)};
    return name;
  }
  void skip_space() {
    while (at_ < end_ && is(*at_, space)) ++at_;
  }
  bool starts_with(std::string_view what) const {
    return std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(what);
  }

  // A client's text, cut at a character's beginning.
  static std::string_view shown(std::string_view text) {
    std::size_t size = std::min<std::size_t>(text.size(), 60);
    if (size < text.size()) {
      while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
    }
    return text.substr(0, size);
  }
  static std::string quoted(std::string_view text) { return "'" + std::string(shown(text)) + (text.size() > 60 ? "...'" : "'"); }

  void add(Severity severity, IssueCode code, const char* at, std::string message) {
    faults_.push_back({static_cast<std::uint32_t>(at - begin_), severity, code, std::move(message)});
    if (faults_.size() - before_ >= most_faults) going_ = false;
  }
  void fault(IssueCode code, const char* at, std::string message) { add(Severity::error, code, at, std::move(message)); }
  void remark(const char* at, std::string message) {
    if (remarks_++ < 3) add(Severity::warning, IssueCode::invariant, at, std::move(message));
  }
  // Nothing can be said of what follows.
  void stop(const char* at, std::string message, IssueCode code = IssueCode::structure) {
    fault(code, at, (code == IssueCode::structure ? "The narrative is not well-formed XHTML: " : "") + std::move(message));
    going_ = false;
  }

  const char* const begin_;
  const char* at_;
  const char* const end_;
  std::vector<NarrativeFault>& faults_;
  const std::size_t before_;
  std::size_t remarks_ = 0;
  Content content_ = Content::none;
  bool going_ = true;
  std::size_t declared_ = 0;  // prefixes
  bool begun_ = false;        // the div's own tag has been read
  std::uint32_t code_ = 0;
  std::size_t depth_ = 0;
  std::array<Open, deepest> open_;  // the elements that are open: [0, depth_)
};

}  // namespace

void check_narrative(std::string_view div, std::vector<NarrativeFault>& faults) { Checker(div, faults).run(); }

std::string attribute_value(std::string_view written) {
  std::string out;
  while (!written.empty()) {
    const auto from = std::min(written.find('&'), written.size());
    out.append(written.substr(0, from));
    written.remove_prefix(from);
    if (written.empty()) break;
    const auto semicolon = written.find(';');
    const auto code = semicolon == std::string_view::npos ? 0 : referenced(written.substr(1, semicolon - 1));
    if (code != 0) {
      append_utf8(out, code);
    } else {
      out += '&';
    }
    written.remove_prefix(code != 0 ? semicolon + 1 : 1);
  }
  return out;
}

std::string written_attribute(std::string_view value) {
  std::string out;
  append_xml_attribute(out, value);
  for (auto at = out.find('\''); at != std::string::npos; at = out.find('\'', at)) out.replace(at, 1, "&#39;");
  return out;
}

}  // namespace formats
