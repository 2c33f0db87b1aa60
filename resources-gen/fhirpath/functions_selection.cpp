// N1 5.2 to 5.4 and 7: filtering, subsetting, combining, aggregates.

#include <algorithm>

#include "resources-gen/fhirpath/functions.h"

namespace fhirpath {
namespace {

bool where(Call& call) {
  for (std::size_t i = 0; i < call.input.size(); ++i) {
    const Arena::Mark mark = call.run.arena().mark();
    const Scope scope{.self = call.input[i], .index = static_cast<std::int64_t>(i)};
    std::optional<bool> truth;
    if (!call.run.boolean(call.argument(0), scope, truth)) return false;
    call.run.arena().release(mark);
    if (truth == std::optional(true)) call.out.push_back(call.input[i]);
  }
  return true;
}

bool select(Call& call) {
  for (std::size_t i = 0; i < call.input.size(); ++i) {
    const Scope scope{.self = call.input[i], .index = static_cast<std::int64_t>(i)};
    if (!call.run.evaluate(call.argument(0), scope, call.out)) return false;
  }
  return true;
}

bool repeat(Call& call) {
  ValueSet known;
  Values open = call.run.values(), found = call.run.values();
  open.assign(call.input.begin(), call.input.end());
  for (std::size_t at = 0; at < open.size(); ++at) {
    const Value item = open[at];
    found.clear();
    if (!call.run.evaluate(call.argument(0), Scope{.self = item, .index = static_cast<std::int64_t>(at)}, found)) return false;
    const std::uint64_t before = known.work();
    for (const Value& value : found) {
      if (!known.insert(value)) continue;
      call.out.push_back(value);
      open.push_back(value);
    }
    if (!call.run.charge(known.work() - before)) return false;
  }
  return true;
}

bool aggregate(Call& call) {
  Values total = call.run.values();
  if (call.count() == 2 && !call.values(1, total)) return false;
  for (std::size_t i = 0; i < call.input.size(); ++i) {
    Values next = call.run.values();
    const Scope scope{.self = call.input[i], .index = static_cast<std::int64_t>(i), .total = &total};
    if (!call.run.evaluate(call.argument(0), scope, next)) return false;
    total = std::move(next);
  }
  call.out.insert(call.out.end(), total.begin(), total.end());
  return true;
}

bool single(Call& call) {
  if (call.input.size() > 1) return call.fail("there are " + std::to_string(call.input.size()) + " items");
  call.out.insert(call.out.end(), call.input.begin(), call.input.end());
  return true;
}

// Items [first, last) of the input.
bool give_part(Call& call, std::size_t first, std::size_t last) {
  last = std::min(last, call.input.size());
  for (std::size_t i = first; i < last; ++i) call.out.push_back(call.input[i]);
  return true;
}

bool first(Call& call) { return give_part(call, 0, 1); }
bool last(Call& call) { return give_part(call, call.input.empty() ? 0 : call.input.size() - 1, call.input.size()); }
bool tail(Call& call) { return give_part(call, 1, call.input.size()); }

bool skip(Call& call) {
  std::optional<std::int64_t> number;
  if (!call.argument_integer(0, number)) return false;
  return !number || give_part(call, static_cast<std::size_t>(std::max<std::int64_t>(*number, 0)), call.input.size());
}

bool take(Call& call) {
  std::optional<std::int64_t> number;
  if (!call.argument_integer(0, number)) return false;
  return !number || give_part(call, 0, static_cast<std::size_t>(std::max<std::int64_t>(*number, 0)));
}

bool intersect(Call& call) {
  Values other = call.run.values();
  if (!call.values(0, other)) return false;
  ValueSet wanted, given;
  for (const Value& value : other) wanted.insert(value);
  for (const Value& value : call.input) {
    if (wanted.contains(value) && given.insert(value)) call.out.push_back(value);
  }
  return call.run.charge(wanted.work() + given.work());
}

bool exclude(Call& call) {
  Values other = call.run.values();
  if (!call.values(0, other)) return false;
  ValueSet unwanted;
  for (const Value& value : other) unwanted.insert(value);
  for (const Value& value : call.input) {
    if (!unwanted.contains(value)) call.out.push_back(value);
  }
  return call.run.charge(unwanted.work());
}

bool unite(Call& call) {
  Values other = call.run.values();
  if (!call.values(0, other)) return false;
  ValueSet known;
  for (const Values* values : {&call.input, static_cast<const Values*>(&other)}) {
    for (const Value& value : *values) {
      if (known.insert(value)) call.out.push_back(value);
    }
  }
  return call.run.charge(known.work());
}

bool combine(Call& call) {
  call.out.insert(call.out.end(), call.input.begin(), call.input.end());
  return call.values(0, call.out);
}

bool none(Call& call) { return call.fail("is not evaluated"); }  // types are compiled apart

constexpr FunctionRow rows[] = {
    {"where", 1, 1, "e", Gives::input, where},
    {"select", 1, 1, "e", Gives::projected, select},
    {"repeat", 1, 1, "e", Gives::repeated, repeat},
    {"ofType", 1, 1, "t", Gives::input, none},
    {"as", 1, 1, "t", Gives::input, none},
    {"is", 1, 1, "t", Gives::system, none},
    {"single", 0, 0, "", Gives::input, single},
    {"first", 0, 0, "", Gives::input, first},
    {"last", 0, 0, "", Gives::input, last},
    {"tail", 0, 0, "", Gives::input, tail},
    {"skip", 1, 1, "v", Gives::input, skip},
    {"take", 1, 1, "v", Gives::input, take},
    {"intersect", 1, 1, "v", Gives::input, intersect},
    {"exclude", 1, 1, "v", Gives::input, exclude},
    {"union", 1, 1, "v", Gives::merged, unite},
    {"combine", 1, 1, "v", Gives::merged, combine},
    {"aggregate", 1, 2, "ev", Gives::anything, aggregate},
};

}  // namespace

std::span<const FunctionRow> selection_functions() { return rows; }

}  // namespace fhirpath
