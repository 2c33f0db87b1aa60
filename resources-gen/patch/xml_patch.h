// XmlPatch: an XML Patch document, RFC 5261, and its work on XML texts. patch.h has what resources need.
#pragma once

#include <cstdint>
#include <memory>
#include <pugixml.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "resources-gen/model/result.h"
#include "resources-gen/patch/xml_names.h"

namespace patch {

class XmlPatch {
 public:
  // Fails with every fault of the document.
  static model::Result<std::shared_ptr<const XmlPatch>> read(std::string_view text);
  // The patched text, no operations: the text as it comes out of the same machinery. Fails with the first operation that does not
  // fit.
  model::Result<std::string> apply(std::string_view text, bool with_operations = true) const;

 private:
  enum class Op : std::uint8_t { add, replace, remove };
  struct Operation {
    Op op = Op::add;
    std::string sel;         // as sent
    std::string xpath;       // with the prefixes of names_
    std::string type;        // of add: "@name", "namespace::prefix", else empty
    std::string pos;         // of add: "prepend", "before", "after", else empty
    std::string ws;          // of remove
    std::uint64_t cost = 0;  // of finding its target, for each byte
    pugi::xml_node node;
  };
  struct Target;

  void read_operation(pugi::xml_node node, std::size_t number, XmlScope& scope, model::Issues& issues);
  std::string run(const Operation& operation, pugi::xml_document& document) const;
  std::string add(const Operation& operation, const Target& target) const;
  std::string add_attribute(const Operation& operation, pugi::xml_node element) const;
  std::string replace(const Operation& operation, const Target& target) const;
  std::string remove(const Operation& operation, const Target& target) const;

  pugi::xml_document document_;
  XmlNames names_;
  std::vector<Operation> operations_;
};

}  // namespace patch
