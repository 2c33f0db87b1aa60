#include "resources-gen/patch/xml_names.h"

#include <algorithm>

namespace patch {
namespace {

constexpr std::string_view xmlns = "xmlns";

std::string prefix_for(std::size_t number) { return number == 0 ? "f" : number == 1 ? "h" : "n" + std::to_string(number - 1); }

}  // namespace

XmlNames::XmlNames() : uris_{std::string(fhir_namespace), std::string(xhtml_namespace)} {}

std::string XmlNames::qualified(std::string_view uri, std::string_view name) {
  if (uri.empty()) return std::string(name);
  const auto found = std::find(uris_.begin(), uris_.end(), uri);
  const auto number = static_cast<std::size_t>(found - uris_.begin());
  if (found == uris_.end()) uris_.emplace_back(uri);
  return prefix_for(number).append(":").append(name);
}

std::string_view XmlNames::uri_of(std::string_view prefix) const {
  for (std::size_t i = 0; i < uris_.size(); ++i) {
    if (prefix_for(i) == prefix) return uris_[i];
  }
  return {};
}

XmlScope scope_of(pugi::xml_node node, XmlScope outer) {
  for (auto attribute = node.first_attribute(); attribute; attribute = attribute.next_attribute()) {
    const std::string_view name = attribute.name();
    if (name == xmlns) outer[""] = attribute.value();
    if (name.starts_with("xmlns:")) outer[std::string(name.substr(6))] = attribute.value();
  }
  return outer;
}

void XmlNames::qualify(pugi::xml_node node, XmlScope scope) {
  if (node.type() == pugi::node_element) {
    scope = scope_of(node, std::move(scope));
    const std::string_view name = node.name();
    const auto colon = name.find(':');
    const std::string prefix(colon == std::string_view::npos ? std::string_view() : name.substr(0, colon));
    const auto uri = scope.find(prefix);
    const auto local = std::string(name.substr(colon == std::string_view::npos ? 0 : colon + 1));
    node.set_name(qualified(uri == scope.end() ? std::string_view() : uri->second, local).c_str());
    node.remove_attribute("xmlns");
  }
  for (auto child = node.first_child(); child; child = child.next_sibling()) qualify(child, scope);
}

void XmlNames::restore(pugi::xml_node node, std::string_view scope) const {
  std::string_view uri = scope;
  if (node.type() == pugi::node_element) {
    const std::string name = node.name();
    const auto colon = name.find(':');
    uri = colon == std::string::npos ? std::string_view() : uri_of(std::string_view(name).substr(0, colon));
    node.set_name(name.substr(colon == std::string::npos ? 0 : colon + 1).c_str());
    node.remove_attribute("xmlns");
    if (uri != scope) node.prepend_attribute("xmlns").set_value(std::string(uri).c_str());
  }
  for (auto child = node.first_child(); child; child = child.next_sibling()) restore(child, uri);
}

}  // namespace patch
