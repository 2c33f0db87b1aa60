// XmlElements: a resource's XML elements, each with the definition it was found under: what read_xml makes before JSON.
//
// Internal to formats.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "resources-gen/model/schema.h"

namespace formats {

using XmlIndex = std::uint32_t;
inline constexpr XmlIndex no_xml = 0xffffffff;

enum XmlFlag : std::uint8_t {
  xml_has_value = 1,
  xml_resource = 2,   // `type` is a resource's
  xml_faulty = 4,     // reported already: what the typed pass says of its value is dropped
  xml_unordered = 8,  // its children do not stand in the definition's order
  xml_verbatim = 16,  // its value is the text's own bytes from `begin` on
};

// An element, or an attribute that the definition has as one (id, Extension.url).
struct XmlElement {
  model::ElementId element;
  XmlIndex parent;
  XmlIndex first_child = no_xml, last_child = no_xml, next = no_xml;
  std::uint32_t begin;                      // of its tag in the text
  std::uint32_t value = 0, value_size = 0;  // in XmlElements::values
  std::uint32_t index;                      // among the siblings of the same element
  model::TypeId type;                       // of a choice the chosen one, of a resource its own
  std::uint8_t flags = 0;                   // XmlFlag
};

struct XmlElements {
  std::vector<XmlElement> list;  // in document order; the resource first
  std::string values;

  std::string_view value(const XmlElement& element) const {
    return std::string_view(values).substr(element.value, element.value_size);
  }
};

// Minified JSON made of them (R4 json.html), and which element each part of it came from.
struct XmlJson {
  std::string text;
  // By JSON offset: from here on the text is of that element. Names and values each begin a part.
  std::vector<std::pair<std::uint32_t, XmlIndex>> parts;
};
XmlJson to_json(const XmlElements& elements, const model::Schema& schema);

}  // namespace formats
