// Value: one item of a collection while an expression is evaluated. Trivial to copy; its texts live in the tree, the Ast or the
// evaluation's arena. Item (fhirpath.h) is what callers get of it. Internal to fhirpath/.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "resources-gen/fhirpath/fhirpath.h"
#include "resources-gen/fhirpath/moment.h"

namespace fhirpath {

struct Value {
  ItemKind kind = ItemKind::node;
  bool boolean = false;
  std::int64_t integer = 0;
  model::NodeRef node;
  std::string_view text;  // as Item's
  std::string_view unit;

  static Value of(model::NodeRef node) { return {.kind = ItemKind::node, .node = node}; }
  static Value of(bool boolean) { return {.kind = ItemKind::boolean, .boolean = boolean}; }
  static Value of(std::int64_t integer) { return {.kind = ItemKind::integer, .integer = integer}; }
  static Value of(ItemKind kind, std::string_view text, std::string_view unit = {}) {
    return {.kind = kind, .text = text, .unit = unit};
  }
  bool is_node() const { return kind == ItemKind::node; }
  bool is_number() const { return kind == ItemKind::integer || kind == ItemKind::decimal; }
};
using Values = std::pmr::vector<Value>;

// The System value that a primitive or a Quantity stands for (R4 fhirpath.html#types); System values as they are. nullopt: the
// node has no value, or is of a type that stands for none.
std::optional<Value> system_value(const Value& value);

// A number's digits. `buffer` holds an integer's.
std::string_view number_text(const Value& value, std::string& buffer);
// The moment of a date, dateTime or time.
std::optional<Moment> moment_of(const Value& value);
// What toString() gives; nullopt for what has no text.
std::optional<std::string> text_of(const Value& value);

// What it costs to look through all of it, in ticks (run.h).
std::uint64_t weight(const Value& value);

// N1 6.1.1 and 6.1.2, of two items. equal: nullopt where precision, zone or unit leave it open; costs what the lighter weighs.
// equivalent: what it cost is added to `work`; beyond max_ticks it gives up, with any answer.
std::optional<bool> equal(const Value& a, const Value& b);
bool equivalent(const Value& a, const Value& b, std::uint64_t& work);

enum class Order : std::uint8_t { less, same, greater, open, mismatch };
// N1 6.2: open where precision, zone or unit leave it so; mismatch for types that do not compare.
Order compare(const Value& a, const Value& b);

// The same number for values that are equal.
std::uint64_t hash_of(const Value& value);

// Values, each once by equal(). Hashed once there are more than a few, so that distinct() of many is not quadratic. Takes no
// more once its work is beyond max_ticks.
class ValueSet {
 public:
  bool insert(const Value& value);              // false: an equal one was there
  bool contains(const Value& value);            // true also once it takes no more
  std::uint64_t work() const { return work_; }  // so far, in ticks

 private:
  static constexpr std::size_t linear = 8;
  std::vector<Value> items_;
  std::unordered_multimap<std::uint64_t, std::size_t> index_;
  std::uint64_t work_ = 0;
};

}  // namespace fhirpath
