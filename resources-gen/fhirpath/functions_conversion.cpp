// N1 5.5: conversion.

#include <string>

#include "resources-gen/fhirpath/functions.h"
#include "resources-gen/fhirpath/number.h"
#include "resources-gen/fhirpath/text.h"
#include "resources-gen/fhirpath/units.h"

namespace fhirpath {
namespace {

// A conversion of one System value; nullopt: it does not convert. Texts that it makes go to the arena.
using Conversion = std::optional<Value> (*)(Run& run, const Value& value);

std::optional<Value> boolean_of(Run&, const Value& value) {
  std::string buffer;
  switch (value.kind) {
    case ItemKind::boolean:
      return value;
    case ItemKind::integer:
    case ItemKind::decimal: {
      const std::string_view number = number_text(value, buffer);
      if (number::compare(number, "1") == 0) return Value::of(true);
      if (number::compare(number, "0") == 0) return Value::of(false);
      return std::nullopt;
    }
    case ItemKind::string: {
      const std::string word = lower(value.text);
      for (const std::string_view name : {"true", "t", "yes", "y", "1", "1.0"}) {
        if (word == name) return Value::of(true);
      }
      for (const std::string_view name : {"false", "f", "no", "n", "0", "0.0"}) {
        if (word == name) return Value::of(false);
      }
      return std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

std::optional<Value> integer_of(Run&, const Value& value) {
  if (value.kind == ItemKind::integer) return value;
  if (value.kind == ItemKind::boolean) return Value::of(std::int64_t{value.boolean ? 1 : 0});
  if (value.kind != ItemKind::string) return std::nullopt;
  const auto integer = number::to_integer(value.text);
  return integer ? std::optional(Value::of(*integer)) : std::nullopt;
}

std::optional<Value> decimal_of(Run& run, const Value& value) {
  std::string buffer;
  switch (value.kind) {
    case ItemKind::decimal:
      return value;
    case ItemKind::integer:
      return Value::of(ItemKind::decimal, run.keep(number_text(value, buffer)));
    case ItemKind::boolean:
      return Value::of(ItemKind::decimal, value.boolean ? "1.0" : "0.0");
    case ItemKind::string: {
      std::string_view text = value.text;
      if (!number::is_decimal(text)) return std::nullopt;
      if (text[0] == '+') text.remove_prefix(1);
      return Value::of(ItemKind::decimal, text);
    }
    default:
      return std::nullopt;
  }
}

std::optional<Value> string_of(Run& run, const Value& value) {
  if (value.kind == ItemKind::string) return value;
  const auto text = text_of(value);
  return text ? std::optional(Value::of(ItemKind::string, run.keep(*text))) : std::nullopt;
}

// "4 days", "10.1 'mg'", "1".
std::optional<Value> parse_quantity(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size() && (end == 0 ? text[end] == '+' || text[end] == '-' || (text[end] >= '0' && text[end] <= '9')
                                        : text[end] == '.' || (text[end] >= '0' && text[end] <= '9'))) {
    ++end;
  }
  std::string_view number = text.substr(0, end);
  if (!number::is_decimal(number)) return std::nullopt;
  if (number[0] == '+') number.remove_prefix(1);
  std::string_view unit = text.substr(end);
  const bool spaced = trimmed(unit).size() != unit.size();
  unit = trimmed(unit);
  if (unit.empty()) return spaced ? std::nullopt : std::optional(Value::of(ItemKind::quantity, number, "1"));
  if (unit.size() > 2 && unit.front() == '\'' && unit.back() == '\'') {
    unit = unit.substr(1, unit.size() - 2);
    if (unit.find('\'') != std::string_view::npos) return std::nullopt;
    return Value::of(ItemKind::quantity, number, unit);
  }
  const TimeUnit* time = time_unit(unit);
  return time && time->calendar ? std::optional(Value::of(ItemKind::quantity, number, time->name)) : std::nullopt;
}

std::optional<Value> quantity_of(Run& run, const Value& value) {
  std::string buffer;
  switch (value.kind) {
    case ItemKind::quantity:
      return value;
    case ItemKind::integer:
    case ItemKind::decimal:
      return Value::of(ItemKind::quantity, run.keep(number_text(value, buffer)), "1");
    case ItemKind::boolean:
      return Value::of(ItemKind::quantity, value.boolean ? "1.0" : "0.0", "1");
    case ItemKind::string:
      return parse_quantity(value.text);
    default:
      return std::nullopt;
  }
}

std::optional<Value> date_of(Run&, const Value& value) {
  switch (value.kind) {
    case ItemKind::date:
      return value;
    case ItemKind::date_time:
      return Value::of(ItemKind::date, value.text.substr(0, value.text.find('T')));
    case ItemKind::string:
      return parse_date(value.text) ? std::optional(Value::of(ItemKind::date, value.text)) : std::nullopt;
    default:
      return std::nullopt;
  }
}

std::optional<Value> date_time_of(Run&, const Value& value) {
  switch (value.kind) {
    case ItemKind::date_time:
      return value;
    case ItemKind::date:
      return Value::of(ItemKind::date_time, value.text);
    case ItemKind::string:
      return parse_date_time(value.text) ? std::optional(Value::of(ItemKind::date_time, value.text)) : std::nullopt;
    default:
      return std::nullopt;
  }
}

std::optional<Value> time_of(Run&, const Value& value) {
  if (value.kind == ItemKind::time) return value;
  if (value.kind != ItemKind::string || !parse_time(value.text)) return std::nullopt;
  return Value::of(ItemKind::time, value.text);
}

// The one item of the input through `conversion`. A complex node has no System value, so it converts to nothing.
bool converted(Call& call, Conversion conversion, std::optional<Value>& value) {
  value.reset();
  if (call.input.size() > 1) return call.fail("takes one item, there are " + std::to_string(call.input.size()));
  if (call.input.empty()) return true;
  value = system_value(call.input[0]);
  if (value && !call.run.charge(weight(*value))) return false;
  if (value) value = conversion(call.run, *value);
  return true;
}

template <Conversion conversion>
bool to(Call& call) {
  std::optional<Value> value;
  if (!converted(call, conversion, value)) return false;
  return !value || call.give(*value);
}

template <Conversion conversion>
bool converts_to(Call& call) {
  std::optional<Value> value;
  if (!converted(call, conversion, value)) return false;
  return call.input.empty() || call.give(value.has_value());
}

// toQuantity(unit) and convertsToQuantity(unit)
bool in_unit(Call& call, std::optional<Value>& value) {
  if (!converted(call, quantity_of, value)) return false;
  if (call.count() == 0 || !value) return true;
  std::optional<std::string_view> unit;
  if (!call.argument_text(0, unit)) return false;
  const auto number = unit ? convert(value->text, value->unit, *unit) : std::nullopt;
  value = number ? std::optional(Value::of(ItemKind::quantity, call.run.keep(*number), *unit)) : std::nullopt;
  return true;
}

bool to_quantity(Call& call) {
  std::optional<Value> value;
  if (!in_unit(call, value)) return false;
  return !value || call.give(*value);
}

bool converts_to_quantity(Call& call) {
  std::optional<Value> value;
  if (!in_unit(call, value)) return false;
  return call.input.empty() || call.give(value.has_value());
}

bool iif(Call& call) {
  if (call.input.size() > 1) return call.fail("takes one item, there are " + std::to_string(call.input.size()));
  Scope scope = call.scope;
  scope.empty = call.input.empty();
  if (!scope.empty) scope.self = call.input[0];
  Values criterion = call.run.values();
  if (!call.run.evaluate(call.argument(0), scope, criterion)) return false;
  std::optional<Value> truth;
  if (!call.run.single(criterion, truth)) return false;
  if (truth) truth = system_value(*truth);
  if (truth && truth->kind != ItemKind::boolean) return call.fail("takes a boolean as criterion");
  if (truth && truth->boolean) return call.run.evaluate(call.argument(1), scope, call.out);
  return call.count() < 3 || call.run.evaluate(call.argument(2), scope, call.out);
}

constexpr FunctionRow rows[] = {
    {"iif", 2, 3, "sss", Gives::chosen, iif},
    {"toBoolean", 0, 0, "", Gives::system, to<boolean_of>},
    {"convertsToBoolean", 0, 0, "", Gives::system, converts_to<boolean_of>},
    {"toInteger", 0, 0, "", Gives::system, to<integer_of>},
    {"convertsToInteger", 0, 0, "", Gives::system, converts_to<integer_of>},
    {"toDecimal", 0, 0, "", Gives::system, to<decimal_of>},
    {"convertsToDecimal", 0, 0, "", Gives::system, converts_to<decimal_of>},
    {"toString", 0, 0, "", Gives::system, to<string_of>},
    {"convertsToString", 0, 0, "", Gives::system, converts_to<string_of>},
    {"toDate", 0, 0, "", Gives::system, to<date_of>},
    {"convertsToDate", 0, 0, "", Gives::system, converts_to<date_of>},
    {"toDateTime", 0, 0, "", Gives::system, to<date_time_of>},
    {"convertsToDateTime", 0, 0, "", Gives::system, converts_to<date_time_of>},
    {"toTime", 0, 0, "", Gives::system, to<time_of>},
    {"convertsToTime", 0, 0, "", Gives::system, converts_to<time_of>},
    {"toQuantity", 0, 1, "v", Gives::system, to_quantity},
    {"convertsToQuantity", 0, 1, "v", Gives::system, converts_to_quantity},
};

}  // namespace

std::span<const FunctionRow> conversion_functions() { return rows; }

}  // namespace fhirpath
