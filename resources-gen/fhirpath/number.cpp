#include "resources-gen/fhirpath/number.h"

#include <boost/multiprecision/cpp_dec_float.hpp>
#include <boost/multiprecision/cpp_int.hpp>
#include <charconv>
#include <limits>

#include "resources-gen/model/decimal.h"

namespace fhirpath::number {
namespace {

using Integer = boost::multiprecision::cpp_int;
using Real = boost::multiprecision::cpp_dec_float_50;

constexpr std::int64_t max_digits = 1000;
constexpr std::int64_t quotient_digits = 28;

// coefficient x 10^exponent
struct Big {
  Integer coefficient;
  std::int64_t exponent = 0;
};

struct Small {
  std::int64_t coefficient = 0;
  std::int64_t exponent = 0;
};

// Reads numbers of at most 18 digits: nearly all.
std::optional<Small> small(std::string_view text) {
  Small out;
  bool negative = false;
  std::size_t at = 0;
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) negative = text[at++] == '-';
  int digits = 0;
  bool point = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.') {
      point = true;
    } else if (c >= '0' && c <= '9') {
      if (++digits > 18) return std::nullopt;
      out.coefficient = out.coefficient * 10 + (c - '0');
      if (point) --out.exponent;
    } else {
      break;
    }
  }
  if (digits == 0) return std::nullopt;
  if (at < text.size()) {
    if (text[at] != 'e' && text[at] != 'E') return std::nullopt;
    ++at;
    if (at < text.size() && text[at] == '+') ++at;
    int exponent = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), exponent);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    out.exponent += exponent;
  }
  if (negative) out.coefficient = -out.coefficient;
  return out;
}

Integer ten_to(std::int64_t exponent) { return boost::multiprecision::pow(Integer(10), static_cast<unsigned>(exponent)); }

std::optional<Big> big(std::string_view text) {
  if (const auto s = small(text)) {
    if (s->exponent > max_digits || s->exponent < -max_digits) return std::nullopt;
    return Big{s->coefficient, s->exponent};
  }
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto parsed = model::Decimal::parse(text);
  if (!parsed || parsed->exponent() > max_digits || parsed->exponent() < -max_digits) return std::nullopt;
  const std::string_view digits = parsed->digits();
  if (digits.size() > static_cast<std::size_t>(max_digits)) return std::nullopt;
  Big out{digits.empty() ? Integer(0) : Integer(std::string(digits)), parsed->exponent()};
  if (parsed->negative()) out.coefficient = -out.coefficient;
  return out;
}

std::optional<std::string> text_of(const Big& value) {
  std::string digits = Integer(abs(value.coefficient)).str();
  if (value.exponent > 0 && value.coefficient != 0) digits.append(static_cast<std::size_t>(value.exponent), '0');
  if (value.exponent < 0) {
    const auto places = static_cast<std::size_t>(-value.exponent);
    if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
    digits.insert(digits.size() - places, 1, '.');
  }
  if (digits.size() > static_cast<std::size_t>(2 * max_digits)) return std::nullopt;
  return value.coefficient < 0 ? "-" + digits : digits;
}

// Brings both to the lower exponent.
void align(Big& a, Big& b) {
  if (a.exponent > b.exponent) {
    a.coefficient *= ten_to(a.exponent - b.exponent);
    a.exponent = b.exponent;
  } else if (b.exponent > a.exponent) {
    b.coefficient *= ten_to(b.exponent - a.exponent);
    b.exponent = a.exponent;
  }
}

void strip(Big& value) {
  while (value.exponent < 0 && value.coefficient % 10 == 0) {
    value.coefficient /= 10;
    ++value.exponent;
  }
}

// Numerator over denominator, rounded half away from zero.
Integer rounded(const Integer& numerator, const Integer& denominator) {
  Integer quotient = abs(numerator) / abs(denominator);
  const Integer rest = abs(numerator) % abs(denominator);
  if (rest * 2 >= abs(denominator)) ++quotient;
  return (numerator < 0) != (denominator < 0) ? Integer(-quotient) : quotient;
}

// With `places` digits after the point at most.
Big with_places(const Big& value, std::int64_t places) {
  if (value.exponent >= -places) return value;
  return {rounded(value.coefficient, ten_to(-places - value.exponent)), -places};
}

std::optional<std::int64_t> narrow(const Integer& value) {
  if (value > std::numeric_limits<std::int64_t>::max() || value < std::numeric_limits<std::int64_t>::min()) return std::nullopt;
  return value.convert_to<std::int64_t>();
}

