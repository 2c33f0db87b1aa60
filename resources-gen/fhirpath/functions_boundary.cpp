// precision(), lowBoundary() and highBoundary(): not in N1, but invariants published since use them. FHIRPath 2.1 (ballot),
// Utility functions.

#include "resources-gen/fhirpath/functions.h"
#include "resources-gen/fhirpath/number.h"

namespace fhirpath {
namespace {

// Digits of a date or time down to `grain`: 4 for a year, 17 for a dateTime with milliseconds.
struct Digits {
  Grain grain;
  std::int64_t date_time, time;
};
constexpr Digits digits[] = {
    {Grain::year, 4, 0},  {Grain::month, 6, 0},   {Grain::day, 8, 0},
    {Grain::hour, 10, 2}, {Grain::minute, 12, 4}, {Grain::second, 14, 6},
};
constexpr std::int64_t fraction_digits = 3;

std::int64_t precision_of(const Moment& moment, bool time) {
  const Digits& row = digits[static_cast<int>(moment.grain)];
  return (time ? row.time : row.date_time) + (moment.fraction_digits > 0 ? fraction_digits : 0);
}

// The value cut or filled to `wanted` digits; false if no precision has that many.
bool to_precision(Moment& moment, std::int64_t wanted, bool time, bool high) {
  const bool fraction = wanted == (time ? 9 : 17);
  const std::int64_t target = fraction ? wanted - fraction_digits : wanted;
  for (const Digits& row : digits) {
    if ((time ? row.time : row.date_time) != target || target == 0) continue;
    if (high) {
      if (moment.grain < Grain::month) moment.month = 12;
      if (moment.grain < Grain::day) {
        moment.day = 31;
        while (!parse_date(date_text({.year = moment.year, .month = moment.month, .day = moment.day, .grain = Grain::day})))
          --moment.day;
      }
      if (moment.grain < Grain::hour) moment.hour = 23;
      if (moment.grain < Grain::minute) moment.minute = 59;
      if (moment.grain < Grain::second) moment.second = 59;
      if (moment.fraction_digits == 0) moment.nanosecond = 999'000'000;
    }
    moment.grain = row.grain;
    moment.fraction_digits = fraction ? fraction_digits : 0;
    return true;
  }
  return false;
}

bool precision(Call& call) {
  std::optional<Value> value;
  if (!call.one(value)) return false;
  if (!value) return true;
  if (!call.run.charge(weight(*value))) return false;
  if (value->kind == ItemKind::integer || value->kind == ItemKind::decimal) {
    // Of a number the digits after the point.
    const std::string_view text = value->kind == ItemKind::decimal ? value->text : std::string_view();
    std::int64_t count = 0;
    for (std::size_t at = text.find('.') == std::string_view::npos ? text.size() : text.find('.') + 1; at < text.size(); ++at) {
      if (text[at] < '0' || text[at] > '9') break;
      ++count;
    }
    return call.give(Value::of(count));
  }
  const auto moment = moment_of(*value);
  if (!moment) return call.fail("takes a number, a date or a time");
  return call.give(Value::of(precision_of(*moment, value->kind == ItemKind::time)));
}

bool boundary(Call& call, bool high) {
  std::optional<Value> value;
  std::optional<std::int64_t> wanted;
  if (!call.one(value) || (call.count() == 1 && !call.argument_integer(0, wanted))) return false;
  if (!value || (call.count() == 1 && !wanted)) return true;
  if (value->is_number() || value->kind == ItemKind::quantity) {
    if (!call.run.charge(value->kind == ItemKind::integer ? 0 : number::cost(value->text))) return false;
    std::string buffer;
    const auto edge = number::boundary(number_text(*value, buffer), wanted.value_or(8), high);
    if (!edge) return true;
    const ItemKind kind = value->kind == ItemKind::quantity ? ItemKind::quantity : ItemKind::decimal;
    return call.give(Value::of(kind, call.run.keep(*edge), value->unit));
  }
  auto moment = moment_of(*value);
  if (!moment) return call.fail("takes a number, a quantity, a date or a time");
  const bool time = value->kind == ItemKind::time;
  const bool date = value->kind == ItemKind::date;
  if (!to_precision(*moment, wanted.value_or(time ? 9 : date ? 8 : 17), time, high)) return true;
  if (time) return call.give(Value::of(ItemKind::time, call.run.keep(time_text(*moment))));
  if (moment->grain <= Grain::day) {
    const ItemKind kind = date ? ItemKind::date : ItemKind::date_time;
    return call.give(Value::of(kind, call.run.keep(date_text(*moment))));
  }
  if (!moment->zoned) {  // the earliest moment is the easternmost zone's
    moment->zoned = true;
    moment->zone = (high ? -12 : 14) * 60;
  }
  return call.give(Value::of(ItemKind::date_time, call.run.keep(date_time_text(*moment))));
}

bool low_boundary(Call& call) { return boundary(call, false); }
bool high_boundary(Call& call) { return boundary(call, true); }

constexpr FunctionRow rows[] = {
    {"precision", 0, 0, "", Gives::system, precision},
    {"lowBoundary", 0, 1, "v", Gives::system, low_boundary},
    {"highBoundary", 0, 1, "v", Gives::system, high_boundary},
};

}  // namespace

std::span<const FunctionRow> boundary_functions() { return rows; }

}  // namespace fhirpath
