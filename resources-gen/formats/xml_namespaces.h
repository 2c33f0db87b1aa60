// XmlNamespaces: which namespaces the prefixes stand for where a scan is. Namespaces in XML 1.0.
//
// Internal to formats. Resolves names itself, since expat writes the namespace out before each name that has a prefix: many names
// and one long namespace are then as large as their product. One scan's own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "resources-gen/formats/xml_scan.h"

namespace formats {

class XmlNamespaces {
 public:
  static constexpr std::size_t longest = 1024;  // bytes of a namespace: names are compared by it

  XmlNamespaces() = default;
  XmlNamespaces(const XmlNamespaces&) = delete;
  XmlNamespaces& operator=(const XmlNamespaces&) = delete;

  // The prefix that an attribute of that name declares, empty for the default namespace; nullopt if it declares none.
  static std::optional<std::string_view> declares(std::string_view attribute);

  // For each element open(), its declarations, its names, and close() behind its end. What answers a text answers the fault,
  // empty if there is none. Namespaces in `out` live as long as this.
  void open() { ++depth_; }
  void close();
  std::string_view declare(std::string_view prefix, std::string_view space);
  std::string_view element(std::string_view name, QualifiedName& out) const;
  std::string_view attribute(std::string_view name, QualifiedName& out) const;
  // Whether two of an element's attributes are the same but for their prefixes.
  bool has_duplicates(std::span<const XmlAttribute> attributes);

 private:
  struct Declaration {
    std::string_view* place;
    std::string_view outer;  // what stood there
    std::uint32_t depth;
  };

  std::string_view resolve(std::string_view name, std::size_t colon, QualifiedName& out) const;

  std::uint32_t depth_ = 0;
  std::set<std::string, std::less<>> spaces_;  // each once, so that one address is one namespace
  std::string_view default_;
  std::map<std::string, std::string_view, std::less<>> prefixes_;  // empty: not declared here
  std::vector<Declaration> declarations_;                          // a stack
  std::vector<std::pair<const char*, std::string_view>> seen_;     // scratch
};

}  // namespace formats
