// Compartments: the resources that belong to a patient, an encounter, a device, a practitioner, a related person.
//
// R4 compartmentdefinition.html; the tables are generated from its five CompartmentDefinitions. A resource is in a compartment if
// one of the parameters that the definition lists for its type refers to the compartment's resource. That resource itself is in
// it too, also where the definition does not list it ("the identity of the compartment is the same as the patient").
#pragma once

#include <span>
#include <string>
#include <vector>

#include "search/query.h"

namespace search {

// The compartment that resources of the type have; null if they have none.
const model::CompartmentRow* compartment_of(const model::Schema& schema, model::TypeId type);
// The types whose resources can be in it, ascending; its own is one.
std::vector<model::TypeId> compartment_types(const model::Schema& schema, const model::CompartmentRow& compartment);
// "Device, Encounter, Patient ...": the types that have a compartment, for diagnostics.
std::string compartment_names(const model::Schema& schema);

// The condition that a resource of `types` (ascending) is in the compartment of `owner`, for a query over these types. Absolute
// references below `base_urls` count as local ones. Types that cannot be in it have no clause, so nothing of them matches.
Condition in_compartment(const model::Schema& schema, const Extractor& extractor, const ResourceName& owner,
                         std::span<const model::TypeId> types, std::span<const std::string> base_urls);

}  // namespace search