enum class Towards { zero, down, up };

std::optional<std::int64_t> whole(std::string_view text, Towards towards) {
  const auto value = big(text);
  if (!value) return std::nullopt;
  if (value->exponent >= 0) return value->exponent > 20 ? std::nullopt : narrow(value->coefficient * ten_to(value->exponent));
  const Integer unit = ten_to(-value->exponent);
  Integer quotient = value->coefficient / unit;  // towards zero
  const bool exact = value->coefficient % unit == 0;
  if (!exact && towards == Towards::down && value->coefficient < 0) --quotient;
  if (!exact && towards == Towards::up && value->coefficient > 0) ++quotient;
  return narrow(quotient);
}

std::optional<Real> real(std::string_view text) {
  const auto value = big(text);
  if (!value) return std::nullopt;
  return Real(value->coefficient) * pow(Real(10), Real(value->exponent));
}

std::optional<std::string> text_of(const Real& value) {
  if (!isfinite(value) || abs(value) > Real("1e500")) return std::nullopt;
  const auto parsed = big(value.str(quotient_digits, std::ios_base::scientific));
  if (!parsed) return abs(value) < Real("1e-500") ? std::optional<std::string>("0") : std::nullopt;
  Big result = with_places(*parsed, quotient_digits);
  strip(result);
  return text_of(result);
}

std::int64_t significant_places(const Big& value) {
  Big copy = value;
  strip(copy);
  return copy.exponent < 0 ? -copy.exponent : 0;
}

}  // namespace

