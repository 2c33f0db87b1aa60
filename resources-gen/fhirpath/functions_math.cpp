// N1 5.7: math.

#include "resources-gen/fhirpath/functions.h"
#include "resources-gen/fhirpath/number.h"

namespace fhirpath {
namespace {

constexpr std::uint64_t series = 3000;  // ticks of a logarithm or power, whatever its arguments

bool affords(Call& call, const Value& number) {
  return call.run.charge(number.kind == ItemKind::decimal ? number::cost(number.text) : 0);
}

// The input as one number; nullopt if it is empty.
bool number_input(Call& call, std::optional<Value>& value) {
  if (!call.one(value)) return false;
  if (value && !value->is_number()) return call.fail("takes a number");
  return !value || affords(call, *value);
}

bool give_decimal(Call& call, const std::optional<std::string>& text) {
  return !text || call.give(Value::of(ItemKind::decimal, call.run.keep(*text)));
}

bool absolute(Call& call) {
  std::optional<Value> value;
  if (!call.one(value)) return false;
  if (!value) return true;
  if (!value->is_number() && value->kind != ItemKind::quantity) return call.fail("takes a number or a quantity");
  if (value->kind == ItemKind::integer) {
    if (value->integer < 0 && __builtin_sub_overflow(std::int64_t{0}, value->integer, &value->integer)) return true;
  } else if (value->text.starts_with('-')) {
    value->text.remove_prefix(1);
  }
  return call.give(*value);
}

template <std::optional<std::int64_t> (*function)(std::string_view)>
bool to_whole(Call& call) {
  std::optional<Value> value;
  if (!number_input(call, value)) return false;
  if (!value || value->kind == ItemKind::integer) return !value || call.give(*value);
  const auto result = function(value->text);
  return !result || call.give(Value::of(*result));
}

template <std::optional<std::string> (*function)(std::string_view)>
bool to_decimal(Call& call) {
  std::optional<Value> value;
  if (!number_input(call, value) || !call.run.charge(series)) return false;
  std::string buffer;
  return !value || give_decimal(call, function(number_text(*value, buffer)));
}

bool round(Call& call) {
  std::optional<Value> value;
  std::optional<std::int64_t> places = 0;
  if (!number_input(call, value) || (call.count() == 1 && !call.argument_integer(0, places))) return false;
  if (!value || !places) return true;
  if (*places < 0) return call.fail("takes a number of places from 0 on");
  std::string buffer;
  return give_decimal(call, number::round(number_text(*value, buffer), *places));
}

bool number_argument(Call& call, std::optional<Value>& value) {
  if (!call.run.system(call.argument(0), call.scope, value)) return false;
  if (value && !value->is_number()) return call.fail("takes a number as argument");
  return !value || affords(call, *value);
}

bool logarithm(Call& call) {
  std::optional<Value> value, base;
  if (!number_input(call, value) || !number_argument(call, base) || !call.run.charge(series)) return false;
  std::string left, right;
  return !value || !base || give_decimal(call, number::logarithm(number_text(*value, left), number_text(*base, right)));
}

bool power(Call& call) {
  std::optional<Value> value, exponent;
  if (!number_input(call, value) || !number_argument(call, exponent) || !call.run.charge(series)) return false;
  if (!value || !exponent) return true;
  std::string left, right;
  const auto result = number::power(number_text(*value, left), number_text(*exponent, right));
  const bool integers = value->kind == ItemKind::integer && exponent->kind == ItemKind::integer;
  if (result && integers && number::is_whole(*result)) {
    const auto integer = number::truncate(*result);
    return !integer || call.give(Value::of(*integer));
  }
  return give_decimal(call, result);
}

constexpr FunctionRow rows[] = {
    {"abs", 0, 0, "", Gives::system, absolute},
    {"ceiling", 0, 0, "", Gives::system, to_whole<number::ceiling>},
    {"exp", 0, 0, "", Gives::system, to_decimal<number::exponential>},
    {"floor", 0, 0, "", Gives::system, to_whole<number::floor>},
    {"ln", 0, 0, "", Gives::system, to_decimal<number::natural_logarithm>},
    {"log", 1, 1, "v", Gives::system, logarithm},
    {"power", 1, 1, "v", Gives::system, power},
    {"round", 0, 1, "v", Gives::system, round},
    {"sqrt", 0, 0, "", Gives::system, to_decimal<number::square_root>},
    {"truncate", 0, 0, "", Gives::system, to_whole<number::truncate>},
};

}  // namespace

std::span<const FunctionRow> math_functions() { return rows; }

}  // namespace fhirpath
