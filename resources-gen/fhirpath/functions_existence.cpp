// N1 5.1: existence.

#include "resources-gen/fhirpath/functions.h"

namespace fhirpath {
namespace {

// Whether the criterion, the first argument, is true of item `i`. What it used of the arena is free again.
bool holds(Call& call, std::size_t i, bool& result) {
  const Arena::Mark mark = call.run.arena().mark();
  const Scope scope{.self = call.input[i], .index = static_cast<std::int64_t>(i)};
  std::optional<bool> truth;
  if (!call.run.boolean(call.argument(0), scope, truth)) return false;
  call.run.arena().release(mark);
  result = truth == std::optional(true);
  return true;
}

bool empty(Call& call) { return call.give(call.input.empty()); }

bool exists(Call& call) {
  if (call.count() == 0) return call.give(!call.input.empty());
  for (std::size_t i = 0; i < call.input.size(); ++i) {
    bool result = false;
    if (!holds(call, i, result)) return false;
    if (result) return call.give(true);
  }
  return call.give(false);
}

bool all(Call& call) {
  for (std::size_t i = 0; i < call.input.size(); ++i) {
    bool result = false;
    if (!holds(call, i, result)) return false;
    if (!result) return call.give(false);
  }
  return call.give(true);
}

bool negated(Call& call) {
  std::optional<bool> value;
  if (!call.run.boolean(call.input, value)) return false;
  return !value || call.give(!*value);
}

// allTrue(), anyTrue() ...: whether some item is `wanted`, answered by `found`, else by its opposite.
bool any_is(Call& call, bool wanted, bool found) {
  bool result = !found;
  for (const Value& item : call.input) {
    const auto value = system_value(item);
    if (!value || value->kind != ItemKind::boolean) return call.fail("takes booleans");
    if (value->boolean == wanted) result = found;
  }
  return call.give(result);
}
bool all_true(Call& call) { return any_is(call, false, false); }
bool any_true(Call& call) { return any_is(call, true, true); }
bool all_false(Call& call) { return any_is(call, true, false); }
bool any_false(Call& call) { return any_is(call, false, true); }

bool is_subset(Call& call, const Values& part, const Values& whole) {
  ValueSet set;
  for (const Value& value : whole) set.insert(value);
  bool result = true;
  for (const Value& value : part) result = result && set.contains(value);
  return call.run.charge(set.work()) && call.give(result);
}

bool subset_of(Call& call) {
  Values other = call.run.values();
  return call.values(0, other) && is_subset(call, call.input, other);
}

bool superset_of(Call& call) {
  Values other = call.run.values();
  return call.values(0, other) && is_subset(call, other, call.input);
}

bool count(Call& call) { return call.give(Value::of(static_cast<std::int64_t>(call.input.size()))); }

bool distinct(Call& call) {
  ValueSet set;
  for (const Value& value : call.input) {
    if (set.insert(value)) call.out.push_back(value);
  }
  return call.run.charge(set.work());
}

bool is_distinct(Call& call) {
  ValueSet set;
  for (const Value& value : call.input) {
    if (!set.insert(value)) return call.run.charge(set.work()) && call.give(false);
  }
  return call.run.charge(set.work()) && call.give(true);
}

constexpr FunctionRow rows[] = {
    {"empty", 0, 0, "", Gives::system, empty},
    {"exists", 0, 1, "e", Gives::system, exists},
    {"all", 1, 1, "e", Gives::system, all},
    {"not", 0, 0, "", Gives::system, negated},
    {"allTrue", 0, 0, "", Gives::system, all_true},
    {"anyTrue", 0, 0, "", Gives::system, any_true},
    {"allFalse", 0, 0, "", Gives::system, all_false},
    {"anyFalse", 0, 0, "", Gives::system, any_false},
    {"subsetOf", 1, 1, "v", Gives::system, subset_of},
    {"supersetOf", 1, 1, "v", Gives::system, superset_of},
    {"count", 0, 0, "", Gives::system, count},
    {"distinct", 0, 0, "", Gives::input, distinct},
    {"isDistinct", 0, 0, "", Gives::system, is_distinct},
};

}  // namespace

std::span<const FunctionRow> existence_functions() { return rows; }

}  // namespace fhirpath
