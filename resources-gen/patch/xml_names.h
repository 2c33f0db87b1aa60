// XmlNames: elements named by their namespace, so that XPath and edits need not know which prefixes a document uses.
//
// pugixml and its XPath compare names as they are written. Here each namespace has one prefix, whatever the document says:
// `f` FHIR's, `h` XHTML's, as R4 has them in its own XPaths, and `n1`, `n2` ... for others.
#pragma once

#include <map>
#include <pugixml.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace patch {

inline constexpr std::string_view fhir_namespace = "http://hl7.org/fhir";
inline constexpr std::string_view xhtml_namespace = "http://www.w3.org/1999/xhtml";

// The namespace declarations that hold at an element.
using XmlScope = std::map<std::string, std::string>;  // prefix ("" for the default) -> namespace

class XmlNames {
 public:
  XmlNames();
  // "f:name" for the name within the namespace; the name itself where that is empty.
  std::string qualified(std::string_view uri, std::string_view name);
  std::string_view uri_of(std::string_view prefix) const;  // empty if there is none

  // Renames the elements of a tree and drops its default namespace declarations. Recursive: the caller has bounded the depth.
  void qualify(pugi::xml_node node, XmlScope scope);
  // The way back: names without prefix, a default namespace declared where it changes.
  void restore(pugi::xml_node node, std::string_view scope) const;

 private:
  std::vector<std::string> uris_;  // uris_[0] is f's, uris_[1] h's, uris_[i] n(i-1)'s
};

// The scope of `node`, given that of its parent.
XmlScope scope_of(pugi::xml_node node, XmlScope outer);

}  // namespace patch
