// scan_xml: one XML text as a sequence of events, with namespaces resolved. Knows nothing of FHIR. The only user of expat.
//
// XML 1.0 and Namespaces in XML 1.0, strictly; of what R4 forbids: no DTD, no encoding but UTF-8 (xml.html). Comments and
// processing instructions are passed over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace formats {

inline constexpr std::string_view fhir_namespace = "http://hl7.org/fhir";
inline constexpr std::string_view xhtml_namespace = "http://www.w3.org/1999/xhtml";
inline constexpr std::string_view xml_namespace = "http://www.w3.org/XML/1998/namespace";

struct QualifiedName {
  std::string_view space;  // namespace, empty for none
  std::string_view local;
};
struct XmlAttribute {
  QualifiedName name;
  std::string_view value;  // references resolved, white space normalised (XML 1.0 3.3.3)
};

struct XmlTag {
  QualifiedName name;
  std::span<const XmlAttribute> attributes;  // without namespace declarations: those came before, by declared()
  std::size_t begin;                         // offset of its '<' in the text
  bool declares_default;                     // a default namespace
};

// Views live until the call returns. Whatever it throws ends the scan and comes out of scan_xml.
class XmlEvents {
 public:
  virtual ~XmlEvents() = default;
  virtual void start(const XmlTag& tag) = 0;
  // `stop`: behind the tag's '>'. `empty_tag`: `<a/>`.
  virtual void end(QualifiedName name, std::size_t stop, bool empty_tag) = 0;
  // Character data in pieces of any size, CDATA sections included.
  virtual void text(std::string_view piece, std::size_t begin) = 0;
  virtual void declared(std::string_view prefix, std::string_view space) = 0;
};

struct XmlFault {
  std::string message;     // empty: none
  std::size_t offset = 0;  // in the text
  bool too_large = false;  // well-formed so far, but deeper or longer than allowed
};

// Takes the whole of `text`: one document. Linear time. Elements deeper than `max_depth` end the scan.
XmlFault scan_xml(std::string_view text, XmlEvents& events, std::uint32_t max_depth);

}  // namespace formats
