// Parts of the quantity type that stand in files of their own.
#pragma once

#include <string>
#include <string_view>

#include "resources-gen/model/tree.h"

namespace search {

struct Unit {  // views into the tree
  std::string_view code, system, text;
};

// SampledData: "just search on the bounds of the values in sampled data" (Observation-value-quantity).
struct SampledBounds {
  std::string low{'\0'}, high{'\xff'};  // ordered decimals (number.h); if there is no value, lacking bounds
  Unit unit;
};
SampledBounds sampled_bounds(model::NodeRef sampled_data);

}  // namespace search
