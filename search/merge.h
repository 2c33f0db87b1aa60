// Merging adjacent runs into one, and making a run of documents' terms.
#pragma once

#include <atomic>
#include <span>

#include "search/segment_run.h"
#include "search/segment_writer.h"

namespace search {

// One document of a run to be made; terms null: a tombstone, or nothing to index.
using RunDocument = Index::Staged;

// The run over [base, base + size) with these documents (ascending; numbers between that are missing have none). In memory.
std::shared_ptr<const Run> make_run(store::Document base, std::uint32_t size, std::span<const RunDocument* const> documents,
                                    const Keys& keys);

// Merges adjacent runs, oldest first. Parameters are matched by name, so that those this program does not know are kept as they
// are. Returns false if `stop` was set. Throws std::runtime_error where a source is damaged.
bool merge_runs(std::span<const std::shared_ptr<const Run>> sources, const Keys& keys, const std::atomic<bool>& stop,
                SegmentWriter& writer);
std::shared_ptr<const Run> merge_in_memory(std::span<const std::shared_ptr<const Run>> sources, const Keys& keys);

}  // namespace search
