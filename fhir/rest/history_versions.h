// The versions of a history window, page by page, and their number: from the store, and from the index for what a period began
// with.
#pragma once

#include <cstdint>
#include <vector>

#include "fhir/rest/history_window.h"

namespace rest {

// The page's versions from its anchor outwards: in the window's order, or for a page that ends somewhere (before, last) in the
// opposite one. At most `limit`.
std::vector<store::Version> history_versions(const Context& context, const HistoryWindow& window, std::size_t limit);
std::uint64_t history_total(const Context& context, const HistoryWindow& window);

// True for a page that is read from its end.
inline bool backward(const HistoryPosition& position) {
  return position.kind == HistoryPosition::Kind::before || position.kind == HistoryPosition::Kind::last;
}

}  // namespace rest
