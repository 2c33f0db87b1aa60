// Units of quantities, as far as time goes: calendar durations and UCUM's units of time (N1 4.1.8, 6.1.1).
//
// Other units compare only with themselves: converting between UCUM's units is the terminology floor's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "resources-gen/fhirpath/moment.h"

namespace fhirpath {

struct TimeUnit {
  std::string_view name;  // "week", "wk"
  Duration duration;
  bool calendar;            // a calendar word, else a UCUM code
  std::string_view group;   // units of one group convert into each other
  std::string_view factor;  // what one of it is, in the group's smallest unit
};

// By calendar word (plurals too) or UCUM code; null if it is no unit of time.
const TimeUnit* time_unit(std::string_view unit);

// "1" for no unit.
inline std::string_view unit_or_one(std::string_view unit) { return unit.empty() ? std::string_view("1") : unit; }

// `value` of `unit` as so many of `to`; nullopt if they do not convert.
std::optional<std::string> convert(std::string_view value, std::string_view unit, std::string_view to);

}  // namespace fhirpath
