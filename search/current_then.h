// What was current at an earlier moment, of some types or of all, in document order: read from the alive set alone.
#pragma once

#include <cstdint>
#include <vector>

#include "search/index.h"
#include "search/search.h"

namespace search {

std::vector<Document> current_then(const View& view, const CurrentThen& range, store::Order order, std::size_t limit);
std::uint64_t count_current_then(const View& view, const CurrentThen& range);

}  // namespace search
