// XmlSelector: the `sel` of an XML Patch, an XPath as RFC 5261 section 4.1 allows it, made ready for pugixml.
//
// RFC 5261 takes a small part of XPath 1.0 (paths of child steps with conditions). Here a little more is taken: `//` once,
// conditions over paths below the node, string functions, and, or. What could cost more than the document's size allows is
// refused: other axes, `..`, unions, paths from the root within conditions, comparisons of two sets of nodes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "resources-gen/patch/xml_names.h"

namespace patch {

struct XmlSelector {
  std::string xpath;  // with the prefixes of XmlNames; empty if there is a fault
  std::string fault;
  std::size_t tokens = 0;  // what it costs on each node
};

// `scope`: the declarations at the patch's operation. `f` and `h` need none. A name without a prefix is of the default namespace
// (RFC 5261 4.2.2), or FHIR's if there is none.
XmlSelector read_selector(std::string_view text, const XmlScope& scope);

}  // namespace patch
