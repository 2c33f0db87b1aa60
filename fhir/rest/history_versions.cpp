#include "fhir/rest/history_versions.h"

#include <algorithm>

namespace rest {
namespace {

using store::Document;
using store::Order;
using store::Version;

struct Range {
  Document first, end;
  bool empty() const { return first >= end; }
};

std::vector<Version> of_instance(const Context& context, const HistoryWindow& window, Range range, Order order,
                                 std::size_t limit) {
  const auto& store = context.store;
  auto versions = order == Order::newest_first ? store.history(window.type, window.id, range.end, limit)
                                               : store.history_after(window.type, window.id, range.first - 1, limit);
  const auto outside = [&](const Version& version) { return version.document < range.first || version.document >= range.end; };
  while (!versions.empty() && outside(versions.back())) versions.pop_back();
  return versions;
}

// The part of a range before the period: what was current when it began.
search::CurrentThen then(const HistoryWindow& window, Range range) {
  return {window.began - 1, range.first, std::min(range.end, window.began), window.types};
}

std::vector<Version> of_types(const Context& context, const HistoryWindow& window, Range range, Order order, std::size_t limit) {
  std::vector<Version> versions;
  const auto within = [&] {
    const auto found =
        context.store.documents(std::max(range.first, window.began), range.end, window.types, order, limit - versions.size());
    versions.insert(versions.end(), found.begin(), found.end());
  };
  const auto before = [&] {
    if (window.began <= range.first) return;
    for (const Document document : context.search.current_then(then(window, range), order, limit - versions.size())) {
      if (auto version = context.store.at(document)) versions.push_back(std::move(*version));
    }
  };
  if (order == Order::newest_first) {
    within();
    if (versions.size() < limit) before();
  } else {
    before();
    if (versions.size() < limit) within();
  }
  return versions;
}

}  // namespace

std::vector<Version> history_versions(const Context& context, const HistoryWindow& window, std::size_t limit) {
  const bool newest_first = window.order == Order::newest_first;
  Range range{window.first, window.end};
  switch (window.position.kind) {
    case HistoryPosition::Kind::after:
      (newest_first ? range.end : range.first) =
          newest_first ? std::min(range.end, window.position.document) : std::max(range.first, window.position.document + 1);
      break;
    case HistoryPosition::Kind::before:
      (newest_first ? range.first : range.end) =
          newest_first ? std::max(range.first, window.position.document + 1) : std::min(range.end, window.position.document);
      break;
    case HistoryPosition::Kind::first:
    case HistoryPosition::Kind::last:
      break;
  }
  if (range.empty() || limit == 0) return {};
  const Order order = newest_first != backward(window.position) ? Order::newest_first : Order::oldest_first;
  return window.id.empty() ? of_types(context, window, range, order, limit) : of_instance(context, window, range, order, limit);
}

std::uint64_t history_total(const Context& context, const HistoryWindow& window) {
  if (!window.id.empty()) return context.store.count_history(window.type, window.id, window.first, window.end);
  std::uint64_t total = context.store.count_documents(std::max(window.first, window.began), window.end, window.types);
  if (window.began > window.first) total += context.search.count_current_then(then(window, {window.first, window.end}));
  return total;
}

}  // namespace rest
