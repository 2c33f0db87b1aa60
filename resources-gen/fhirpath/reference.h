// References: what type they are to, without a look-up, and where they lead within one tree (R4 references.html,
// bundle.html#references).
#pragma once

#include <cstdint>
#include <string_view>

#include "resources-gen/model/tree.h"

namespace fhirpath {

// The resource type that "Patient/1", "https://x.org/fhir/Patient/1/_history/2" or "Patient?identifier=x" is to; no_type if the
// text does not tell.
model::TypeId type_in_url(const model::Schema& schema, std::string_view url);

// The type that a Reference (or a canonical, uri or url) is to: by its text, by what it leads to within the tree, else by
// Reference.type. no_type if none tells.
model::TypeId reference_type(model::NodeRef reference);

// The contained resource or Bundle entry that it leads to; empty if none. `visited` counts the nodes looked at.
model::NodeRef resolve(model::NodeRef reference, std::uint64_t& visited);
// The same for a text, as written at `place`.
model::NodeRef resolve(std::string_view url, model::NodeRef place, std::uint64_t& visited);

// %rootResource for a node: its resource, but of a contained resource the container.
model::NodeRef root_resource(model::NodeRef node);

}  // namespace fhirpath
