// FhirPathOperation: one operation of a FHIRPath Patch, as it stands in its Parameters resource. R4 fhirpatch.html.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "resources-gen/fhirpath/fhirpath.h"
#include "resources-gen/model/issues.h"
#include "resources-gen/model/tree.h"

namespace patch {

enum class Change : std::uint8_t { add, insert, remove, replace, move };

struct FhirPathOperation {
  Change change = Change::add;
  std::string_view type;  // as sent: "delete"
  std::string where;      // "Parameters.parameter[3]"
  std::string path_text;
  std::optional<fhirpath::Expression> path;
  std::string_view name;  // of add
  model::NodeRef value;   // the part named value
  std::size_t index = 0, source = 0, destination = 0;
};

// The operations of a Parameters resource; every fault is added to `issues`. Views and nodes live as long as the tree.
std::vector<FhirPathOperation> read_operations(const model::Tree& parameters, model::Issues& issues);

// The value that a part carries: the node of value[x], or of resource; empty if it has parts of its own, or nothing.
model::NodeRef value_of(model::NodeRef part);
// A part's name.
std::string_view name_of(model::NodeRef part);

}  // namespace patch
