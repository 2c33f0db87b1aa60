#include "resources-gen/fhirpath/operators.h"

#include <algorithm>
#include <limits>

#include "resources-gen/fhirpath/number.h"
#include "resources-gen/fhirpath/units.h"

namespace fhirpath {
namespace {

bool operands(Run& run, const Op& op, const Scope& scope, Values& left, Values& right) {
  return run.evaluate(op.input, scope, left) && run.evaluate(op.right, scope, right);
}

// Logic (N1 6.5): three-valued.

bool logic(Run& run, const Op& op, const Scope& scope, Values& out) {
  const Operation operation = op.operation->operation;
  std::optional<bool> a, b;
  if (!run.boolean(op.input, scope, a)) return false;
  std::optional<bool> decided;  // by the left side alone: the right is not evaluated
  if (operation == Operation::and_also && a == std::optional(false)) decided = false;
  if (operation == Operation::or_else && a == std::optional(true)) decided = true;
  if (operation == Operation::implies && a == std::optional(false)) decided = true;
  if (!decided) {
    if (!run.boolean(op.right, scope, b)) return false;
    switch (operation) {
      case Operation::and_also:
        decided = b == std::optional(false) ? b : a && b ? std::optional(true) : std::nullopt;
        break;
      case Operation::or_else:
        decided = b == std::optional(true) ? b : a && b ? std::optional(false) : std::nullopt;
        break;
      case Operation::implies:
        decided = b == std::optional(true) ? b : a && b ? std::optional(false) : std::nullopt;
        break;
      default:
        decided = a && b ? std::optional(*a != *b) : std::nullopt;
        break;  // xor
    }
  }
  if (decided) out.push_back(Value::of(*decided));
  return true;
}

// Equality (N1 6.1)

bool equality(Run& run, const Op& op, const Scope& scope, Values& out) {
  Values left = run.values(), right = run.values();
  if (!operands(run, op, scope, left, right)) return false;
  if (left.empty() || right.empty()) return true;
  std::optional<bool> result = left.size() == right.size();
  for (std::size_t i = 0; i < left.size() && result != std::optional(false); ++i) {
    if (!run.charge(std::min(weight(left[i]), weight(right[i])))) return false;
    const auto same = equal(left[i], right[i]);
    if (same != std::optional(true)) result = same;
  }
  if (result) out.push_back(Value::of(*result == (op.operation->operation == Operation::equal)));
  return true;
}

bool equivalence(Run& run, const Op& op, const Scope& scope, Values& out) {
  Values left = run.values(), right = run.values();
  if (!operands(run, op, scope, left, right)) return false;
  bool result = left.size() == right.size();
  if (result && left.size() == 1) {
    std::uint64_t work = 0;
    result = equivalent(left[0], right[0], work);
    if (!run.charge(work)) return false;
  } else if (result) {
    std::vector<const Value*> open;
    for (const Value& value : right) open.push_back(&value);
    for (const Value& value : left) {
      std::uint64_t work = open.size() / 32;
      const auto found =
          std::find_if(open.begin(), open.end(), [&](const Value* other) { return equivalent(value, *other, work); });
      if (!run.charge(work)) return false;
      if (found == open.end()) {
        result = false;
        break;
      }
      open.erase(found);
    }
  }
  out.push_back(Value::of(result == (op.operation->operation == Operation::equivalent)));
  return true;
}

// Comparison (N1 6.2)

bool comparison(Run& run, const Op& op, const Scope& scope, Values& out) {
  Values left = run.values(), right = run.values();
  if (!operands(run, op, scope, left, right)) return false;
  std::optional<Value> a, b;
  if (!run.single(left, a) || !run.single(right, b)) return false;
  if (!a || !b) return true;
  if (!run.charge(std::min(weight(*a), weight(*b)))) return false;
  const Order order = compare(*a, *b);
  if (order == Order::mismatch) return run.fail("values of these types do not compare");
  if (order == Order::open) return true;
  switch (op.operation->operation) {
    case Operation::less:
      out.push_back(Value::of(order == Order::less));
      break;
    case Operation::less_or_equal:
      out.push_back(Value::of(order != Order::greater));
      break;
    case Operation::greater:
      out.push_back(Value::of(order == Order::greater));
      break;
    default:
      out.push_back(Value::of(order != Order::less));
      break;
  }
  return true;
}

// Membership (N1 6.4)

bool membership(Run& run, const Op& op, const Scope& scope, Values& out) {
  Values left = run.values(), right = run.values();
  if (!operands(run, op, scope, left, right)) return false;
  const bool in = op.operation->operation == Operation::in;
  const Values& items = in ? left : right;
  const Values& collection = in ? right : left;
  std::optional<Value> item;
  if (!run.single(items, item)) return false;
  if (!item) return true;
  const std::uint64_t heavy = weight(*item);
  for (const Value& value : collection) {
    if (!run.charge(std::min(heavy, weight(value)))) return false;
    if (equal(*item, value) != std::optional(true)) continue;
    out.push_back(Value::of(true));
    return true;
  }
  out.push_back(Value::of(false));
  return true;
}

// Arithmetic (N1 6.6, 6.7)

bool affords(Run& run, const Value& a, const Value& b) {
  const auto cost = [](const Value& value) {
    return value.kind == ItemKind::decimal || value.kind == ItemKind::quantity ? number::cost(value.text) : 0;
  };
  return run.charge(cost(a) + cost(b));
}

bool give_decimal(Run& run, std::optional<std::string> text, Values& out) {
  if (text) out.push_back(Value::of(ItemKind::decimal, run.keep(*text)));
  return true;  // overflow and division by zero are empty
}

bool give_quantity(Run& run, std::optional<std::string> text, std::string_view unit, Values& out) {
  if (text) out.push_back(Value::of(ItemKind::quantity, run.keep(*text), unit));
  return true;
}

bool is_moment(const Value& value) {
  return value.kind == ItemKind::date || value.kind == ItemKind::date_time || value.kind == ItemKind::time;
}

// N1 6.7: a date, dateTime or time, and a quantity of time.
bool move_in_time(Run& run, const Value& moment, const Value& quantity, bool backwards, Values& out) {
  const TimeUnit* unit = time_unit(quantity.unit);
  if (!unit) return run.fail("to a date or time only a quantity of time is added");
  // A UCUM year or month is a number of days, a calendar's is not: only the calendar's words may be added.
  if (!unit->calendar && unit->duration <= Duration::month)
    return run.fail("add years and months by their calendar words, not as UCUM");
  const auto parsed = moment_of(moment);
  if (!parsed) return true;
  // Decimals count below the second; above it they are ignored.
  Duration duration = unit->duration;
  std::optional<std::string> scaled(quantity.text);
  if (duration == Duration::second) {
    scaled = number::multiply(quantity.text, "1000");
    duration = Duration::millisecond;
  }
  const auto amount = scaled ? number::truncate(*scaled) : std::nullopt;
  if (!amount || *amount == std::numeric_limits<std::int64_t>::min()) return true;
  const std::int64_t by = backwards ? -*amount : *amount;
  if (moment.kind == ItemKind::time) {
    if (const auto moved = add_to_time(*parsed, by, duration))
      out.push_back(Value::of(ItemKind::time, run.keep(time_text(*moved))));
    return true;
  }
  const auto moved = add_to_date(*parsed, by, duration);
  if (!moved) return true;
  const bool date = moment.kind == ItemKind::date;
  out.push_back(Value::of(moment.kind, run.keep(date ? date_text(*moved) : date_time_text(*moved))));
  return true;
}

bool add_quantities(Run& run, const Value& a, const Value& b, bool minus, Values& out) {
  const auto converted = convert(b.text, b.unit, a.unit);
  if (!converted) return true;
  return give_quantity(run, minus ? number::subtract(a.text, *converted) : number::add(a.text, *converted), a.unit, out);
}

bool joined(Run& run, std::string_view left, std::string_view right, Values& out) {
  const std::size_t size = left.size() + right.size();
  if (!run.charge(size <= max_string ? size / 64 : max_ticks + 1)) return false;
  out.push_back(Value::of(ItemKind::string, run.keep(std::string(left).append(right))));
  return true;
}

bool sum(Run& run, const Op& op, const Scope& scope, Values& out) {
  std::optional<Value> a, b;
  if (!run.system(op.input, scope, a) || !run.system(op.right, scope, b)) return false;
  if (!a || !b) return true;
  if (!affords(run, *a, *b)) return false;
  const bool minus = op.operation->operation == Operation::subtract;
  if (a->kind == ItemKind::integer && b->kind == ItemKind::integer) {
    std::int64_t result = 0;
    const bool overflow =
        minus ? __builtin_sub_overflow(a->integer, b->integer, &result) : __builtin_add_overflow(a->integer, b->integer, &result);
    if (!overflow) out.push_back(Value::of(result));
    return true;
  }
  std::string left, right;
  if (a->is_number() && b->is_number()) {
    const std::string_view x = number_text(*a, left), y = number_text(*b, right);
    return give_decimal(run, minus ? number::subtract(x, y) : number::add(x, y), out);
  }
  if (!minus && a->kind == ItemKind::string && b->kind == ItemKind::string) {
    return joined(run, a->text, b->text, out);
  }
  if (is_moment(*a) && b->kind == ItemKind::quantity) return move_in_time(run, *a, *b, minus, out);
  if (a->kind == ItemKind::quantity && b->kind == ItemKind::quantity) return add_quantities(run, *a, *b, minus, out);
  if (a->kind == ItemKind::quantity && b->is_number()) {
    return add_quantities(run, *a, Value::of(ItemKind::quantity, number_text(*b, right), "1"), minus, out);
  }
  if (b->kind == ItemKind::quantity && a->is_number()) {
    return add_quantities(run, Value::of(ItemKind::quantity, number_text(*a, left), "1"), *b, minus, out);
  }
  return run.fail("'" + std::string(op.operation->text) + "' does not take values of these types");
}

// & : as + of strings, but empty counts as ''.
bool concatenation(Run& run, const Op& op, const Scope& scope, Values& out) {
  std::optional<Value> a, b;
  if (!run.system(op.input, scope, a) || !run.system(op.right, scope, b)) return false;
  if ((a && a->kind != ItemKind::string) || (b && b->kind != ItemKind::string)) return run.fail("'&' takes strings");
  const std::string_view left = a ? a->text : std::string_view();
  const std::string_view right = b ? b->text : std::string_view();
  return joined(run, left, right, out);
}

bool product(Run& run, const Op& op, const Scope& scope, Values& out) {
  std::optional<Value> a, b;
  if (!run.system(op.input, scope, a) || !run.system(op.right, scope, b)) return false;
  if (!a || !b) return true;
  if (!affords(run, *a, *b)) return false;
  const bool divides = op.operation->operation == Operation::divide;
  if (!divides && a->kind == ItemKind::integer && b->kind == ItemKind::integer) {
    std::int64_t result = 0;
    if (!__builtin_mul_overflow(a->integer, b->integer, &result)) out.push_back(Value::of(result));
    return true;
  }
  std::string left, right;
  if (a->is_number() && b->is_number()) {
    const std::string_view x = number_text(*a, left), y = number_text(*b, right);
    return give_decimal(run, divides ? number::divide(x, y) : number::multiply(x, y), out);
  }
  const bool quantities = (a->is_number() || a->kind == ItemKind::quantity) && (b->is_number() || b->kind == ItemKind::quantity);
  if (!quantities) return run.fail("'" + std::string(op.operation->text) + "' does not take values of these types");
  const std::string_view unit = a->is_number() ? std::string_view("1") : unit_or_one(a->unit);
  const std::string_view by = b->is_number() ? std::string_view("1") : unit_or_one(b->unit);
  const std::string_view x = number_text(*a, left), y = number_text(*b, right);
  if (by == "1") return give_quantity(run, divides ? number::divide(x, y) : number::multiply(x, y), unit, out);
  if (unit == "1" && !divides) return give_quantity(run, number::multiply(x, y), by, out);
  if (divides && convert(y, by, unit)) return give_quantity(run, number::divide(x, *convert(y, by, unit)), "1", out);
  return true;  // m by m is m2: composing units is UCUM's, see units.h
}

bool whole(Run& run, const Op& op, const Scope& scope, Values& out) {
  std::optional<Value> a, b;
  if (!run.system(op.input, scope, a) || !run.system(op.right, scope, b)) return false;
  if (!a || !b) return true;
  if (!affords(run, *a, *b)) return false;
  if (!a->is_number() || !b->is_number()) return run.fail("'" + std::string(op.operation->text) + "' takes numbers");
  std::string left, right;
  const std::string_view x = number_text(*a, left), y = number_text(*b, right);
  if (op.operation->operation == Operation::integer_divide) {
    if (const auto result = number::integer_divide(x, y)) out.push_back(Value::of(*result));
    return true;
  }
  const auto rest = number::modulo(x, y);
  if (rest && a->kind == ItemKind::integer && b->kind == ItemKind::integer) {
    if (const auto integer = number::truncate(*rest)) out.push_back(Value::of(*integer));
    return true;
  }
  return give_decimal(run, rest, out);
}

constexpr OperatorRow rows[] = {
    {Operation::implies, "implies", logic},
    {Operation::or_else, "or", logic},
    {Operation::xor_else, "xor", logic},
    {Operation::and_also, "and", logic},
    {Operation::in, "in", membership},
    {Operation::contains, "contains", membership},
    {Operation::equal, "=", equality},
    {Operation::not_equal, "!=", equality},
    {Operation::equivalent, "~", equivalence},
    {Operation::not_equivalent, "!~", equivalence},
    {Operation::less, "<", comparison},
    {Operation::less_or_equal, "<=", comparison},
    {Operation::greater, ">", comparison},
    {Operation::greater_or_equal, ">=", comparison},
    {Operation::add, "+", sum},
    {Operation::subtract, "-", sum},
    {Operation::concatenate, "&", concatenation},
    {Operation::multiply, "*", product},
    {Operation::divide, "/", product},
    {Operation::integer_divide, "div", whole},
    {Operation::modulo, "mod", whole},
};

}  // namespace

const OperatorRow& operator_row(Operation operation) {
  return *std::find_if(std::begin(rows), std::end(rows), [&](const OperatorRow& row) { return row.operation == operation; });
}

}  // namespace fhirpath
