// The narrative's div between XML, where it is elements, and JSON, where it is a string. R4 narrative.html, json.html#xhtml.
//
// Internal to formats.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "resources-gen/formats/xml_scan.h"

namespace formats {

// From a document's events to the div's text: its own bytes where these can stand alone, else it is written anew (a prefix
// instead of the default namespace, a prefix declared outside of it and perhaps used within; CDATA sections and processing
// instructions, which are no part of what XML says and have no place in a narrative's string).
class NarrativeReader {
 public:
  // `anew`: written anew in any case.
  explicit NarrativeReader(std::string_view document, bool anew = false) : document_(document), always_anew_(anew) {}

  bool reading() const { return depth_ != 0; }
  // The document's events; those of elements only from the div on.
  void declared(std::string_view prefix);
  void passed();  // an element that is none of a div's has begun: what was declared before it holds from outside
  void start(const XmlTag& tag);
  void text(std::string_view piece);
  // True if that was the div's own end: then div() is its text until the next start().
  bool end(QualifiedName name, std::size_t stop, bool empty_tag);
  std::string_view div() const { return div_; }
  bool verbatim() const { return !anew_; }
  // The first element or attribute of another namespace since the last call, empty if none. Asked of what is written anew: other
  // divs show their namespaces to check_narrative().
  std::string take_stranger() { return std::move(stranger_); }

 private:
  bool borrows(std::string_view bytes) const;

  std::string_view document_;
  std::uint32_t depth_ = 0;
  std::size_t begin_ = 0;
  bool anew_ = false;
  bool alone_ = false;                 // but for prefixes from outside the div's bytes could stand alone
  std::vector<std::string> declared_;  // prefixes, since the last start tag outside of a div
  std::vector<std::string> prefixes_;  // that have been declared outside of a div
  const bool always_anew_;
  std::string written_;
  std::string_view div_;
  std::string stranger_;
};

// Appends a div from JSON as XML in XHTML's namespace: as it is if it is that already, else made so.
void append_narrative(std::string& out, std::string_view div);

// Whether there is a U+FFFE or U+FFFF in the text, for which XML 1.0 has no place.
bool has_noncharacter(std::string_view text);

// Appends text with what XML takes for markup replaced; in an attribute's value also white space that would not be kept. What
// XML 1.0 has no place for becomes U+FFFD.
void append_xml_text(std::string& out, std::string_view text);
void append_xml_attribute(std::string& out, std::string_view value);

}  // namespace formats
