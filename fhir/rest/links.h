// Links: where a resource of a transaction points at another entry of it, or names its target by a search.
//
// R4 http.html#trules: a server rewrites references, elements of type uri, url, oid and uuid, and <a href> and <img src> in the
// narrative, that match an entry's fullUrl; canonicals stay. Here these stay too, knowingly:
//   oid, uuid                  "Patient/1" is no value that these types allow
//   uri, unless a urn: is      a URI identifies. Conformance resources have their canonical url as fullUrl: to rewrite that, a
//     matched                  coding's system, an extension's url or a StructureDefinition's type would destroy them
//   uri called url, system     whatever is matched, for the same reason
//   what is within a Bundle    it has fullUrls of its own, by which its references are resolved, and may be signed
// R4 bundle.html#references: a relative reference is taken under the root of its entry's fullUrl.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fhir/rest/entry.h"
#include "resources-gen/formats/json.h"

namespace rest {

// Which entry a text names.
struct Pointer {
  std::size_t entry = 0;
  bool versioned = false;     // .../_history/x: becomes the version that the transaction makes
  std::string_view fragment;  // with its '#', kept
};

// The fullUrls of the entries that will hold a resource. Views into the Bundle.
class FullUrls {
 public:
  explicit FullUrls(std::vector<std::string> base_urls) : base_urls_(std::move(base_urls)) {}
  bool empty() const { return entries_.empty(); }
  // False if another entry has the same: then nobody could tell which is meant.
  bool add(std::string_view full_url, std::size_t entry) { return entries_.emplace(full_url, entry).second; }
  // What `text`, found within the entry of that fullUrl, points at; false if at no entry.
  bool find(std::string_view text, std::string_view from_full_url, const model::Schema& schema, Pointer& pointer) const;

 private:
  bool look_up(std::string_view url, Pointer& pointer) const;
  std::vector<std::string> base_urls_;  // of the server: where relative references lead, if nothing says else
  std::unordered_map<std::string_view, std::size_t> entries_;
};

struct Link {
  enum class Kind : std::uint8_t { entry, search, narrative };
  Kind kind = Kind::entry;
  model::NodeIndex node = 0;
  Pointer pointer;                       // of kind entry
  std::vector<std::size_t> versions_of;  // entries of which it names the version that the transaction makes
  std::size_t search = 0;                // of kind search: number given by `on_search`
};

// Called for a conditional reference (type, criteria, the node); answers its number. Equal searches may share one.
using OnSearch = std::function<std::size_t(model::TypeId, std::string_view, model::NodeRef)>;

// Of a resource that stands, or will stand, in an entry of that fullUrl. `on_search` null: conditional references are let be.
std::vector<Link> find_links(const Context& context, const Exchange& bundle, model::NodeRef resource, std::string_view full_url,
                             const FullUrls& full_urls, const OnSearch& on_search);

// The new text of a link that points at an entry.
using NewReference = std::function<std::string(const Pointer&)>;

// The narrative with every href and src that points at an entry rewritten.
std::string rewrite_narrative(std::string_view xhtml, std::string_view from_full_url, const FullUrls& full_urls,
                              const model::Schema& schema, const NewReference& new_reference);

}  // namespace rest
