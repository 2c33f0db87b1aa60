#include "resources-gen/model/decimal.h"

#include <algorithm>
#include <stdexcept>

namespace model {
namespace {

constexpr std::int64_t largest_exponent = 100'000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Digit strings without leading zeros ("" is zero), combined as whole numbers.

void drop_leading_zeros(std::string& digits) { digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size())); }

std::string add_whole(std::string_view a, std::string_view b) {
  if (a.size() < b.size()) std::swap(a, b);
  std::string sum(a.size() + 1, '0');
  int carry = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    int digit = a[a.size() - 1 - i] - '0' + carry;
    if (i < b.size()) digit += b[b.size() - 1 - i] - '0';
    carry = digit >= 10;
    sum[sum.size() - 1 - i] = static_cast<char>('0' + digit % 10);
  }
  if (carry) sum[0] = '1';
  drop_leading_zeros(sum);
  return sum;
}

// a - b, where a >= b.
std::string subtract_whole(std::string_view a, std::string_view b) {
  std::string rest(a);
  int borrow = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    int digit = a[a.size() - 1 - i] - '0' - borrow;
    if (i < b.size()) digit -= b[b.size() - 1 - i] - '0';
    borrow = digit < 0;
    rest[rest.size() - 1 - i] = static_cast<char>('0' + (borrow ? digit + 10 : digit));
  }
  drop_leading_zeros(rest);
  return rest;
}

// digits x factor, factor at most 100.
std::string multiply_whole(std::string_view digits, int factor) {
  std::string product(digits.size() + 2, '0');
  int carry = 0;
  std::size_t out = product.size();
  for (std::size_t i = digits.size(); i-- > 0;) {
    const int value = (digits[i] - '0') * factor + carry;
    product[--out] = static_cast<char>('0' + value % 10);
    carry = value / 10;
  }
  for (; carry; carry /= 10) product[--out] = static_cast<char>('0' + carry % 10);
  drop_leading_zeros(product);
  return product;
}

// The ordered encoding: one class byte (sign and scientific exponent, small exponents inside the byte), then the digits in pairs,
// each byte 2 x pair, +1 if another pair follows. All bytes of a negative value are complemented.
constexpr unsigned class_zero = 0x80;
constexpr unsigned class_tiny = 0x81;   // exponent below -50: three bytes follow
constexpr unsigned class_small = 0x82;  // exponents -50 to 50
constexpr unsigned class_huge = class_small + 101;
constexpr std::int64_t exponent_bias = 1 << 23;

[[noreturn]] void corrupt() { throw std::runtime_error("not an ordered decimal"); }

unsigned take(std::string_view& bytes, unsigned mask) {
  if (bytes.empty()) corrupt();
  const unsigned byte = static_cast<unsigned char>(bytes.front()) ^ mask;
  bytes.remove_prefix(1);
  return byte;
}

}  // namespace

std::optional<Decimal> Decimal::parse(std::string_view text) {
  Decimal result;
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t start = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return text.substr(start, at - start);
  };
  if (at < text.size() && text[at] == '-') {
    result.negative_ = true;
    ++at;
  }
  const std::string_view whole = digits();
  if (whole.empty() || (whole.size() > 1 && whole[0] == '0')) return std::nullopt;
  std::string_view fraction;
  if (at < text.size() && text[at] == '.') {
    ++at;
    fraction = digits();
    if (fraction.empty()) return std::nullopt;
  }
  std::int64_t exponent = 0;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    bool down = false;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) down = text[at++] == '-';
    const std::string_view power = digits();
    if (power.empty()) return std::nullopt;
    for (const char c : power) exponent = std::min(exponent * 10 + (c - '0'), 100 * largest_exponent);
    if (down) exponent = -exponent;
  }
  if (at != text.size()) return std::nullopt;
  if (fraction.size() > static_cast<std::size_t>(2 * largest_exponent)) return std::nullopt;
  exponent -= static_cast<std::int64_t>(fraction.size());
  if (exponent < -largest_exponent || exponent > largest_exponent) return std::nullopt;
  if (static_cast<std::int64_t>(whole.size()) + static_cast<std::int64_t>(fraction.size()) + exponent > largest_exponent) {
    return std::nullopt;
  }
  result.digits_.reserve(whole.size() + fraction.size());
  if (whole != "0") result.digits_ = whole;
  if (result.digits_.empty()) fraction.remove_prefix(std::min(fraction.find_first_not_of('0'), fraction.size()));
  result.digits_ += fraction;
  result.exponent_ = static_cast<std::int32_t>(exponent);
  return result;
}

Decimal Decimal::from_integer(std::int64_t value) {
  Decimal result;
  result.negative_ = value < 0;
  const std::uint64_t magnitude = value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  if (magnitude != 0) result.digits_ = std::to_string(magnitude);
  return result;
}

bool Decimal::is_zero() const { return digits_.empty(); }

Decimal Decimal::implicit_low() const {
  // In units of a tenth of the last place, half of it is 5.
  Decimal result;
  result.exponent_ = exponent_ - 1;
  std::string tenths = digits_.empty() ? std::string() : digits_ + '0';
  if (negative_ || tenths.empty()) {
    result.digits_ = add_whole(tenths, "5");
    result.negative_ = true;
  } else {
    result.digits_ = subtract_whole(tenths, "5");
  }
  return result;
}

