// What a history request asks for: which versions, in which order, from which place on.
//
// R4 http.html#history: _count, _since, _at; R5's _sort; _type on system level, as search has it. A page's link carries the
// moment at which the first page was read: versions that came later do not exist for it, so pages show each version once,
// whatever is written between them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/rest/exchange.h"
#include "resources-gen/formats/subset.h"

namespace rest {

struct HistoryPosition {
  enum class Kind : char { first = 'f', after = 'n', before = 'p', last = 'l' };
  Kind kind = Kind::first;
  store::Document document = 0;  // that the page begins after, or ends before
};

struct HistoryWindow {
  model::TypeId type = model::no_type;  // with `id`: the history of one resource
  std::string id;
  std::vector<model::TypeId> types;  // without: of these types; none: of all

  store::Document moment = 0;          // the newest document when the first page was read
  store::Document first = 1, end = 0;  // versions among documents [first, end) ...
  store::Document began = 0;           // ... those below `began` only if they were current, and not deleted, just before it

  store::Order order = store::Order::newest_first;
  std::uint32_t count = 0;
  HistoryPosition position;
  std::string parameters;  // of links, before _page
  formats::Subset subset;  // what of each version is shown
};

// "n17-40": kind, document, moment.
std::string page_text(const HistoryPosition& position, store::Document moment);

// Reads the request's parameters. Fails with 400, naming every fault.
model::Result<HistoryWindow> parse_history(const Context& context, Exchange& exchange);

}  // namespace rest