int compare(std::string_view a, std::string_view b) {
  const auto left = small(a);
  const auto right = small(b);
  if (left && right) {
    const std::int64_t gap = left->exponent - right->exponent;
    if (gap >= -18 && gap <= 18) {
      __extension__ using Wide = __int128;
      Wide x = left->coefficient;
      Wide y = right->coefficient;
      for (std::int64_t i = 0; i < gap; ++i) x *= 10;
      for (std::int64_t i = 0; i < -gap; ++i) y *= 10;
      return x < y ? -1 : x > y ? 1 : 0;
    }
  }
  if (a.starts_with('+')) a.remove_prefix(1);
  if (b.starts_with('+')) b.remove_prefix(1);
  const auto x = model::Decimal::parse(a);
  const auto y = model::Decimal::parse(b);
  if (!x || !y) return a.compare(b);
  const auto order = *x <=> *y;
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

bool equivalent(std::string_view a, std::string_view b) {
  const auto x = big(a);
  const auto y = big(b);
  if (!x || !y) return compare(a, b) == 0;
  const std::int64_t places = std::min(significant_places(*x), significant_places(*y));
  Big left = with_places(*x, places);
  Big right = with_places(*y, places);
  align(left, right);
  return left.coefficient == right.coefficient;
}

std::string normal(std::string_view a) {
  if (auto value = big(a)) {
    strip(*value);
    if (auto text = text_of(*value)) return *text;
  }
  return {};
}

std::uint64_t cost(std::string_view a) {
  const bool is_small = a.size() <= 18 && a.find_first_of("eE") == std::string_view::npos;
  return is_small ? 0 : 2000 + a.size() / 64;
}

std::optional<std::string> add(std::string_view a, std::string_view b) {
  auto x = big(a);
  auto y = big(b);
  if (!x || !y) return std::nullopt;
  align(*x, *y);
  return text_of(Big{x->coefficient + y->coefficient, x->exponent});
}

std::optional<std::string> subtract(std::string_view a, std::string_view b) { return add(a, negate(b)); }

std::optional<std::string> multiply(std::string_view a, std::string_view b) {
  const auto x = big(a);
  const auto y = big(b);
  if (!x || !y) return std::nullopt;
  return text_of(Big{x->coefficient * y->coefficient, x->exponent + y->exponent});
}

std::optional<std::string> divide(std::string_view a, std::string_view b) {
  auto x = big(a);
  auto y = big(b);
  if (!x || !y || y->coefficient == 0) return std::nullopt;
  align(*x, *y);
  Big result{rounded(x->coefficient * ten_to(quotient_digits), y->coefficient), -quotient_digits};
  strip(result);
  return text_of(result);
}

std::optional<std::int64_t> integer_divide(std::string_view a, std::string_view b) {
  auto x = big(a);
  auto y = big(b);
  if (!x || !y || y->coefficient == 0) return std::nullopt;
  align(*x, *y);
  return narrow(x->coefficient / y->coefficient);
}

std::optional<std::string> modulo(std::string_view a, std::string_view b) {
  auto x = big(a);
  auto y = big(b);
  if (!x || !y || y->coefficient == 0) return std::nullopt;
  align(*x, *y);
  return text_of(Big{x->coefficient % y->coefficient, x->exponent});
}

std::string negate(std::string_view a) {
  if (a.starts_with('-')) return std::string(a.substr(1));
  if (a.starts_with('+')) a.remove_prefix(1);
  return "-" + std::string(a);
}

std::optional<std::int64_t> ceiling(std::string_view a) { return whole(a, Towards::up); }
std::optional<std::int64_t> floor(std::string_view a) { return whole(a, Towards::down); }
std::optional<std::int64_t> truncate(std::string_view a) { return whole(a, Towards::zero); }

std::optional<std::string> round(std::string_view a, std::int64_t places) {
  const auto value = big(a);
  if (!value || places < 0) return std::nullopt;
  return text_of(with_places(*value, places));
}

std::optional<std::string> square_root(std::string_view a) {
  const auto value = real(a);
  if (!value || *value < 0) return std::nullopt;
  return text_of(Real(sqrt(*value)));
}

std::optional<std::string> exponential(std::string_view a) {
  const auto value = real(a);
  if (!value || *value > 1200) return std::nullopt;
  if (*value < -1200) return "0";
  return text_of(Real(exp(*value)));
}

std::optional<std::string> natural_logarithm(std::string_view a) {
  const auto value = real(a);
  if (!value || *value <= 0) return std::nullopt;
  return text_of(Real(log(*value)));
}

std::optional<std::string> logarithm(std::string_view a, std::string_view base) {
  const auto value = real(a);
  const auto root = real(base);
  if (!value || !root || *value <= 0 || *root <= 0 || *root == 1) return std::nullopt;
  return text_of(Real(log(*value) / log(*root)));
}

std::optional<std::string> power(std::string_view a, std::string_view exponent) {
  auto base = big(a);
  if (!base) return std::nullopt;
  if (is_whole(exponent)) {
    const auto times = truncate(exponent);
    if (!times || *times > max_digits || *times < -max_digits) return std::nullopt;
    const auto count = static_cast<unsigned>(*times < 0 ? -*times : *times);
    const auto digits = static_cast<std::int64_t>(Integer(abs(base->coefficient)).str().size());
    if (digits * count > max_digits || std::abs(base->exponent) * count > max_digits) return std::nullopt;
    const auto result = text_of(Big{pow(base->coefficient, count), base->exponent * count});
    return *times < 0 && result ? divide("1", *result) : result;
  }
  const auto value = real(a);
  const auto by = real(exponent);
  if (!value || !by || *value < 0 || abs(*by) > 1000) return std::nullopt;
  if (*value == 0) return *by > 0 ? std::optional<std::string>("0") : std::nullopt;
  return text_of(Real(pow(*value, *by)));
}

bool is_decimal(std::string_view text) {
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
  const auto digits = [&] {
    std::size_t count = 0;
    while (count < text.size() && text[count] >= '0' && text[count] <= '9') ++count;
    text.remove_prefix(count);
    return count > 0;
  };
  if (!digits()) return false;
  if (text.empty()) return true;
  if (text[0] != '.') return false;
  text.remove_prefix(1);
  return digits() && text.empty();
}

std::optional<std::int64_t> to_integer(std::string_view text) {
  const bool plus = text.starts_with('+');
  if (plus) text.remove_prefix(1);
  if (text.empty() || (plus && text[0] == '-')) return std::nullopt;
  std::int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_whole(std::string_view a) {
  auto value = big(a);
  if (!value) return false;
  strip(*value);
  return value->exponent >= 0;
}

std::optional<std::string> boundary(std::string_view a, std::int64_t places, bool high) {
  const auto value = big(a);
  if (!value || places < 0 || places > 31) return std::nullopt;
  Big edge{value->coefficient * 10 + (high ? 5 : -5), value->exponent - 1};
  if (value->exponent > 0) edge = {value->coefficient * ten_to(value->exponent) * 10 + (high ? 5 : -5), -1};
  if (edge.exponent < -places) {
    const Integer unit = ten_to(-places - edge.exponent);
    Integer quotient = edge.coefficient / unit;
    if (edge.coefficient % unit != 0) {
      if (high && edge.coefficient > 0) ++quotient;
      if (!high && edge.coefficient < 0) --quotient;
    }
    edge = {quotient, -places};
  } else {
    edge = {edge.coefficient * ten_to(places + edge.exponent), -places};
  }
  return text_of(edge);
}

}  // namespace fhirpath::number
