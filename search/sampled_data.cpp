// The least and greatest value of a SampledData: origin + factor x data (R4 datatypes.html#SampledData).
#include <boost/multiprecision/cpp_dec_float.hpp>

#include <algorithm>
#include <optional>

#include "search/datatypes.h"
#include "search/number.h"
#include "search/quantity.h"

namespace search {
namespace {

using model::Decimal;
using Wide = boost::multiprecision::cpp_dec_float_50;

// Null where there is no such sum (beyond all bounds).
std::optional<Decimal> scaled(const Decimal& origin, const Decimal& factor, const Decimal& datum) {
  const Wide sum = Wide(origin.text()) + Wide(factor.text()) * Wide(datum.text());
  return Decimal::parse(sum.str(static_cast<std::streamsize>(longest_decimal) - 1, std::ios_base::scientific));
}

}  // namespace

SampledBounds sampled_bounds(model::NodeRef sampled_data) {
  SampledBounds result;
  Decimal origin, factor = Decimal::from_integer(1);
  std::optional<Decimal> lower_limit, upper_limit;
  std::string_view data;
  for (Children child(sampled_data); child.next();) {
    if (child.is("origin")) {
      for (Children part(child.node()); part.next();) {
        if (part.is("value")) origin = Decimal::parse(part.text()).value_or(Decimal());
        if (part.is("unit")) result.unit.text = part.text();
        if (part.is("code")) result.unit.code = part.text();
        if (part.is("system")) result.unit.system = part.text();
      }
    }
    if (child.is("factor")) factor = Decimal::parse(child.text()).value_or(factor);
    if (child.is("lowerLimit")) lower_limit = Decimal::parse(child.text());
    if (child.is("upperLimit")) upper_limit = Decimal::parse(child.text());
    if (child.is("data")) data = child.text();
  }
  // E is an error, L and U lie below and above what could be detected.
  std::optional<Decimal> least, greatest;
  bool below = false, above = false;
  for (std::size_t start = 0; start < data.size();) {
    const std::size_t end = std::min(data.find(' ', start), data.size());
    const std::string_view word = data.substr(start, end - start);
    start = end + 1;
    std::optional<Decimal> datum;
    if (word == "L") {
      datum = lower_limit;
      below = below || !lower_limit;
    } else if (word == "U") {
      datum = upper_limit;
      above = above || !upper_limit;
    } else {
      datum = Decimal::parse(word);
    }
    if (!datum) continue;
    if (!least || *datum < *least) least = datum;
    if (!greatest || *datum > *greatest) greatest = datum;
  }
  if (!least) return result;
  std::optional<Decimal> low = scaled(origin, factor, *least), high = scaled(origin, factor, *greatest);
  if (factor.negative()) {
    std::swap(low, high);
    std::swap(below, above);
  }
  if (low && !below) result.low = ordered(*low);
  if (high && !above) result.high = ordered(*high);
  return result;
}

}  // namespace search
