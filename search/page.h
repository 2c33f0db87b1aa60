// Position and PageKey: where a page stands in a frozen result, and the opaque token that carries it in links.
//
// A token holds the moment, the document that the page begins after (or ends before), the direction, the total if known, the
// instant of the first page, a hash of the query, and a keyed check. Sort values are not in it: they are read again from that
// document, which never changes; so a link tells nothing of a record's content. README.md, "Page tokens", has the bytes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "resources-gen/model/result.h"
#include "store/store.h"

namespace search {

struct Position {
  enum class Kind : std::uint8_t { first, after, before, last };
  Kind kind = Kind::first;
  store::Document moment = 0;    // documents above it do not exist for this result
  store::Document document = 0;  // of after and before
  std::optional<std::uint64_t> total;
  std::int64_t now_ms = 0;
  std::uint64_t query_hash = 0;  // filled by seal and open
};

class PageKey {
 public:
  // The store's own key; makes one at the first open.
  static model::Result<PageKey> of(store::Store& store);
  explicit PageKey(const std::array<std::uint64_t, 2>& key) : key_(key) {}

  std::uint64_t hash(std::string_view text) const;  // SipHash-2-4
  // The token of a position in the result of the query whose address is given.
  std::string seal(Position position, std::string_view address) const;
  // Fails (bad_request) on a token that this server did not make.
  model::Result<Position> open(std::string_view token) const;

 private:
  std::array<std::uint64_t, 2> key_;
};

}  // namespace search
