// Content codings undone piece by piece: each as the whole has it, and damage seen.
#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>
#include <random>

#include "fhir/http/content_coding.h"
#include "fhir/http/content_decoder.h"

namespace {

// What comes out of `sent`, fed in pieces of random sizes; nullopt: refused.
std::optional<std::string> decoded(std::string_view coding, const std::string& sent, std::mt19937& random) {
  auto decoder = http::make_decoder(coding);
  REQUIRE(decoder.has_value());
  std::string out;
  std::size_t from = 0;
  do {
    const auto size = std::min<std::size_t>(sent.size() - from, 1 + random() % 200000);
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
  for (const char* name : {"rot13", "gzip, br", "compress"}) CHECK_FALSE(http::make_decoder(name).has_value());
  for (const char* name : {"", "identity", "identity, identity"}) {
    const auto none = http::make_decoder(name);
    REQUIRE(none.has_value());
    CHECK(*none == nullptr);
  }
}
