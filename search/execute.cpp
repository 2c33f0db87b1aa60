#include "search/execute.h"

#include <algorithm>
#include <cmath>

namespace search {

std::uint64_t DocumentSet::count() const {
  std::uint64_t sum = 0;
  for (const SegmentMatches& part : parts) sum += part.count;
  return sum;
}

std::vector<store::Document> DocumentSet::documents() const {
  std::vector<store::Document> out;
  out.reserve(count());
  for (const SegmentMatches& part : parts) {
    if (part.count == 0) continue;
    part.each_up(0, part.segment->size(), [&](std::uint32_t offset) {
      out.push_back(part.segment->base() + offset);
      return true;
    });
  }
  return out;
}

std::optional<store::Version> version_at(const store::Store& store, model::TypeId type, std::string_view id,
                                         store::Document moment) {
  auto version = store.as_of(type, id, moment);  // not current(): a commit is in the index a little before it is told of
  if (version && version->deleted()) version.reset();
  return version;
}

namespace {

// Those of the types of which the view has documents: of many types most have none, and their ids need not be looked up.
std::vector<model::TypeId> types_of(const View& view, std::span<const model::TypeId> types) {
  if (types.size() == 1) return {types.front()};
  std::vector<model::TypeId> out;
  for (const auto& segment : view.segments()) {
    for (const model::TypeId type : segment->types()) {
      if (std::binary_search(types.begin(), types.end(), type)) out.push_back(type);
    }
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace

void Execution::resolve_ids(Resolved& resolved, const store::Store& store, model::TypeId type) const {
  std::size_t steps = 0;
  for (const std::string& id : resolved.condition->ids) {
    if (++steps % 256 == 0) frame_.deadline.check();
    if (const auto version = version_at(store, type, id, frame_.moment)) resolved.documents.push_back(version->document);
  }
}

// `access` becomes conditions here when there is something to restrict (in_compartment() makes one): for matches, totals, sorting
// and includes alike.
Execution::Execution(const Query& query, const Access& /*access*/, std::shared_ptr<const View> view, const store::Store& store,
                     store::Document moment, Deadline deadline)
    : view_(std::move(view)), frame_{*view_, moment, query.types, {}, deadline} {
  frame_.conditions.reserve(query.conditions.size());
  for (const Condition& condition : query.conditions) {
    Resolved& resolved = frame_.conditions.emplace_back();
    resolved.condition = &condition;
    if (!condition.ids.empty()) {
      for (const model::TypeId type : types_of(*view_, frame_.types)) resolve_ids(resolved, store, type);
    }
    if (condition.itself && query.is_over(condition.itself->type)) {
      const auto version = version_at(store, condition.itself->type, condition.itself->id, moment);
      if (version) resolved.documents.push_back(version->document);
    }
    std::sort(resolved.documents.begin(), resolved.documents.end());
    for (const TimeRange& range : condition.ranges) {
      const store::Document from = store.first_since(range.from), to = store.first_since(range.to);
      if (from < to) resolved.ranges.emplace_back(from, to);
    }
  }
  plans_.resize(view_->segments().size());
}

SegmentPlan& Execution::plan(std::size_t segment) {
  auto& plan = plans_[segment];
  if (!plan) plan = std::make_unique<SegmentPlan>(frame_, *segments()[segment]);
  return *plan;
}

std::optional<std::size_t> Execution::segment_of(store::Document document) const {
  const auto all = segments();
  const auto after = std::upper_bound(all.begin(), all.end(), document,
                                      [](store::Document d, const auto& segment) { return d < segment->base(); });
  if (after == all.begin()) return std::nullopt;
  const auto& segment = **(after - 1);
  if (document >= segment.base() + segment.size()) return std::nullopt;
  return static_cast<std::size_t>(after - all.begin() - 1);
}

std::vector<store::Document> Execution::newest(store::Document below, std::size_t limit) {
  std::vector<store::Document> out;
  std::vector<std::uint32_t> offsets;
  for (std::size_t i = segments().size(); i-- > 0 && out.size() < limit;) {
    const Segment& segment = *segments()[i];
    if (segment.base() > frame_.moment || (below != 0 && segment.base() >= below)) continue;
    const store::Document end = segment.base() + segment.size();
    offsets.clear();
    plan(i).newest(below == 0 || below > end ? segment.size() : static_cast<std::uint32_t>(below - segment.base()),
                   limit - out.size(), offsets);
    for (const std::uint32_t offset : offsets) out.push_back(segment.base() + offset);
  }
  return out;
}

std::vector<store::Document> Execution::oldest(store::Document above, std::size_t limit) {
  std::vector<store::Document> out;
  for (std::size_t i = 0; i < segments().size() && out.size() < limit; ++i) {
    const Segment& segment = *segments()[i];
    if (segment.base() + segment.size() <= above + 1) continue;
    const std::uint32_t from = above >= segment.base() ? static_cast<std::uint32_t>(above - segment.base()) + 1 : 0;
    plan(i).matches().each_up(from, segment.size(), [&](std::uint32_t offset) {
      out.push_back(segment.base() + offset);
      return out.size() < limit;
    });
  }
  return out;
}

DocumentSet Execution::all() {
  DocumentSet set;
  set.parts.reserve(segments().size());
  for (std::size_t i = 0; i < segments().size(); ++i) set.parts.push_back(plan(i).take_matches());
  return set;
}

std::uint64_t Execution::count() {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < segments().size(); ++i) sum += plan(i).matches().count;
  return sum;
}

bool Execution::bounded(std::uint64_t limit) {
  std::uint64_t sum = 0;
  for (std::size_t i = segments().size(); i-- > 0 && sum <= limit;) sum += plan(i).bound();
  return sum <= limit;
}

std::uint64_t Execution::estimate() {
  double sum = 0;
  for (std::size_t i = 0; i < segments().size(); ++i) sum += plan(i).estimate();
  return static_cast<std::uint64_t>(std::llround(sum));
}

std::string Execution::report() const {
  std::string text;
  for (std::size_t i = plans_.size(); i-- > 0;) {
    if (plans_[i]) text += plans_[i]->report() + "\n";
  }
  return text;
}

}  // namespace search
