#include "fhir/rest/base64.h"

#include <array>

namespace rest {
namespace {

constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::uint8_t none = 0xff;
constexpr auto values = [] {
  std::array<std::uint8_t, 256> out{};
  out.fill(none);
  for (std::size_t i = 0; i < digits.size(); ++i) out[static_cast<std::uint8_t>(digits[i])] = static_cast<std::uint8_t>(i);
  return out;
}();

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

void append_base64(std::string& out, std::string_view bytes) {
  auto at = out.size();
  out.resize(at + base64_size(bytes.size()));
  const auto* in = reinterpret_cast<const std::uint8_t*>(bytes.data());
  std::size_t left = bytes.size();
  for (; left >= 3; left -= 3, in += 3) {
    const std::uint32_t group = std::uint32_t{in[0]} << 16 | std::uint32_t{in[1]} << 8 | in[2];
    out[at++] = digits[group >> 18];
    out[at++] = digits[group >> 12 & 63];
    out[at++] = digits[group >> 6 & 63];
    out[at++] = digits[group & 63];
  }
  if (left == 0) return;
  const std::uint32_t group = std::uint32_t{in[0]} << 16 | (left == 2 ? std::uint32_t{in[1]} << 8 : 0);
  out[at++] = digits[group >> 18];
  out[at++] = digits[group >> 12 & 63];
  out[at++] = left == 2 ? digits[group >> 6 & 63] : '=';
  out[at] = '=';
}

bool append_decoded(std::string& out, std::string_view text) {
  out.reserve(out.size() + text.size() / 4 * 3 + 3);
  std::uint32_t group = 0;
  int count = 0, padding = 0;
  for (const char c : text) {
    if (is_space(c)) continue;
    if (c == '=') {
      if (++padding > 2) return false;
      continue;
    }
    const auto value = values[static_cast<std::uint8_t>(c)];
    if (value == none || padding > 0) return false;
    group = group << 6 | value;
    if (++count % 4 == 0) {
      out.push_back(static_cast<char>(group >> 16));
      out.push_back(static_cast<char>(group >> 8));
      out.push_back(static_cast<char>(group));
      group = 0;
    }
  }
  const int rest = count % 4;
  if (rest == 1 || (rest != 0 && rest + padding != 4) || (rest == 0 && padding != 0)) return false;
  if (rest >= 2) out.push_back(static_cast<char>(group >> (rest == 2 ? 4 : 10)));
  if (rest == 3) out.push_back(static_cast<char>(group >> 2));
  return true;
}

}  // namespace rest
