// XmlNames: elements named by their namespace, so that XPath and edits need not know which prefixes a document uses.
//
// pugixml and its XPath compare names as they are written. Here each namespace has one prefix, whatever the document says:
// `f` FHIR's, `h` XHTML's, as R4 has them in its own XPaths, and `n1`, `n2` ... for others.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <pugixml.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace patch {

class XmlScope;

class XmlNames {
 public:
  // A namespace by its number: names are compared by it.
  using Space = std::size_t;
  static constexpr Space fhir = 0, xhtml = 1, none = static_cast<Space>(-1);

  XmlNames();
  Space space(std::string_view uri);  // none for the empty text
  // "f:name" for the name within the namespace; the name itself where that is none.
  static std::string qualified(Space space, std::string_view name);

  // Renames the elements of a tree and drops its default namespace declarations. Recursive: the caller has bounded the depth.
  void qualify(pugi::xml_node node, XmlScope& scope);
  // The way back: names without prefix, a default namespace declared where it changes. False once the declarations have more than
  // `bytes`, which are counted down: what is declared once may have to be written for each element.
  bool restore(pugi::xml_node node, std::size_t& bytes) const { return restore(node, none, bytes); }

 private:
  bool restore(pugi::xml_node node, Space outer, std::size_t& bytes) const;

  std::vector<std::string> uris_;  // uris_[0] is f's, uris_[1] h's, uris_[i] n(i-1)'s
  std::map<std::string, Space, std::less<>> spaces_;
};

// The namespace declarations that hold at an element.
class XmlScope {
 public:
  // With those of the element; leave() without them again.
  void enter(pugi::xml_node element, XmlNames& names);
  void leave();
  // What a prefix ("" for the default) is declared as; nullopt if it is not.
  std::optional<XmlNames::Space> find(std::string_view prefix) const;

 private:
  using Declared = std::vector<XmlNames::Space>;  // the innermost last

  std::map<std::string, Declared, std::less<>> prefixes_;
  std::vector<Declared*> latest_;
  std::vector<std::size_t> marks_;
};

}  // namespace patch
