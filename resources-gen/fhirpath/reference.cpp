#include "resources-gen/fhirpath/reference.h"

#include <algorithm>
#include <string>

namespace fhirpath {
namespace {

using model::NodeRef;

constexpr std::size_t longest_base =
    8000;  // bytes, what RFC 9110 4.1 asks all to support: each relative reference is put behind it

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

// R4 bundle.html#references: a relative reference counts from where its own entry stands: https://x.org/fhir/Observation/1 makes
// Patient/2 https://x.org/fhir/Patient/2.
std::string_view base_of(std::string_view url) {
  for (int segment = 0; segment < 2; ++segment) {
    const auto slash = url.rfind('/');
    if (slash == std::string_view::npos) return {};
    url = url.substr(0, slash);
  }
  return url.size() <= longest_base ? url : std::string_view();
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

model::TypeId References::type(NodeRef reference) {
  const model::Schema& schema = reference.tree().schema();
  const std::string_view url = url_of(reference);
  if (!url.empty()) {
    if (const model::TypeId type = type_in_url(schema, url); type != model::no_type) return type;
    if (const NodeRef found = resolve(url, reference)) return found.type();
  }
  if (reference.has_value()) return model::no_type;
  // R4 references.html#type: an absolute URL of the type's definition, or its name.
  const NodeRef named = reference.child("type");
  if (!named) return model::no_type;
  std::string_view name = named.text();
  if (const auto slash = name.rfind('/'); slash != std::string_view::npos) name = name.substr(slash + 1);
  return schema.resource_type(name);
}

NodeRef References::resolve(NodeRef reference) { return resolve(url_of(reference), reference); }

NodeRef References::resolve(std::string_view url, NodeRef place) {
  if (url.empty()) return {};
  if (url.front() == '#') {
    const NodeRef container = root_resource(place);
    return url.size() == 1 ? container : find(container, "contained", "id", url.substr(1));
  }
  const Entry& own = entry_of(place);
  if (!own.bundle) return {};
  url = without_version(url);
  NodeRef found;
  if (is_absolute(url)) {
    found = find(own.bundle, "entry", "fullUrl", url);
  } else if (!own.base.empty()) {
    found = find(own.bundle, "entry", "fullUrl", std::string(own.base).append("/").append(url));
  }
  return found ? found.child("resource") : NodeRef();
}

const References::Entry& References::entry_of(NodeRef node) {
  NodeRef below = node;
  for (NodeRef at = node.parent(); at; at = at.parent()) {
    if (at.is_resource() && at.type_name() == "Bundle") {
      if (below == entry_.entry) return entry_;
      const NodeRef url = below.child("fullUrl");
      return entry_ = {at, below, url ? base_of(url.text()) : std::string_view()};
    }
    below = at;
  }
  return entry_ = {};
}

// The first of the holder's parts of that kind whose `name` is as wanted.
NodeRef References::find(NodeRef holder, std::string_view parts, std::string_view name, std::string_view wanted) {
  const auto [place, fresh] = names_.try_emplace({&holder.tree(), holder.index()});
  Names& names = place->second;
  if (fresh) {
    const NodeRef first = holder.child(parts);
    for (NodeRef at = first; at; at = at.next_sibling()) {
      visited_ += 4;
      if (at.element() != first.element()) continue;
      const NodeRef child = at.child(name);
      if (child) names.push_back({child.text(), at});
    }
    std::stable_sort(names.begin(), names.end(), [](const Named& a, const Named& b) { return a.name < b.name; });
  }
  ++visited_;
  const auto found = std::lower_bound(names.begin(), names.end(), wanted,
                                      [](const Named& named, std::string_view text) { return named.name < text; });
  return found != names.end() && found->name == wanted ? found->node : NodeRef();
}

NodeRef root_resource(NodeRef node) {
  const NodeRef resource = node.resource();
  const NodeRef holder = resource.parent();
  return holder && resource.name() == "contained" ? holder.resource() : resource;
}

}  // namespace fhirpath
