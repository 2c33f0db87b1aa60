// References: what type they are to, without a look-up, and where they lead within one tree (R4 references.html,
// bundle.html#references).
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "resources-gen/model/tree.h"

namespace fhirpath {

// The resource type that "Patient/1", "https://x.org/fhir/Patient/1/_history/2" or "Patient?identifier=x" is to; no_type if the
// text does not tell.
model::TypeId type_in_url(const model::Schema& schema, std::string_view url);

// References: where they lead within trees. A container's resources and a Bundle's entries are looked through once, at the first
// reference that asks for them, however many follow. Holds no more than names in the trees, which must outlive it. One thread at
// a time.
class References {
 public:
  // The type that a Reference (or a canonical, uri or url) is to: by its text, by what it leads to within the tree, else by
  // Reference.type. no_type if none tells.
  model::TypeId type(model::NodeRef reference);
  // The contained resource or Bundle entry that it leads to; empty if none.
  model::NodeRef resolve(model::NodeRef reference);
  // The same for a text, as written at `place`.
  model::NodeRef resolve(std::string_view url, model::NodeRef place);
  // What was looked at, in nodes.
  std::uint64_t visited() const { return visited_; }

 private:
  struct Named {
    std::string_view name;
    model::NodeRef node;
  };
  using Names = std::vector<Named>;  // sorted; of equal ones in document order
  // The entry of a Bundle that a node stands in; empty outside.
  struct Entry {
    model::NodeRef bundle, entry;
    std::string_view base;  // of relative references, empty if there is none
  };

  const Entry& entry_of(model::NodeRef node);
  model::NodeRef find(model::NodeRef holder, std::string_view parts, std::string_view name, std::string_view wanted);

  std::map<std::pair<const model::Tree*, model::NodeIndex>, Names> names_;  // by holder
  Entry entry_;                                                             // the latest
  std::uint64_t visited_ = 0;
};

// %rootResource for a node: its resource, but of a contained resource the container.
model::NodeRef root_resource(model::NodeRef node);

}  // namespace fhirpath
