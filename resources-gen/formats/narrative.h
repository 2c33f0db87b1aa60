// The rules of narrative: what the XHTML of a Narrative.div may be.
//
// R4 narrative.html#rules, txt-1, txt-2. README.md, "Narrative", has what is refused and what is only remarked on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "resources-gen/model/issues.h"

namespace formats {

struct NarrativeFault {
  std::uint32_t offset;  // in the div's text
  model::Severity severity;
  model::IssueCode code;
  std::string message;
};

// Appends the faults of a div, in the order of its text. One pass, linear; allocates nothing where nothing is wrong (a div that
// declares prefixes goes through XML's parser too), and stops after 20 faults, or at the first that leaves no XML to go on with.
void check_narrative(std::string_view div, std::vector<NarrativeFault>& faults);

// What an attribute of a narrative says, from what stands between its quotes; and the way back, for quotes of either kind.
std::string attribute_value(std::string_view written);
std::string written_attribute(std::string_view value);

}  // namespace formats
