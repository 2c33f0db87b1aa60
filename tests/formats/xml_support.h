// What the tests of XML share: forms in which two resources are equal if they say the same, made apart from the code under test.
#pragma once

#include <string>
#include <string_view>

namespace tests {

// JSON with its members sorted by name, strings in one spelling, numbers as written; arrays of primitives without trailing
// nulls, and none where nothing but null stands in them.
std::string canonical_json(std::string_view json);

// The same without what the official pairs of examples have apart on purpose: the narrative, and the tag HTEST in meta.
std::string canonical_pair(std::string_view json);

// The information of an XML document, a line for each: elements with their namespaces, attributes sorted, text. Comments,
// processing instructions and white space between elements of FHIR are left out; in XHTML white space counts.
std::string canonical_xml(std::string_view xml);

}  // namespace tests
