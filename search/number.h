// Numbers as terms hold them, and what a query asks of them; shared by number and quantity.
//
// A number is its ordered decimal (model/decimal.h), cut to 40 significant digits, so that memcmp compares values. The bound that
// a range lacks is one byte below or above all ordered decimals.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "resources-gen/model/decimal.h"
#include "resources-gen/model/tree.h"
#include "search/parameter_types.h"

namespace search {

inline constexpr std::size_t longest_decimal = 40;
inline constexpr char no_low = '\x00';  // no ordered decimal begins with either
inline constexpr char no_high = '\xff';

std::string ordered(const model::Decimal& value);
// Takes an ordered decimal, or a lacking bound, off the front.
bool take_bound(std::string_view& bytes, std::string_view& bound);

// [low, high], both as bytes.
struct Bounds {
  std::string low, high;
  bool sound() const { return low <= high && (low[0] != no_low || high[0] != no_high); }
};
Bounds range_bounds(model::NodeRef range);  // of a Range; unsound if it has no bound at all

// "ge5.4": R4 search.html#prefix. gt, lt, ge, le, sa and eb take the number as exact, eq and ne its implicit range, ap 10 %.
struct NumberCondition {
  Prefix prefix = Prefix::eq;
  std::string value;      // ordered
  std::string low, high;  // ordered: the implicit range [low, high); of ap, [low, high]

  static std::optional<NumberCondition> parse(std::string_view text);
  bool holds(std::string_view from, std::string_view to) const;  // of the closed range [from, to]; a point is from == to
  // The scans of points whose terms are `start`, an ordered decimal, and perhaps more.
  void point_scans(const std::string& start, std::shared_ptr<const TermPredicate> predicate, std::vector<Scan>& out) const;
};

}  // namespace search
