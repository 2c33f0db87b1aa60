#include "fhir/rest/byte_range.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "fhir/rest/header_text.h"

namespace rest {
namespace {

// Digits only; beyond 2^64 the greatest number, which is beyond any content.
std::optional<std::uint64_t> number(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc::result_out_of_range ? ~std::uint64_t{0} : value;
}

}  // namespace

ByteRange read_range(std::string_view header, std::uint64_t size) {
  auto rest = header;
  if (!equal_ignoring_case(next_part(rest, '='), "bytes")) return {};
  const auto spec = trimmed(rest);
  const auto dash = spec.find('-');
  if (dash == std::string_view::npos || spec.find(',') != std::string_view::npos) return {};
  const auto first = number(trimmed(spec.substr(0, dash))), last = number(trimmed(spec.substr(dash + 1)));
  const bool open = trimmed(spec.substr(dash + 1)).empty();
  if (trimmed(spec.substr(0, dash)).empty()) {  // the last so many bytes
    if (!last) return {};
    if (*last == 0 || size == 0) return {ByteRange::Kind::beyond};
    const auto count = std::min(*last, size);
    return {ByteRange::Kind::part, size - count, count};
  }
  if (!first || (!last && !open) || (last && *last < *first)) return {};
  if (*first >= size) return {ByteRange::Kind::beyond};
  const auto end = last ? std::min(*last, size - 1) : size - 1;
  return {ByteRange::Kind::part, *first, end - *first + 1};
}

}  // namespace rest
