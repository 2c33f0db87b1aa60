// Content codings undone piece by piece, which is how whole bodies are, too: each content as it was, and damage seen, however it
// comes. RFC 9110 8.4.1.
#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>
#include <random>

#include "fhir/http/content_coding.h"

namespace {

// What comes out of `sent`, fed in pieces of random sizes up to `largest`; nullopt: refused.
std::optional<std::string> decoded(std::string_view coding, const std::string& sent, std::mt19937& random,
                                   std::size_t largest = 200000, std::uint64_t limit = 1u << 30) {
  auto decoder = http::make_decoder(coding, limit);
  REQUIRE(decoder.has_value());
  std::string out;
  std::size_t from = 0;
  do {
    const auto size = std::min<std::size_t>(sent.size() - from, 1 + random() % largest);
    (*decoder)->feed(sent.substr(from, size));
    from += size;
    for (bool more = true; more;) {
      std::string piece;
      const auto result = (*decoder)->decode(piece);
      if (!result) return std::nullopt;
      CHECK(piece.size() <= 256u << 10);  // however much a bomb would unfold to
      out += piece;
      more = *result;
    }
  } while (from < sent.size());
  if (!(*decoder)->end()) return std::nullopt;
  return out;
}

}  // namespace

TEST_CASE("content codings are undone piece by piece") {
  const auto seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 40; ++round) {
    std::string content(round < 3 ? static_cast<std::size_t>(round) : random() % 1500000, 'a');
    if (round % 3 != 0) {
      for (auto& c : content) c = round % 3 == 1 ? static_cast<char>(random()) : static_cast<char>('a' + random() % 4);
    }
    for (const char* name : {"gzip", "deflate", "br", "zstd"}) {
      INFO(name << ", " << content.size() << " bytes");
      const auto sent = http::choose_coding(name).coding->encode(content);
      REQUIRE(sent.has_value());
      CHECK((decoded(name, *sent, random) == content));
      if (content.size() > 100) CHECK_FALSE(decoded(name, sent->substr(0, sent->size() - 1 - random() % 5), random).has_value());
      CHECK_FALSE(decoded(name, *sent + "xyz", random).has_value());
      if (content.size() > 1000) CHECK_FALSE(decoded(name, content, random).has_value());
    }
  }
  for (const char* name : {"rot13", "gzip, br, gzip", "compress"}) CHECK_FALSE(http::make_decoder(name, 1000).has_value());
  for (const char* name : {"", "identity", "identity, identity"}) {
    const auto none = http::make_decoder(name, 1000);
    REQUIRE(none.has_value());
    CHECK(*none == nullptr);
  }
}

TEST_CASE("two codings, members, frames and bare deflate come in pieces as they come whole") {
  const auto seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const auto coded = [](std::string_view name, std::string_view content) {
    return http::choose_coding(name).coding->encode(content).value();
  };
  std::string content;
  while (content.size() < 300'000) content += std::to_string(random());
  for (const std::size_t largest : {1u, 7u, 1000u, 200'000u}) {
    const std::string some(content, 0, largest < 100 ? 5000 : content.size());
    for (const std::string outer : {"gzip", "deflate", "br", "zstd"}) {
      INFO(outer << " in pieces up to " << largest);
      for (const std::string inner : {"gzip", "deflate", "br", "zstd"}) {
        const auto sent = coded(outer, coded(inner, some));
        CHECK((decoded(inner + ", " + outer, sent, random, largest) == some));
        CHECK_FALSE(decoded(inner + ", " + outer, sent.substr(0, sent.size() - 1), random, largest).has_value());
        CHECK_FALSE(decoded(inner + ", " + outer, coded(outer, coded(inner, some) + "x"), random, largest).has_value());
      }
      const bool repeats = outer == "gzip" || outer == "zstd";  // RFC 1952 2.2, RFC 8878 3.1
      const auto two = decoded(outer, coded(outer, some) + coded(outer, "") + coded(outer, "more"), random, largest);
      CHECK(two.has_value() == repeats);
      if (repeats) CHECK((two == some + "more"));
    }
    auto bare = coded("deflate", some);  // RFC 9110 8.4.1.2: some send it without the zlib format's two bytes and its checksum
    bare = bare.substr(2, bare.size() - 6);
    CHECK((decoded("deflate", bare, random, largest) == some));
  }
  CHECK_FALSE(decoded("gzip", coded("deflate", content), random).has_value());
  for (const char* name : {"gzip", "deflate", "br", "zstd"}) {
    CHECK_FALSE(decoded(name, "", random).has_value());
    CHECK_FALSE(decoded(name, "x", random).has_value());
  }
}

TEST_CASE("what unfolds piece by piece has a limit at each coding") {
  std::mt19937 random(1);
  const auto coded = [](std::string_view name, std::string_view content) {
    return http::choose_coding(name).coding->encode(content).value();
  };
  constexpr std::size_t limit = 1u << 20;
  const std::string zeros(32u << 20, '\0');
  for (const std::string name : {"gzip", "deflate", "br", "zstd"}) {
    INFO(name);
    CHECK_FALSE(decoded(name, coded(name, zeros), random, 200'000, limit).has_value());
    CHECK_FALSE(decoded(name, coded(name, std::string(limit + 1, ' ')), random, 200'000, limit).has_value());
    CHECK((decoded(name, coded(name, std::string(limit, ' ')), random, 200'000, limit) == std::string(limit, ' ')));
    CHECK((decoded(name, coded(name, zeros), random, 200'000, ~std::uint64_t{0}) == zeros));
    CHECK_FALSE(decoded(name + "," + name, coded(name, coded(name, zeros)), random, 200'000, limit).has_value());
  }
  // Of two codings the first may be the bomb, though little comes of it in the end: of empty members nothing.
  std::string members;
  for (int i = 0; i < 100'000; ++i) members += coded("gzip", "");
  REQUIRE(members.size() > limit);
  CHECK_FALSE(decoded("gzip, zstd", coded("zstd", members), random, 200'000, limit).has_value());
  CHECK((decoded("gzip, zstd", coded("zstd", members), random, 200'000, 2 * members.size()) == ""));
}
