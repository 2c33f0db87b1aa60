#include "search/term_bytes.h"

#include <bit>
#include <utility>

namespace search {
namespace {

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t word = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) word = word << 8 | static_cast<unsigned char>(bytes[i]);
  return word;
}

struct SipState {
  std::uint64_t a, b, c, d;
  void round() {
    a += b;
    b = std::rotl(b, 13) ^ a;
    a = std::rotl(a, 32);
    c += d;
    d = std::rotl(d, 16) ^ c;
    a += d;
    d = std::rotl(d, 21) ^ a;
    c += b;
    b = std::rotl(b, 17) ^ c;
    c = std::rotl(c, 32);
  }
  void absorb(std::uint64_t word) {
    d ^= word;
    round();
    round();
    a ^= word;
  }
};

}  // namespace

void put_ordered(std::string& out, std::int64_t value) {
  const std::uint64_t bits = static_cast<std::uint64_t>(value) ^ (std::uint64_t{1} << 63);
  char bytes[8];
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(bits >> (56 - 8 * i));
  out.append(bytes, 8);
}

std::int64_t read_ordered(std::string_view bytes) {
  std::uint64_t bits = 0;
  for (int i = 0; i < 8; ++i) bits = bits << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
  return static_cast<std::int64_t>(bits ^ (std::uint64_t{1} << 63));
}

void put_ordered32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

std::uint32_t read_ordered32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

std::uint64_t hash64(std::string_view bytes, std::uint64_t key) {
  const std::uint64_t second = key * 0x9e3779b97f4a7c15;
  SipState state{0x736f6d6570736575 ^ key, 0x646f72616e646f6d ^ second, 0x6c7967656e657261 ^ key, 0x7465646279746573 ^ second};
  const std::uint64_t length = bytes.size();
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) state.absorb(little_endian(bytes.substr(0, 8)));
  state.absorb(little_endian(bytes) | length << 56);
  state.c ^= 0xff;
  for (int i = 0; i < 4; ++i) state.round();
  return state.a ^ state.b ^ state.c ^ state.d;
}

void put_hash128(std::string& out, std::string_view bytes) {
  for (const std::uint64_t key : {std::uint64_t{1}, std::uint64_t{2}}) {
    const std::uint64_t hash = hash64(bytes, key);
    for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(hash >> shift));
  }
}

void put_part(std::string& out, std::string_view text, std::size_t limit) {
  if (text.size() <= limit) {
    out.append(text);
    return;
  }
  out.append(text.substr(0, limit - 17));
  out.push_back('\xff');
  put_hash128(out, text);
}

void put_escaped(std::string& out, std::string_view term) {
  for (const char c : term) {
    out.push_back(c);
    if (c == '\0') out.push_back('\xff');
  }
}

void put_frame(std::string& out, std::string_view term) {
  put_escaped(out, term);
  out.append("\0\x01", 2);
}

bool take_frame(std::string_view& bytes, std::string& out) {
  out.clear();
  for (std::size_t i = 0; i + 1 < bytes.size(); ++i) {
    if (bytes[i] != '\0') {
      out.push_back(bytes[i]);
    } else if (bytes[++i] == '\xff') {
      out.push_back('\0');
    } else {
      bytes.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

Scan range_scan(std::string low, std::string high, std::shared_ptr<const TermPredicate> predicate) {
  Scan scan;
  scan.low = std::move(low);
  scan.high = std::move(high);
  scan.predicate = std::move(predicate);
  return scan;
}

}  // namespace search
