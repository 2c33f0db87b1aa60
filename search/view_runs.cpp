#include "search/view_runs.h"

#include <algorithm>

namespace search {

RunView::RunView(Runs runs, Alive alive, Alive erased)
    : runs_(std::move(runs)), alive_(std::move(alive)), erased_(std::move(erased)) {
  segments_.assign(runs_.begin(), runs_.end());
  if (!runs_.empty()) last_ = runs_.back()->end() - 1;
}

const Run* RunView::run_of(Document document) const {
  const auto at =
      std::upper_bound(runs_.begin(), runs_.end(), document, [](Document d, const auto& run) { return d < run->base(); });
  if (at == runs_.begin()) return nullptr;
  const Run* run = std::prev(at)->get();
  return document < run->end() ? run : nullptr;
}

void RunView::restrict_alive(const Segment& segment, Document moment, std::span<std::uint64_t> bitmap) const {
  const auto& run = static_cast<const Run&>(segment);
  const std::size_t words = (std::size_t{run.size()} + 63) / 64;
  bitmap = bitmap.first(std::min(bitmap.size(), words));
  if (moment >= last_) return alive_.restrict(run.base(), bitmap);
  if (moment < run.base()) return std::fill(bitmap.begin(), bitmap.end(), 0);
  // What the moment does not know yet.
  const std::uint64_t known = std::min<std::uint64_t>(moment - run.base() + 1, run.size());
  if (known % 64 != 0) bitmap[known / 64] &= (std::uint64_t{1} << (known % 64)) - 1;
  std::fill(bitmap.begin() + static_cast<std::ptrdiff_t>((known + 63) / 64), bitmap.end(), 0);

  // Asked for, dead now, and superseded only after the moment. A tombstone that was superseded was never alive.
  std::vector<std::uint32_t> revived;
  const auto consider = [&](Document old) {
    if (old < run.base() || old - run.base() >= known) return;
    const auto offset = static_cast<std::uint32_t>(old - run.base());
    if ((bitmap[offset / 64] >> (offset % 64) & 1) != 0 && run.exists(offset) && !erased_.test(old)) revived.push_back(offset);
  };
  for (auto newer = runs_.rbegin(); newer != runs_.rend() && (*newer)->end() - 1 > moment; ++newer) {
    const Run& by = **newer;
    const std::uint32_t after = by.first_pair_after(moment);
    const std::uint32_t first = by.first_pair_old(run.base()), last = by.first_pair_old(run.base() + known);
    if (by.pairs() - after <= last - first) {
      for (std::uint32_t i = after; i < by.pairs(); ++i)
        if (const std::uint32_t pair = by.pair_in_order(i); pair < by.pairs()) consider(by.pair_old(pair));
    } else {
      for (std::uint32_t i = first; i < last; ++i)
        if (by.pair_by(i) > moment) consider(by.pair_old(i));
    }
  }
  alive_.restrict(run.base(), bitmap);
  for (const std::uint32_t offset : revived) bitmap[offset / 64] |= std::uint64_t{1} << (offset % 64);
}

bool RunView::alive_at(Document document, Document moment) const {
  if (document > moment || document > last_) return false;
  if (alive_.test(document)) return true;
  if (moment >= last_ || erased_.test(document)) return false;
  const Run* run = run_of(document);
  if (!run || !run->exists(static_cast<std::uint32_t>(document - run->base()))) return false;
  for (auto newer = runs_.rbegin(); newer != runs_.rend() && (*newer)->end() - 1 > moment; ++newer)
    for (std::uint32_t i = (*newer)->first_pair_old(document); i < (*newer)->pairs() && (*newer)->pair_old(i) == document; ++i)
      if ((*newer)->pair_by(i) > moment) return true;
  return false;
}

Alive alive_of(const RunView::Runs& runs, const std::vector<Document>& erased) {
  AliveEdit edit{Alive()};
  for (const auto& run : runs)
    for (std::uint32_t i = 0; i < run->size(); ++i)
      if (run->exists(i)) edit.set(run->base() + i);
  for (const auto& run : runs)
    for (std::uint32_t i = 0; i < run->pairs(); ++i)
      if (run->pair_old(i) < runs.back()->end()) edit.reset(run->pair_old(i));
  for (const Document document : erased)
    if (!runs.empty() && document < runs.back()->end()) edit.reset(document);
  return edit.take();
}

}  // namespace search
