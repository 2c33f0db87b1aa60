#include "resources-gen/fhirpath/units.h"

#include "resources-gen/fhirpath/number.h"

namespace fhirpath {
namespace {

// N1 6.1.1: a calendar year is no definite number of days, so years and months convert among themselves only; weeks and below
// are the same in the calendar and in UCUM. UCUM's a and mo are definite, but other than the calendar's.
constexpr TimeUnit units[] = {
    {"year", Duration::year, true, "calendar", "12"},     {"month", Duration::month, true, "calendar", "1"},
    {"week", Duration::week, true, "clock", "604800000"}, {"day", Duration::day, true, "clock", "86400000"},
    {"hour", Duration::hour, true, "clock", "3600000"},   {"minute", Duration::minute, true, "clock", "60000"},
    {"second", Duration::second, true, "clock", "1000"},  {"millisecond", Duration::millisecond, true, "clock", "1"},
    {"a", Duration::year, false, "ucum", "12"},           {"mo", Duration::month, false, "ucum", "1"},
    {"wk", Duration::week, false, "clock", "604800000"},  {"d", Duration::day, false, "clock", "86400000"},
    {"h", Duration::hour, false, "clock", "3600000"},     {"min", Duration::minute, false, "clock", "60000"},
    {"s", Duration::second, false, "clock", "1000"},      {"ms", Duration::millisecond, false, "clock", "1"},
};

}  // namespace

const TimeUnit* time_unit(std::string_view unit) {
  for (const TimeUnit& row : units) {
    if (row.name == unit) return &row;
    if (row.calendar && unit.size() == row.name.size() + 1 && unit.ends_with('s') && unit.starts_with(row.name)) return &row;
  }
  return nullptr;
}

std::optional<std::string> convert(std::string_view value, std::string_view unit, std::string_view to) {
  if (unit_or_one(unit) == unit_or_one(to)) return std::string(value);
  const TimeUnit* from = time_unit(unit);
  const TimeUnit* into = time_unit(to);
  if (!from || !into || from->group != into->group) return std::nullopt;
  const auto scaled = number::multiply(value, from->factor);
  return scaled ? number::divide(*scaled, into->factor) : std::nullopt;
}

}  // namespace fhirpath
