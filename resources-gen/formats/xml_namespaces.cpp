#include "resources-gen/formats/xml_namespaces.h"

#include <algorithm>

namespace formats {
namespace {

constexpr std::string_view xmlns = "xmlns";
constexpr std::string_view xmlns_namespace = "http://www.w3.org/2000/xmlns/";

// An NCName's first character, of a name that expat has taken.
bool begins_name(char c) { return !((c >= '0' && c <= '9') || c == '-' || c == '.' || c == ':'); }

}  // namespace

std::optional<std::string_view> XmlNamespaces::declares(std::string_view attribute) {
  if (!attribute.starts_with(xmlns)) return std::nullopt;
  attribute.remove_prefix(xmlns.size());
  if (attribute.empty()) return attribute;
  if (attribute[0] != ':') return std::nullopt;
  return attribute.size() > 1 ? std::optional(attribute.substr(1)) : std::nullopt;
}

void XmlNamespaces::close() {
  for (; !declarations_.empty() && declarations_.back().depth == depth_; declarations_.pop_back()) {
    *declarations_.back().place = declarations_.back().outer;
  }
  --depth_;
}

std::string_view XmlNamespaces::declare(std::string_view prefix, std::string_view space) {
  if (prefix == "xml") return space == xml_namespace ? "" : "the prefix xml is bound to another namespace than its own";
  if (space == xml_namespace || space == xmlns_namespace) return "a reserved namespace is bound to a prefix";
  if (!prefix.empty()) {
    if (prefix == xmlns) return "the prefix xmlns is declared";
    if (space.empty()) return "a prefix is declared without a namespace";
    if (!begins_name(prefix[0]) || prefix.find(':') != std::string_view::npos) return "not well-formed: a prefix that is no name";
  }
  auto known = spaces_.find(space);
  if (known == spaces_.end()) known = spaces_.emplace(space).first;
  auto* place = &default_;
  if (!prefix.empty()) {
    auto found = prefixes_.find(prefix);
    if (found == prefixes_.end()) found = prefixes_.emplace(prefix, std::string_view()).first;
    place = &found->second;
  }
  declarations_.push_back({place, *place, depth_});
  *place = *known;
  return {};
}

std::string_view XmlNamespaces::element(std::string_view name, QualifiedName& out) const {
  const auto colon = name.find(':');
  if (colon != std::string_view::npos) return resolve(name, colon, out);
  out = {default_, name};
  return {};
}

std::string_view XmlNamespaces::attribute(std::string_view name, QualifiedName& out) const {
  const auto colon = name.find(':');
  if (colon != std::string_view::npos) return resolve(name, colon, out);
  out = {{}, name};  // Namespaces 6.2: default namespaces do not apply
  return {};
}

std::string_view XmlNamespaces::resolve(std::string_view name, std::size_t colon, QualifiedName& out) const {
  const auto prefix = name.substr(0, colon), local = name.substr(colon + 1);
  if (prefix.empty() || local.empty() || !begins_name(local[0]) || local.find(':') != std::string_view::npos) {
    return "not well-formed: a colon that does not stand between a prefix and a name";
  }
  out.local = local;
  if (prefix == "xml") {
    out.space = xml_namespace;
    return {};
  }
  const auto found = prefixes_.find(prefix);
  if (found == prefixes_.end() || found->second.empty()) return "unbound prefix";
  out.space = found->second;
  return {};
}

bool XmlNamespaces::has_duplicates(std::span<const XmlAttribute> attributes) {
  seen_.clear();
  for (const auto& [name, value] : attributes) {
    if (!name.space.empty()) seen_.emplace_back(name.space.data(), name.local);
  }
  if (seen_.size() < 2) return false;
  std::sort(seen_.begin(), seen_.end());
  return std::adjacent_find(seen_.begin(), seen_.end()) != seen_.end();
}

}  // namespace formats
