#include "resources-gen/patch/xml_names.h"

#include <charconv>

#include "resources-gen/formats/xml_scan.h"

namespace patch {
namespace {

constexpr std::string_view xmlns = "xmlns";

std::string prefix_for(XmlNames::Space space) {
  return space == XmlNames::fhir ? "f" : space == XmlNames::xhtml ? "h" : "n" + std::to_string(space - 1);
}

// The other way, for prefixes that were made so.
XmlNames::Space space_of(std::string_view prefix) {
  if (prefix == "f") return XmlNames::fhir;
  if (prefix == "h") return XmlNames::xhtml;
  XmlNames::Space number = 0;
  std::from_chars(prefix.data() + 1, prefix.data() + prefix.size(), number);
  return number + 1;
}

}  // namespace

XmlNames::XmlNames() {
  space(formats::fhir_namespace);
  space(formats::xhtml_namespace);
}

XmlNames::Space XmlNames::space(std::string_view uri) {
  if (uri.empty()) return none;
  const auto found = spaces_.find(uri);
  if (found != spaces_.end()) return found->second;
  uris_.emplace_back(uri);
  return spaces_.emplace(uri, uris_.size() - 1).first->second;
}

std::string XmlNames::qualified(Space space, std::string_view name) {
  return space == none ? std::string(name) : prefix_for(space).append(":").append(name);
}

void XmlNames::qualify(pugi::xml_node node, XmlScope& scope) {
  const bool element = node.type() == pugi::node_element;
  if (element) {
    scope.enter(node, *this);
    const std::string_view name = node.name();
    const auto colon = name.find(':');
    const auto space = scope.find(colon == std::string_view::npos ? std::string_view() : name.substr(0, colon));
    node.set_name(qualified(space.value_or(none), name.substr(colon == std::string_view::npos ? 0 : colon + 1)).c_str());
    node.remove_attribute("xmlns");
  }
  for (auto child = node.first_child(); child; child = child.next_sibling()) qualify(child, scope);
  if (element) scope.leave();
}

bool XmlNames::restore(pugi::xml_node node, Space outer, std::size_t& bytes) const {
  Space space = outer;
  if (node.type() == pugi::node_element) {
    const std::string name = node.name();
    const auto colon = name.find(':');
    space = colon == std::string::npos ? none : space_of(std::string_view(name).substr(0, colon));
    node.set_name(name.substr(colon == std::string::npos ? 0 : colon + 1).c_str());
    node.remove_attribute("xmlns");
    if (space != outer) {
      const std::string uri = space == none ? std::string() : uris_[space];
      if (uri.size() > bytes) return false;
      bytes -= uri.size();
      node.prepend_attribute("xmlns").set_value(uri.c_str());
    }
  }
  for (auto child = node.first_child(); child; child = child.next_sibling()) {
    if (!restore(child, space, bytes)) return false;
  }
  return true;
}

void XmlScope::enter(pugi::xml_node element, XmlNames& names) {
  marks_.push_back(latest_.size());
  for (auto attribute = element.first_attribute(); attribute; attribute = attribute.next_attribute()) {
    std::string_view name = attribute.name();
    if (!name.starts_with(xmlns)) continue;
    name.remove_prefix(xmlns.size());
    if (!name.empty() && name[0] != ':') continue;
    if (!name.empty()) name.remove_prefix(1);
    auto& declared = prefixes_.try_emplace(std::string(name)).first->second;
    declared.push_back(names.space(attribute.value()));
    latest_.push_back(&declared);
  }
}

void XmlScope::leave() {
  for (; latest_.size() > marks_.back(); latest_.pop_back()) latest_.back()->pop_back();
  marks_.pop_back();
}

std::optional<XmlNames::Space> XmlScope::find(std::string_view prefix) const {
  const auto found = prefixes_.find(prefix);
  if (found == prefixes_.end() || found->second.empty()) return std::nullopt;
  return found->second.back();
}

}  // namespace patch
