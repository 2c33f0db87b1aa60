#include "resources-gen/fhirpath/reference.h"

namespace fhirpath {
namespace {

using model::NodeRef;

std::string_view url_of(NodeRef reference) {
  if (reference.has_value()) return reference.text();
  const NodeRef holder = reference.child("reference");
  return holder ? holder.text() : std::string_view();
}

std::string_view without_version(std::string_view url) {
  if (const auto at = url.find("/_history/"); at != std::string_view::npos) return url.substr(0, at);
  return url;
}

// A reference that stands alone: "urn:uuid:..", "https://...".
bool is_absolute(std::string_view url) {
  const auto colon = url.find(':');
  return colon != std::string_view::npos && colon < url.find('/');
}

// Bundle.entry.fullUrl of the entry that holds `node`, and that Bundle; both empty outside a Bundle.
struct Entry {
  NodeRef bundle;
  std::string_view url;
};
Entry entry_of(NodeRef node) {
  NodeRef below = node;
  for (NodeRef at = node.parent(); at; at = at.parent()) {
    if (at.is_resource() && at.type_name() == "Bundle") {
      const NodeRef url = below.child("fullUrl");
      return {at, url ? url.text() : std::string_view()};
    }
    below = at;
  }
  return {};
}

}  // namespace

model::TypeId type_in_url(const model::Schema& schema, std::string_view url) {
  if (const auto query = url.find('?'); query != std::string_view::npos) {
    url = url.substr(0, query);
    const auto slash = url.rfind('/');
    return schema.resource_type(slash == std::string_view::npos ? url : url.substr(slash + 1));
  }
  if (const auto fragment = url.find('#'); fragment != std::string_view::npos) url = url.substr(0, fragment);
  if (const auto version = url.find('|'); version != std::string_view::npos) url = url.substr(0, version);
  url = without_version(url);
  const auto slash = url.rfind('/');
  if (slash == std::string_view::npos) return model::no_type;
  url = url.substr(0, slash);
  const auto before = url.rfind('/');
  return schema.resource_type(before == std::string_view::npos ? url : url.substr(before + 1));
}

model::TypeId reference_type(NodeRef reference) {
  const model::Schema& schema = reference.tree().schema();
  const std::string_view url = url_of(reference);
  if (!url.empty()) {
    if (const model::TypeId type = type_in_url(schema, url); type != model::no_type) return type;
    std::uint64_t visited = 0;
    if (const NodeRef found = resolve(url, reference, visited)) return found.type();
  }
  if (reference.has_value()) return model::no_type;
  // R4 references.html#type: an absolute URL of the type's definition, or its name.
  const NodeRef named = reference.child("type");
  if (!named) return model::no_type;
  std::string_view name = named.text();
  if (const auto slash = name.rfind('/'); slash != std::string_view::npos) name = name.substr(slash + 1);
  return schema.resource_type(name);
}

NodeRef resolve(NodeRef reference, std::uint64_t& visited) { return resolve(url_of(reference), reference, visited); }

NodeRef resolve(std::string_view url, NodeRef place, std::uint64_t& visited) {
  if (url.empty()) return {};
  if (url.front() == '#') {
    const NodeRef container = root_resource(place);
    if (url.size() == 1) return container;
    const NodeRef first = container.child("contained");
    for (NodeRef at = first; at; at = at.next_sibling()) {
      ++visited;
      if (at.element() != first.element()) continue;
      const NodeRef id = at.child("id");
      if (id && id.text() == url.substr(1)) return at;
    }
    return {};
  }
  const Entry own = entry_of(place);
  if (!own.bundle) return {};
  url = without_version(url);
  // A relative reference counts from where its own entry stands: https://x.org/fhir/Observation/1 makes Patient/2
  // https://x.org/fhir/Patient/2.
  std::string_view base;
  const bool absolute = is_absolute(url);
  if (!absolute) {
    base = own.url;
    for (int segment = 0; segment < 2; ++segment) {
      const auto slash = base.rfind('/');
      if (slash == std::string_view::npos) return {};
      base = base.substr(0, slash);
    }
  }
  const NodeRef first = own.bundle.child("entry");
  for (NodeRef at = first; at; at = at.next_sibling()) {
    ++visited;
    if (at.element() != first.element()) continue;
    const NodeRef full = at.child("fullUrl");
    if (!full) continue;
    const std::string_view candidate = full.text();
    const bool same = absolute ? candidate == url
                               : candidate.size() == base.size() + 1 + url.size() && candidate.starts_with(base) &&
                                     candidate[base.size()] == '/' && candidate.ends_with(url);
    if (same) return at.child("resource");
  }
  return {};
}

NodeRef root_resource(NodeRef node) {
  const NodeRef resource = node.resource();
  const NodeRef holder = resource.parent();
  return holder && resource.name() == "contained" ? holder.resource() : resource;
}

}  // namespace fhirpath
