#include "search/page.h"

#include <bit>
#include <cstring>
#include <random>

namespace search {
namespace {

constexpr std::string_view key_name = "search.page_key";
constexpr char token_version = 1;
constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::uint64_t read64(const char* bytes) {
  std::uint64_t value = 0;
  for (int i = 7; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}
void append64(std::string& out, std::uint64_t value) {
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}
void append_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}
bool read_varint(std::string_view& in, std::uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64 && !in.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

// RFC 4648 section 5, without padding.
std::string encode(std::string_view bytes) {
  std::string out;
  std::uint32_t buffer = 0;
  int bits = 0;
  for (const char c : bytes) {
    buffer = buffer << 8 | static_cast<unsigned char>(c);
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      out.push_back(alphabet[buffer >> bits & 63]);
    }
  }
  if (bits > 0) out.push_back(alphabet[buffer << (6 - bits) & 63]);
  return out;
}
bool decode(std::string_view text, std::string& out) {
  std::uint32_t buffer = 0;
  int bits = 0;
  for (const char c : text) {
    const auto digit = alphabet.find(c);
    if (digit == std::string_view::npos) return false;
    buffer = buffer << 6 | static_cast<std::uint32_t>(digit);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out.push_back(static_cast<char>(buffer >> bits));
    }
  }
  return bits < 6 && (buffer & ((1u << bits) - 1)) == 0;  // one spelling for each token
}

}  // namespace

model::Result<PageKey> PageKey::of(store::Store& store) {
  std::string stored = store.meta(key_name).value_or(std::string());
  if (stored.size() != 16) {
    stored.clear();
    std::random_device random;
    for (int i = 0; i < 4; ++i) {
      const std::uint32_t word = random();
      stored.append(reinterpret_cast<const char*>(&word), sizeof word);
    }
    if (auto put = store.put_meta(key_name, stored); !put) return put.error();
  }
  return PageKey({read64(stored.data()), read64(stored.data() + 8)});
}

// Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012: two rounds a word, four to finish.
std::uint64_t PageKey::hash(std::string_view text) const {
  std::uint64_t v0 = key_[0] ^ 0x736f6d6570736575, v1 = key_[1] ^ 0x646f72616e646f6d;
  std::uint64_t v2 = key_[0] ^ 0x6c7967656e657261, v3 = key_[1] ^ 0x7465646279746573;
  const auto rounds = [&](int count) {
    for (int i = 0; i < count; ++i) {
      v0 += v1, v2 += v3;
      v1 = std::rotl(v1, 13) ^ v0, v3 = std::rotl(v3, 16) ^ v2;
      v0 = std::rotl(v0, 32);
      v2 += v1, v0 += v3;
      v1 = std::rotl(v1, 17) ^ v2, v3 = std::rotl(v3, 21) ^ v0;
      v2 = std::rotl(v2, 32);
    }
  };
  const auto absorb = [&](std::uint64_t word) {
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  };
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) absorb(read64(text.data() + at));
  char tail[8] = {};
  std::memcpy(tail, text.data() + at, text.size() - at);
  tail[7] = static_cast<char>(text.size());
  absorb(read64(tail));
  v2 ^= 0xff;
  rounds(4);
  return v0 ^ v1 ^ v2 ^ v3;
}

std::string PageKey::seal(Position position, std::string_view address) const {
  std::string bytes{token_version, static_cast<char>(position.kind)};
  append_varint(bytes, position.moment);
  append_varint(bytes, position.document);
  append_varint(bytes, position.total ? *position.total + 1 : 0);
  append_varint(bytes, static_cast<std::uint64_t>(position.now_ms));
  append64(bytes, hash(address));
  append64(bytes, hash(bytes));
  return encode(bytes);
}

model::Result<Position> PageKey::open(std::string_view token) const {
  const auto refused = [] {
    return model::failure(model::FailureKind::bad_request, model::IssueCode::value,
                          "_page is not a token that this server made; follow the links of a Bundle as they are");
  };
  std::string bytes;
  if (token.size() > 200 || !decode(token, bytes) || bytes.size() < 22) return refused();
  const std::string_view payload = std::string_view(bytes).substr(0, bytes.size() - 8);
  if (hash(payload) != read64(bytes.data() + payload.size())) return refused();
  Position position;
  std::string_view rest = payload.substr(2);
  std::uint64_t total = 0, now = 0;
  if (payload[0] != token_version || static_cast<unsigned char>(payload[1]) > static_cast<unsigned>(Position::Kind::last) ||
      !read_varint(rest, position.moment) || !read_varint(rest, position.document) || !read_varint(rest, total) ||
      !read_varint(rest, now) || rest.size() != 8) {
    return refused();
  }
  position.kind = static_cast<Position::Kind>(payload[1]);
  if (total != 0) position.total = total - 1;
  position.now_ms = static_cast<std::int64_t>(now);
  position.query_hash = read64(rest.data());
  return position;
}

}  // namespace search