Decimal Decimal::implicit_high() const {
  Decimal mirrored = *this;
  mirrored.negative_ = !negative_ && !digits_.empty();
  Decimal result = mirrored.implicit_low();
  result.negative_ = !result.negative_ && !result.digits_.empty();
  return result;
}

Decimal Decimal::approximate_low() const {
  Decimal result;
  result.negative_ = negative_;
  result.exponent_ = exponent_ - 1;
  result.digits_ = multiply_whole(digits_, negative_ ? 11 : 9);
  return result;
}

Decimal Decimal::approximate_high() const {
  Decimal result = approximate_low();
  result.digits_ = multiply_whole(digits_, negative_ ? 9 : 11);
  return result;
}

std::strong_ordering Decimal::operator<=>(const Decimal& other) const {
  const int sign = digits_.empty() ? 0 : negative_ ? -1 : 1;
  const int other_sign = other.digits_.empty() ? 0 : other.negative_ ? -1 : 1;
  if (sign != other_sign) return sign <=> other_sign;
  if (sign == 0) return std::strong_ordering::equal;
  const auto magnitude = [](const Decimal& d) { return static_cast<std::int64_t>(d.digits_.size()) + d.exponent_; };
  std::strong_ordering order = magnitude(*this) <=> magnitude(other);
  if (order == 0) {
    const std::size_t common = std::min(digits_.size(), other.digits_.size());
    order = std::string_view(digits_).substr(0, common).compare(std::string_view(other.digits_).substr(0, common)) <=> 0;
    if (order == 0) {
      if (digits_.find_first_not_of('0', common) != std::string::npos) order = std::strong_ordering::greater;
      if (other.digits_.find_first_not_of('0', common) != std::string::npos) order = std::strong_ordering::less;
    }
  }
  return sign > 0 ? order : 0 <=> order;
}

std::string Decimal::text() const {
  std::string out;
  if (negative_) out += '-';
  const std::string_view digits = digits_.empty() ? std::string_view("0") : std::string_view(digits_);
  if (exponent_ > 0) {
    return out.append(digits).append("E+").append(std::to_string(exponent_));
  }
  const std::size_t places = static_cast<std::size_t>(-exponent_);
  if (places == 0) return out.append(digits);
  if (places > digits.size() + 30 && !digits_.empty()) {  // 1E-400 rather than 400 zeros
    return out.append(digits).append("E-").append(std::to_string(places));
  }
  const std::size_t whole = digits_.size() > places ? digits_.size() - places : 0;
  out.append(whole ? std::string_view(digits_).substr(0, whole) : "0").append(".");
  return out.append(places - (digits_.size() - whole), '0').append(digits_, whole);
}

void Decimal::append_ordered(std::string& out) const {
  if (digits_.empty()) {
    out += static_cast<char>(class_zero);
    return;
  }
  const unsigned mask = negative_ ? 0xff : 0;
  const auto put = [&](unsigned byte) { out += static_cast<char>(byte ^ mask); };
  const std::string_view digits = std::string_view(digits_).substr(0, digits_.find_last_not_of('0') + 1);
  const std::int64_t scientific = static_cast<std::int64_t>(digits_.size()) + exponent_;  // 0.d1d2... x 10^scientific
  if (scientific >= -50 && scientific <= 50) {
    put(static_cast<unsigned>(class_small + 50 + scientific));
  } else {
    put(scientific < 0 ? class_tiny : class_huge);
    const auto biased = static_cast<std::uint32_t>(scientific + exponent_bias);
    put(biased >> 16 & 0xff);
    put(biased >> 8 & 0xff);
    put(biased & 0xff);
  }
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const int pair = (digits[i] - '0') * 10 + (i + 1 < digits.size() ? digits[i + 1] - '0' : 0);
    put(static_cast<unsigned>(2 * pair + (i + 2 < digits.size())));
  }
}

Decimal Decimal::read_ordered(std::string_view& bytes) {
  Decimal result;
  if (bytes.empty()) corrupt();
  const unsigned first = static_cast<unsigned char>(bytes.front());
  if (first == class_zero) {
    bytes.remove_prefix(1);
    return result;
  }
  result.negative_ = first < class_zero;
  const unsigned mask = result.negative_ ? 0xff : 0;
  const unsigned kind = take(bytes, mask);
  std::int64_t scientific = 0;
  if (kind == class_tiny || kind == class_huge) {
    for (int i = 0; i < 3; ++i) scientific = scientific << 8 | take(bytes, mask);
    scientific -= exponent_bias;
  } else if (kind >= class_small && kind < class_huge) {
    scientific = static_cast<std::int64_t>(kind) - class_small - 50;
  } else {
    corrupt();
  }
  for (bool more = true; more;) {
    const unsigned byte = take(bytes, mask);
    more = byte & 1;
    if (byte / 2 > 99) corrupt();
    result.digits_ += static_cast<char>('0' + byte / 20);
    result.digits_ += static_cast<char>('0' + byte / 2 % 10);
  }
  if (result.digits_.back() == '0') result.digits_.pop_back();
  if (result.digits_.empty() || result.digits_.front() == '0') corrupt();
  result.exponent_ = static_cast<std::int32_t>(scientific - static_cast<std::int64_t>(result.digits_.size()));
  return result;
}

}  // namespace model
