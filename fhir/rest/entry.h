// Entry: one entry of a batch or transaction, as it was sent. Views and nodes live as long as the Bundle's tree.
//
// R4 bundle.html, http.html#transaction.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/rest/exchange.h"
#include "resources-gen/model/tree.h"

namespace rest {

struct Entry {
  std::size_t index = 0;
  std::string_view full_url;
  model::NodeRef resource;     // empty if none
  bool empty_guard = false;    // an ifMatch, ifNoneExist ... that has extensions only
  bool modified = false;       // by a modifierExtension
  bool resource_alone = true;  // not an item of an array, where JSON has none
  bool has_request = false;
  std::string_view method, url;
  std::string_view if_none_match, if_modified_since, if_match, if_none_exist;

  std::string expression(std::string_view member = {}) const;  // "Bundle.entry[3].request.url"
};

// Which entry a fault of a Bundle is about, and where in it: "Bundle.entry[3].resource.name" is 3 and "resource.name". nullopt
// if it is about none.
struct EntryPlace {
  std::size_t index;
  std::string_view member;
};
std::optional<EntryPlace> entry_place(std::string_view expression);

std::size_t count_entries(const BundleElements& elements, model::NodeRef bundle);
std::vector<Entry> read_entries(const BundleElements& elements, model::NodeRef bundle);

// request.url below the service's base: "Patient/1" for "/Patient/1", "[base]/Patient/1" and "Patient/1". Unchanged if it is none
// of these.
std::string_view below_base(const Context& context, const Exchange& bundle, std::string_view url);

// Why a request cannot be carried out as it stands, whatever it leads to: its url's form, a guard without a value, something that
// may change its meaning. Empty: nothing.
std::string trouble_of(const Entry& entry);

// The order in which R4 has entries processed: DELETE, POST, PUT and PATCH, then those that read.
int processing_rank(const Entry& entry);

// An exchange that asks what the entry asks, as if it came alone.
ExchangePtr exchange_for(const Context& context, const Exchange& bundle, const Entry& entry);

}  // namespace rest
