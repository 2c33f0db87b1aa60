// number: decimals and ranges of them (R4 search.html#number and #prefix).
//
//   \x02 ordered decimal        a point: the precision that a resource's number was written in plays no part
//   \x03 low high               a Range
#include "search/number.h"

#include <algorithm>

#include "search/query_text.h"
#include "search/term_bytes.h"
#include "search/value_types.h"

namespace search {

std::string ordered(const model::Decimal& value) {
  std::string bytes;
  if (value.digits().size() <= longest_decimal) {
    value.append_ordered(bytes);
    return bytes;
  }
  std::string text(value.negative() ? "-" : "");
  text.append(value.digits().substr(0, longest_decimal)).append("E");
  text.append(std::to_string(static_cast<std::int64_t>(value.exponent()) +
                             static_cast<std::int64_t>(value.digits().size() - longest_decimal)));
  model::Decimal::parse(text).value_or(value).append_ordered(bytes);
  return bytes;
}

bool take_bound(std::string_view& bytes, std::string_view& bound) {
  if (bytes.empty()) return false;
  if (bytes.front() == no_low || bytes.front() == no_high) {
    bound = bytes.substr(0, 1);
    bytes.remove_prefix(1);
    return true;
  }
  const std::string_view all = bytes;
  model::Decimal::read_ordered(bytes);
  bound = all.substr(0, all.size() - bytes.size());
  return true;
}

std::optional<NumberCondition> NumberCondition::parse(std::string_view text) {
  NumberCondition result;
  result.prefix = take_prefix(text);
  const std::optional<model::Decimal> value = model::Decimal::parse(text);
  if (!value || value->digits().size() > longest_decimal) return std::nullopt;
  result.value = ordered(*value);
  model::Decimal low = value->implicit_low(), high = value->implicit_high();
  if (result.prefix == Prefix::ap) {
    low = std::min(low, value->approximate_low());
    high = std::max(high, value->approximate_high());
  }
  result.low = ordered(low);
  result.high = ordered(high);
  return result;
}

bool NumberCondition::holds(std::string_view from, std::string_view to) const {
  // Whether a range that is open at one end has its other bound in it, its term does not say: "<5" has not.
  const bool closed = from.front() != no_low && to.front() != no_high;
  switch (prefix) {
    case Prefix::eq:
      return low <= from && to < high;
    case Prefix::ne:
      return !(low <= from && to < high);
    case Prefix::gt:
      return to > value;
    case Prefix::lt:
      return from < value;
    case Prefix::ge:
      return to > value || from >= value || (closed && to == value);
    case Prefix::le:
      return from < value || to <= value || (closed && from == value);
    case Prefix::sa:
      return from > value;
    case Prefix::eb:
      return to < value;
    case Prefix::ap:
      return from <= high && to >= low;
  }
  return false;
}

void NumberCondition::point_scans(const std::string& start, std::shared_ptr<const TermPredicate> predicate,
                                  std::vector<Scan>& out) const {
  const std::string end = after_prefix(start);
  const auto add = [&](std::string from, std::string to) {
    out.push_back(range_scan(std::move(from), std::move(to), predicate));
  };
  const auto above = [&](const std::string& number) { return after_prefix(start + number); };  // past all terms of that number
  switch (prefix) {
    case Prefix::eq:
      return add(start + low, start + high);
    case Prefix::ne:
      add(start, start + low);
      return add(start + high, end);
    case Prefix::gt:
    case Prefix::sa:
      return add(above(value), end);
    case Prefix::ge:
      return add(start + value, end);
    case Prefix::lt:
    case Prefix::eb:
      return add(start, start + value);
    case Prefix::le:
      return add(start, above(value));
    case Prefix::ap:
      return add(start + low, above(high));
  }
}

namespace {

constexpr char tag_range = '\x03';

void put_range(std::string_view low, std::string_view high, TermSink& sink) {
  std::string term(1, tag_range);
  sink.put(term.append(low).append(high));
}

}  // namespace

Bounds range_bounds(model::NodeRef range) {
  Bounds bounds{{no_low}, {no_high}};
  for (Children child(range); child.next();) {
    const bool low = child.is("low");
    if (!low && !child.is("high")) continue;
    for (Children part(child.node()); part.next();) {
      if (!part.is("value")) continue;
      const std::optional<model::Decimal> value = model::Decimal::parse(part.text());
      if (value) (low ? bounds.low : bounds.high) = ordered(*value);
    }
  }
  return bounds;
}

bool extract_number(model::NodeRef value, Extraction& extraction) {
  switch (extraction.datatypes.of(value)) {
    case Datatype::number: {
      const std::optional<model::Decimal> number = model::Decimal::parse(value.text());
      if (number) extraction.sink.put(std::string(1, tag_value) + ordered(*number));
      return true;
    }
    case Datatype::range: {
      const Bounds bounds = range_bounds(value);
      if (bounds.sound()) put_range(bounds.low, bounds.high, extraction.sink);
      return true;
    }
    default:
      return false;
  }
}

model::Result<void> number_scans(const ScanContext& context, std::string_view value, Form, Scans& out) {
  const std::optional<NumberCondition> condition = NumberCondition::parse(unescape(value));
  if (!condition) return bad_value(context, value, "is no number");
  condition->point_scans(std::string(1, tag_value), nullptr, out);
  auto predicate = std::make_shared<const TermPredicate>([condition = *condition](std::string_view term) {
    std::string_view low, high;
    term.remove_prefix(1);
    return take_bound(term, low) && take_bound(term, high) && condition.holds(low, high);
  });
  out.push_back(range_scan(std::string(1, tag_range), std::string(1, tag_range + 1), std::move(predicate)));
  return {};
}

std::string_view number_sort_key(std::string_view term) {
  if (term.front() == tag_value) return term.substr(1);
  if (term.front() != tag_range) return {};
  std::string_view rest = term.substr(1), low;
  return take_bound(rest, low) ? low : std::string_view();
}

}  // namespace search
