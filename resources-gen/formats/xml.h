// Reading FHIR XML into a Tree, strictly, and writing a Tree as XML. R4 xml.html.
//
// The tree is the same one that read_json makes: a tree over minified JSON. What json.h says of ReadResult and ReadLimits holds
// here too; lines and columns are those of the XML.
#pragma once

#include <string>
#include <string_view>

#include "resources-gen/formats/json.h"

namespace formats {

// Reads one resource. `text` need not outlive the call. Never throws for bad input. No DTD is read, no entity expanded but the
// five of XML itself, nothing fetched; time and memory are linear in the text.
ReadResult read_xml(std::string_view text, const model::Schema& schema, const ReadLimits& limits = {});

// The tree as an XML document in UTF-8, elements in the order of the definition, the narrative as it was given. What XML cannot
// hold is replaced: U+FFFE and U+FFFF become U+FFFD, a narrative that is no XML the text of a div. An empty tree: an empty text.
std::string write_xml(const model::Tree& tree);
// The same, two spaces a level; the narrative untouched.
std::string pretty_xml(const model::Tree& tree);

}  // namespace formats
