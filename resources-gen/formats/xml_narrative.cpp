#include "resources-gen/formats/xml_narrative.h"

#include <algorithm>

namespace formats {
namespace {

constexpr std::uint32_t deepest = 1000;    // what the reader takes within a document
constexpr std::size_t most_prefixes = 16;  // looked for each on its own

// What a div is, seen alone.
class DivCheck : public XmlEvents {
 public:
  void start(const XmlTag& tag) override {
    if (depth_++ != 0) return;
    begin_ = tag.begin;
    is_xhtml_ = tag.name.local == "div" && tag.name.space == xhtml_namespace;
    lacks_namespace_ = tag.name.local == "div" && tag.name.space.empty();
  }
  void end(QualifiedName, std::size_t stop, bool) override {
    if (--depth_ == 0) stop_ = stop;
  }
  void text(std::string_view, std::size_t) override {}
  void declared(std::string_view, std::string_view) override {}

  std::uint32_t depth_ = 0;
  std::size_t begin_ = 0, stop_ = 0;
  bool is_xhtml_ = false, lacks_namespace_ = false;
};

// A div that stands alone, written anew.
class DivRewriter : public XmlEvents {
 public:
  explicit DivRewriter(std::string_view div) : reader(div, true) {}
  void start(const XmlTag& tag) override { reader.start(tag); }
  void end(QualifiedName name, std::size_t stop, bool empty_tag) override { reader.end(name, stop, empty_tag); }
  void text(std::string_view piece, std::size_t) override { reader.text(piece); }
  void declared(std::string_view, std::string_view) override {}

  NarrativeReader reader;
};

// At the front of `text`: U+FFFE, U+FFFF.
bool is_noncharacter(std::string_view text) { return text.starts_with("\xef\xbf\xbe") || text.starts_with("\xef\xbf\xbf"); }

constexpr std::string_view replacement = "\xef\xbf\xbd";

void append_escaped(std::string& out, std::string_view text, bool attribute) {
  std::size_t from = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    std::string_view instead;
    std::size_t size = 1;
    switch (c) {
      case '&':
        instead = "&amp;";
        break;
      case '<':
        instead = "&lt;";
        break;
      case '>':
        instead = "&gt;";
        break;
      case '"':
        if (attribute) instead = "&quot;";
        break;
      case '\t':
        if (attribute) instead = "&#9;";
        break;
      case '\n':
        if (attribute) instead = "&#10;";
        break;
      case '\r':
        instead = "&#13;";
        break;
      case 0xef:
        if (is_noncharacter(text.substr(i))) {
          instead = replacement;
          size = 3;
        }
        break;
      default:
        if (c < 0x20) instead = replacement;
    }
    if (instead.empty()) continue;
    out.append(text, from, i - from).append(instead);
    from = i + size;
    i = from - 1;
  }
  out.append(text, from);
}

}  // namespace

bool has_noncharacter(std::string_view text) {
  constexpr std::string_view start = "\xef\xbf";
  for (auto at = text.find(start); at != std::string_view::npos; at = text.find(start, at + start.size())) {
    if (is_noncharacter(text.substr(at))) return true;
  }
  return false;
}

void append_xml_text(std::string& out, std::string_view text) { append_escaped(out, text, false); }
void append_xml_attribute(std::string& out, std::string_view value) { append_escaped(out, value, true); }

void NarrativeReader::declared(std::string_view prefix) {
  if (depth_ == 0 && !prefix.empty()) declared_.emplace_back(prefix);
}

void NarrativeReader::passed() {
  for (auto& prefix : declared_) {
    if (std::find(prefixes_.begin(), prefixes_.end(), prefix) != prefixes_.end()) continue;
    if (prefixes_.size() == most_prefixes) prefix.clear();  // then any colon is a prefix's, perhaps
    if (prefixes_.size() <= most_prefixes) prefixes_.push_back(std::move(prefix));
  }
  declared_.clear();
}

// Whether the div's bytes may have a prefix in them that was declared outside.
bool NarrativeReader::borrows(std::string_view bytes) const {
  return std::any_of(prefixes_.begin(), prefixes_.end(),
                     [&](const std::string& prefix) { return bytes.find(prefix + ":") != std::string_view::npos; });
}

void NarrativeReader::start(const XmlTag& tag) {
  const auto note = [&](const QualifiedName& name, std::string_view what) {
    if (!anew_ || !stranger_.empty()) return;
    stranger_ = "the " + std::string(what) + " '" + std::string(name.local) + "' of " +
                (name.space.empty() ? "no namespace" : "the namespace '" + std::string(name.space) + "'");
  };
  declared_.clear();  // by the div itself
  if (depth_++ == 0) {
    begin_ = tag.begin;
    const bool prefixed = !document_.substr(begin_ + 1).starts_with(tag.name.local);
    alone_ = !prefixed && tag.declares_default && !always_anew_;
    anew_ = !alone_ || !prefixes_.empty();
    written_.clear();
  }
  if (tag.name.space != xhtml_namespace) note(tag.name, "element");
  if (anew_) written_.append("<").append(tag.name.local);
  if (anew_ && depth_ == 1) written_.append(" xmlns=\"").append(xhtml_namespace).append("\"");
  for (const XmlAttribute& attribute : tag.attributes) {
    const bool reserved = attribute.name.space == xml_namespace;
    if (!reserved && !attribute.name.space.empty()) note(attribute.name, "attribute");
    if (!anew_) continue;
    written_.append(reserved ? " xml:" : " ").append(attribute.name.local).append("=\"");
    append_xml_attribute(written_, attribute.value);
    written_ += '"';
  }
  if (anew_) written_ += '>';
}

void NarrativeReader::text(std::string_view piece) {
  if (anew_) append_xml_text(written_, piece);
}

bool NarrativeReader::end(QualifiedName name, std::size_t stop, bool empty_tag) {
  --depth_;
  if (anew_ && empty_tag) {
    written_.insert(written_.size() - 1, "/");
  } else if (anew_) {
    written_.append("</").append(name.local).append(">");
  }
  if (depth_ != 0) return false;
  const auto bytes = document_.substr(begin_, stop - begin_);
  if (anew_ && alone_ && !borrows(bytes)) {
    anew_ = false;
    stranger_.clear();
  }
  div_ = anew_ ? std::string_view(written_) : bytes;
  if (!anew_ && (div_.find("<![CDATA[") != std::string_view::npos || div_.find("<?") != std::string_view::npos)) {
    DivRewriter rewriter(div_);
    scan_xml(div_, rewriter, deepest);
    written_ = rewriter.reader.div();
    div_ = written_;
    anew_ = true;
  }
  return true;
}

// Never fails: a div that is no XML at all (an entity of HTML, a tag not closed) is shown as the text that it is.
void append_narrative(std::string& out, std::string_view div) {
  DivCheck check;
  const bool well_formed = scan_xml(div, check, deepest).message.empty();
  const std::string_view element = div.substr(check.begin_, check.stop_ - check.begin_);
  if (well_formed && check.is_xhtml_) {
    out += element;
  } else if (well_formed && check.lacks_namespace_) {
    constexpr std::string_view tag = "<div";
    out.append(tag).append(" xmlns=\"").append(xhtml_namespace).append("\"").append(element.substr(tag.size()));
  } else {
    out.append("<div xmlns=\"").append(xhtml_namespace).append("\">");
    append_xml_text(out, div);
    out += "</div>";
  }
}

}  // namespace formats
