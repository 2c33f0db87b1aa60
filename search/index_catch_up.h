// Making runs again from the store's bodies: what a start finds beyond the manifest, and what was damaged.
#pragma once

#include <functional>
#include <memory>

#include "search/index.h"
#include "search/merge.h"

namespace search {

// Calls `take` with adjacent runs, in memory, that together cover [first, end); extracts on several threads where there is much
// to do. `take` returns false to stop. Throws what `extract` throws.
void extract_again(const store::Store& store, const Keys& keys, const Index::Reextract& extract, Document first, Document end,
                   const std::function<bool(std::shared_ptr<const Run>)>& take);

}  // namespace search
