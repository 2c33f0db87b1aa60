// The names that R4 has in narrative: elements, attributes, and the schemes that no link may have.
//
// Internal to formats. The lists are those of R4's invariant txt-1, and xml:lang and xml:space, which R4's fhir-xhtml.xsd has.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace formats {

// A name with its last eight bytes as a number, made while it is read: that and its length tell short names apart.
struct XmlName {
  std::string_view text;
  std::uint64_t tail = 0;

  static constexpr XmlName of(std::string_view text) {
    XmlName name{text};
    for (const char c : text) name.add(c);
    return name;
  }
  constexpr void add(char c) { tail = tail << 8 | static_cast<unsigned char>(c); }
  constexpr bool operator==(const XmlName& other) const {
    return tail == other.tail && text.size() == other.text.size() && (text.size() <= 8 || text == other.text);
  }
};

// A set of names, each at its number; found by a hash made when compiling.
template <std::size_t count>
class NameSet {
 public:
  static constexpr std::uint8_t none = 0xff;

  constexpr explicit NameSet(const std::array<std::string_view, count>& names) {
    for (auto& slot : slots_) slot = none;
    for (std::size_t i = 0; i < count; ++i) {
      names_[i] = XmlName::of(names[i]);
      std::size_t at = hash(names_[i]);
      while (slots_[at] != none) at = (at + 1) % slots_.size();
      slots_[at] = static_cast<std::uint8_t>(i);
    }
  }
  // The number of a name, `none` if it is not in the set.
  constexpr std::uint8_t find(const XmlName& name) const {
    for (std::size_t at = hash(name); slots_[at] != none; at = (at + 1) % slots_.size()) {
      if (names_[slots_[at]] == name) return slots_[at];
    }
    return none;
  }
  constexpr std::uint8_t find(std::string_view name) const { return find(XmlName::of(name)); }

 private:
  static constexpr std::size_t hash(const XmlName& name) {
    return static_cast<std::size_t>((name.tail + name.text.size()) * 0x9e3779b97f4a7c15u >> 56);
  }

  std::array<XmlName, count> names_{};
  std::array<std::uint8_t, 256> slots_{};
};

inline constexpr NameSet xhtml_elements(std::to_array<std::string_view>(
    {"a",   "abbr", "acronym", "b",     "big", "blockquote", "br",  "caption", "cite", "code",  "col",  "colgroup",
     "dd",  "dfn",  "div",     "dl",    "dt",  "em",         "h1",  "h2",      "h3",   "h4",    "h5",   "h6",
     "hr",  "i",    "img",     "li",    "ol",  "p",          "pre", "q",       "samp", "small", "span", "strong",
     "sub", "sup",  "table",   "tbody", "td",  "tfoot",      "th",  "thead",   "tr",   "tt",    "ul",   "var"}));

// At most 64: an element's attributes are a set of bits.
inline constexpr NameSet xhtml_attributes(std::to_array<std::string_view>(
    {"abbr",        "accesskey",  "align",  "alt",     "axis",     "bgcolor",   "border",   "cellhalign", "cellpadding",
     "cellspacing", "cellvalign", "char",   "charoff", "charset",  "cite",      "class",    "colspan",    "compact",
     "coords",      "dir",        "frame",  "headers", "height",   "href",      "hreflang", "hspace",     "id",
     "lang",        "longdesc",   "name",   "nowrap",  "rel",      "rev",       "rowspan",  "rules",      "scope",
     "shape",       "span",       "src",    "start",   "style",    "summary",   "tabindex", "title",      "type",
     "valign",      "value",      "vspace", "width",   "xml:lang", "xml:space", "xmlns"}));

// Why an element is not in the list, in the words of R4 narrative.html#rules.
struct RefusedElement {
  std::string_view name;
  std::string_view why;
};
inline constexpr auto refused_elements = std::to_array<RefusedElement>({
    {"script", "scripts are forbidden"},
    {"noscript", "scripts are forbidden"},
    {"form", "forms are forbidden"},
    {"input", "forms are forbidden"},
    {"button", "forms are forbidden"},
    {"select", "forms are forbidden"},
    {"option", "forms are forbidden"},
    {"textarea", "forms are forbidden"},
    {"label", "forms are forbidden"},
    {"fieldset", "forms are forbidden"},
    {"iframe", "frames are forbidden"},
    {"frame", "frames are forbidden"},
    {"frameset", "frames are forbidden"},
    {"object", "objects are forbidden"},
    {"embed", "objects are forbidden"},
    {"applet", "objects are forbidden"},
    {"param", "objects are forbidden"},
    {"html", "the content of the div stands alone, without a document around it"},
    {"head", "a head is forbidden"},
    {"title", "a head is forbidden"},
    {"meta", "a head is forbidden"},
    {"body", "a body is forbidden"},
    {"style", "style sheets are forbidden; style attributes are not"},
    {"link", "base, link and xlink are forbidden"},
    {"base", "base, link and xlink are forbidden"},
    {"font", "deprecated elements are forbidden"},
    {"center", "deprecated elements are forbidden"},
    {"u", "deprecated elements are forbidden"},
    {"s", "deprecated elements are forbidden"},
    {"strike", "deprecated elements are forbidden"},
    {"basefont", "deprecated elements are forbidden"},
    {"dir", "deprecated elements are forbidden"},
    {"menu", "deprecated elements are forbidden"},
    {"isindex", "deprecated elements are forbidden"},
    {"ins", "inserted and deleted text is forbidden"},
    {"del", "inserted and deleted text is forbidden"},
});

}  // namespace formats
