#include "resources-gen/fhirpath/value.h"

#include <algorithm>
#include <functional>

#include "resources-gen/fhirpath/limits.h"
#include "resources-gen/fhirpath/number.h"
#include "resources-gen/fhirpath/text.h"
#include "resources-gen/fhirpath/units.h"

namespace fhirpath {
namespace {

using model::Node;
using model::NodeIndex;
using model::NodeRef;
using model::Primitive;
using model::Schema;
using model::Tree;

constexpr std::string_view ucum = "http://unitsofmeasure.org";

bool is_complex(const Value& value) { return value.is_node() && value.node.primitive() == Primitive::none; }

bool is_quantity(NodeRef node) {
  const Schema& schema = node.tree().schema();
  return schema.types[node.type()].kind == model::TypeKind::complex && schema.is_a(node.type(), schema.type("Quantity"));
}

std::string_view child_text(NodeRef node, std::string_view name) {
  const NodeRef child = node.child(name);
  return child ? child.text() : std::string_view();
}

bool is_date(ItemKind kind) { return kind == ItemKind::date || kind == ItemKind::date_time; }

// A number as a quantity of unit 1 (N1 4.2.1, implicit conversion).
Value as_quantity(const Value& value, std::string& buffer) {
  if (value.kind == ItemKind::quantity) return value;
  return Value::of(ItemKind::quantity, number_text(value, buffer), "1");
}

std::optional<int> compare_quantities(const Value& a, const Value& b) {
  const auto converted = convert(b.text, b.unit, a.unit);
  if (!converted) return std::nullopt;
  return number::compare(a.text, *converted);
}

// The nearest quantities that do not stand for a System.Quantity (another system than UCUM): the same system and code compare.
std::optional<int> compare_foreign_quantities(NodeRef a, NodeRef b) {
  for (const std::string_view part : {"system", "code", "unit", "comparator"}) {
    if (child_text(a, part) != child_text(b, part)) return std::nullopt;
  }
  const std::string_view left = child_text(a, "value");
  const std::string_view right = child_text(b, "value");
  if (left.empty() || right.empty()) return std::nullopt;
  return number::compare(left, right);
}

// Three outcomes: false beats open beats true.
std::optional<bool> both(std::optional<bool> a, std::optional<bool> b) {
  if (a == std::optional(false) || b == std::optional(false)) return false;
  return a && b ? std::optional(true) : std::nullopt;
}

// The child of `node` of that element and position, from `at` on (members mostly come in the same order), then from the front.
NodeIndex matching_child(NodeRef node, model::ElementId element, std::uint32_t index, NodeIndex at) {
  const Tree& tree = node.tree();
  const NodeIndex end = node.node().end;
  for (NodeIndex i = at; i < end; i = tree[i].end) {
    if (tree[i].element == element && tree[i].index == index) return i;
  }
  for (NodeIndex i = node.index() + 1; i < at; i = tree[i].end) {
    if (tree[i].element == element && tree[i].index == index) return i;
  }
  return model::no_node;
}

std::size_t count_children(NodeRef node) {
  std::size_t count = 0;
  const NodeIndex end = node.node().end;
  for (NodeIndex i = node.index() + 1; i < end; i = node.tree()[i].end) ++count;
  return count;
}

// N1 6.1.1: equal if of the same type and all children are. The readers' depth limit bounds the recursion.
std::optional<bool> equal_trees(NodeRef a, NodeRef b) {
  if (a == b) return true;
  if (a.type() != b.type()) return false;
  if (count_children(a) != count_children(b)) return false;
  std::optional<bool> result = true;
  NodeIndex at = b.index() + 1;
  const NodeIndex end = a.node().end;
  for (NodeIndex i = a.index() + 1; i < end; i = a.tree()[i].end) {
    const Node& node = a.tree()[i];
    const NodeIndex other = matching_child(b, node.element, node.index, at);
    if (other == model::no_node) return false;
    at = b.tree()[other].end;
    result = both(result, equal(Value::of(NodeRef(a.tree(), i)), Value::of(NodeRef(b.tree(), other))));
    if (result == std::optional(false)) return false;
  }
  return result;
}

// N1 6.1.2: as equality, but by equivalence, and the order of repeats does not matter.
bool equivalent_trees(NodeRef a, NodeRef b, std::uint64_t& work) {
  if (a == b) return true;
  if (a.type() != b.type()) return false;
  std::vector<NodeIndex> open;
  for (NodeIndex i = b.index() + 1; i < b.node().end; i = b.tree()[i].end) open.push_back(i);
  work += open.size();
  for (NodeIndex i = a.index() + 1; i < a.node().end; i = a.tree()[i].end) {
    const auto found = std::find_if(open.begin(), open.end(), [&](NodeIndex other) {
      return b.tree()[other].element == a.tree()[i].element &&
             equivalent(Value::of(NodeRef(a.tree(), i)), Value::of(NodeRef(b.tree(), other)), work);
    });
    work += 1 + open.size() / 64;
    if (found == open.end() || work > max_ticks) return false;
    open.erase(found);
  }
  return open.empty();
}

std::uint64_t hash_text(std::string_view text) { return std::hash<std::string_view>()(text) | 1; }

bool hashes_as_text(Primitive primitive) {
  switch (primitive) {
    case Primitive::none:
    case Primitive::boolean:
    case Primitive::integer:
    case Primitive::positive_int:
    case Primitive::unsigned_int:
    case Primitive::decimal:
    case Primitive::date:
    case Primitive::date_time:
    case Primitive::instant:
    case Primitive::time:
      return false;
    default:
      return true;
  }
}

}  // namespace

std::optional<Value> system_value(const Value& value) {
  if (!value.is_node()) return value;
  const NodeRef node = value.node;
  const Primitive primitive = node.primitive();
  if (primitive == Primitive::none) {
    if (!is_quantity(node)) return std::nullopt;
    const std::string_view number = child_text(node, "value");
    const std::string_view system = child_text(node, "system");
    if (number.empty() || !child_text(node, "comparator").empty() || (!system.empty() && system != ucum)) return std::nullopt;
    const std::string_view code = child_text(node, "code");
    return Value::of(ItemKind::quantity, number, unit_or_one(code.empty() ? child_text(node, "unit") : code));
  }
  if (!node.has_value()) return std::nullopt;
  const std::string_view text = node.text();
  switch (primitive) {
    case Primitive::boolean:
      return Value::of(text == "true");
    case Primitive::integer:
    case Primitive::positive_int:
    case Primitive::unsigned_int:
      if (const auto integer = number::to_integer(text)) return Value::of(*integer);
      return Value::of(ItemKind::decimal, text);  // beyond 32 bits: not valid, but still a number
    case Primitive::decimal:
      return Value::of(ItemKind::decimal, text);
    case Primitive::date:
      return Value::of(ItemKind::date, text);
    case Primitive::date_time:
    case Primitive::instant:
      return Value::of(ItemKind::date_time, text);
    case Primitive::time:
      return Value::of(ItemKind::time, text);
    default:
      return Value::of(ItemKind::string, text);
  }
}

std::string_view number_text(const Value& value, std::string& buffer) {
  if (value.kind != ItemKind::integer) return value.text;
  buffer = std::to_string(value.integer);
  return buffer;
}

std::optional<Moment> moment_of(const Value& value) {
  if (value.kind == ItemKind::time) return parse_time(value.text);
  return is_date(value.kind) ? parse_date_time(value.text) : std::nullopt;
}

std::optional<std::string> text_of(const Value& given) {
  const auto value = system_value(given);
  if (!value) return std::nullopt;
  switch (value->kind) {
    case ItemKind::boolean:
      return value->boolean ? "true" : "false";
    case ItemKind::integer:
      return std::to_string(value->integer);
    case ItemKind::quantity: {
      const TimeUnit* unit = time_unit(value->unit);
      return std::string(value->text) +
             (unit && unit->calendar ? " " + std::string(value->unit) : " '" + std::string(value->unit) + "'");
    }
    case ItemKind::date_time:
      if (value->text.ends_with('T')) return std::string(value->text.substr(0, value->text.size() - 1));
      return std::string(value->text);
    case ItemKind::type:
      return std::string(value->unit) + "." + std::string(value->text);
    default:
      return std::string(value->text);
  }
}

Order compare(const Value& a, const Value& b) {
  const auto order = [](std::optional<int> result) {
    if (!result) return Order::open;
    return *result < 0 ? Order::less : *result > 0 ? Order::greater : Order::same;
  };
  const auto x = system_value(a);
  const auto y = system_value(b);
  if (!x || !y) {
    if (is_complex(a) && is_complex(b) && is_quantity(a.node) && is_quantity(b.node)) {
      return order(compare_foreign_quantities(a.node, b.node));
    }
    const bool without_value = (!x && a.is_node() && !is_complex(a)) || (!y && b.is_node() && !is_complex(b));
    return without_value || (x && is_complex(b) && is_quantity(b.node)) || (y && is_complex(a) && is_quantity(a.node))
               ? Order::open
               : Order::mismatch;
  }
  if (x->kind == ItemKind::integer && y->kind == ItemKind::integer) {
    return x->integer < y->integer ? Order::less : x->integer > y->integer ? Order::greater : Order::same;
  }
  std::string left, right;
  if (x->is_number() && y->is_number()) return order(number::compare(number_text(*x, left), number_text(*y, right)));
  if ((x->kind == ItemKind::quantity || x->is_number()) && (y->kind == ItemKind::quantity || y->is_number())) {
    return order(compare_quantities(as_quantity(*x, left), as_quantity(*y, right)));
  }
  if (x->kind == ItemKind::string && y->kind == ItemKind::string) return order(x->text.compare(y->text));
  const bool times = x->kind == ItemKind::time && y->kind == ItemKind::time;
  if (times || (is_date(x->kind) && is_date(y->kind))) {
    const auto first = moment_of(*x);
    const auto second = moment_of(*y);
    if (!first || !second) return Order::open;
    return order(times ? compare_times(*first, *second) : compare_dates(*first, *second));
  }
  return Order::mismatch;
}

std::optional<bool> equal(const Value& a, const Value& b) {
  if (a.is_node() && b.is_node() && a.node == b.node) return true;
  const auto x = system_value(a);
  const auto y = system_value(b);
  if (!x || !y) {
    // Two primitives without values, or two complex values: by their parts. Else one has what the other has not.
    if (!x && !y && a.is_node() && b.is_node()) return equal_trees(a.node, b.node);
    return false;
  }
  if (x->kind == ItemKind::boolean && y->kind == ItemKind::boolean) return x->boolean == y->boolean;
  if (x->kind == ItemKind::type && y->kind == ItemKind::type) return x->text == y->text && x->unit == y->unit;
  switch (compare(*x, *y)) {
    case Order::same:
      return true;
    case Order::open:
      return std::nullopt;
    default:
      return false;
  }
}

bool equivalent(const Value& a, const Value& b, std::uint64_t& work) {
  work += 2;
  if (a.is_node() && b.is_node() && a.node == b.node) return true;
  if (work > max_ticks) return false;
  const auto x = system_value(a);
  const auto y = system_value(b);
  if (!x || !y) return !x && !y && a.is_node() && b.is_node() && equivalent_trees(a.node, b.node, work);
  work += (x->text.size() + y->text.size()) / 8;
  std::string left, right;
  if (x->is_number() && y->is_number()) return number::equivalent(number_text(*x, left), number_text(*y, right));
  if (x->kind == ItemKind::string && y->kind == ItemKind::string) return folded(x->text) == folded(y->text);
  if ((x->kind == ItemKind::quantity || x->is_number()) && (y->kind == ItemKind::quantity || y->is_number())) {
    const Value first = as_quantity(*x, left);
    const Value second = as_quantity(*y, right);
    // N1 6.1.2: for equivalence a calendar year is UCUM's a, a month its mo.
    const TimeUnit* unit = time_unit(first.unit);
    const TimeUnit* other = time_unit(second.unit);
    if (unit && other && unit->duration == other->duration) return number::equivalent(first.text, second.text);
    const auto converted = convert(second.text, second.unit, first.unit);
    return converted && number::equivalent(first.text, *converted);
  }
  return equal(*x, *y) == std::optional(true);
}

std::uint64_t hash_of(const Value& value) {
  if (is_complex(value) && !is_quantity(value.node)) {
    // A sum, since members may come in any order; parts that may be equal in several spellings do not count.
    std::uint64_t sum = value.node.type();
    const Tree& tree = value.node.tree();
    const Schema& schema = tree.schema();
    const NodeIndex end = value.node.node().end;
    for (NodeIndex i = value.node.index() + 1; i < end;) {
      const Node& node = tree[i];
      const Primitive primitive = schema.types[node.type].primitive;
      if (primitive == Primitive::none) {
        ++i;
        continue;
      }
      if (hashes_as_text(primitive)) sum += hash_text(NodeRef(tree, i).text()) * (node.element | 1);
      i = node.end;
    }
    return sum;
  }
  const auto system = system_value(value);
  if (!system) return 1;
  std::string buffer;
  switch (system->kind) {
    case ItemKind::boolean:
      return system->boolean ? 2 : 3;
    case ItemKind::integer:
      return hash_text(number_text(*system, buffer));
    case ItemKind::decimal:
      return hash_text(number::normal(system->text));
    case ItemKind::string:
      return hash_text(system->text);
    case ItemKind::quantity:
      return system->unit == "1" ? hash_text(number::normal(system->text)) : 4;  // units convert
    default:
      return 5;  // one moment has several spellings
  }
}

std::uint64_t weight(const Value& value) {
  if (!value.is_node()) return 1 + (value.text.size() + value.unit.size()) / 64;
  const Node& node = value.node.node();
  return 1 + (node.end - value.node.index()) + (node.stop - node.begin) / 64;
}

bool ValueSet::contains(const Value& value) {
  if (work_ > max_ticks) return true;
  const std::uint64_t heavy = weight(value);
  if (items_.size() <= linear) {
    for (const Value& item : items_) {
      work_ += std::min(heavy, weight(item));
      if (equal(item, value) == std::optional(true)) return true;
    }
    return false;
  }
  work_ += heavy;
  const auto [first, last] = index_.equal_range(hash_of(value));
  for (auto at = first; at != last; ++at) {
    work_ += std::min(heavy, weight(items_[at->second]));
    if (equal(items_[at->second], value) == std::optional(true)) return true;
  }
  return false;
}

bool ValueSet::insert(const Value& value) {
  if (contains(value)) return false;
  items_.push_back(value);
  if (items_.size() == linear + 1) {
    for (std::size_t i = 0; i < items_.size(); ++i) index_.emplace(hash_of(items_[i]), i);
  } else if (items_.size() > linear) {
    index_.emplace(hash_of(value), items_.size() - 1);
  }
  return true;
}

}  // namespace fhirpath
