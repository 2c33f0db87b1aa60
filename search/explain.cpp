#include "search/explain.h"

#include <fmt/format.h>

namespace search {
namespace {

constexpr std::string_view kind_names[] = {"first", "after", "before", "last"};

double microseconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double, std::micro>(duration).count();
}

}  // namespace

Explanation::Explanation(std::string* out, const Query& query, const View& view, const Position& at)
    : out_(out), begin_(std::chrono::steady_clock::now()), last_(begin_) {
  if (out_ == nullptr) return;
  *out_ += fmt::format("search: {}\n", query.address());
  *out_ += fmt::format("moment: document {} of {}; {} segments; page: {}{}\n", at.moment, view.last(), view.segments().size(),
                       kind_names[static_cast<std::size_t>(at.kind)],
                       at.document == 0 ? std::string() : fmt::format(" document {}", at.document));
  for (const Condition& condition : query.conditions) {
    std::size_t scans = 0, predicates = 0, unique = 0;
    for (const Clause& clause : condition.any) {
      for (const Scan& scan : clause.scans) {
        ++scans;
        predicates += scan.predicate ? 1 : 0;
        unique += scan.unique ? 1 : 0;
      }
    }
    *out_ += fmt::format("condition: {}: ", condition.label);
    switch (condition.kind) {
      case Condition::Kind::terms:
        *out_ += fmt::format("{} scans, {} of one term, {} with a predicate{}\n", scans, unique, predicates,
                             condition.positive() ? "" : ", negated");
        break;
      case Condition::Kind::id:
        *out_ += fmt::format("{} ids{}\n", condition.ids.size(), condition.negated ? ", negated" : "");
        break;
      case Condition::Kind::last_updated:
        *out_ += fmt::format("{} ranges of documents\n", condition.ranges.size());
        break;
    }
  }
}

void Explanation::step(std::string_view name, std::string_view what) {
  if (out_ == nullptr) return;
  const auto now = std::chrono::steady_clock::now();
  *out_ += fmt::format("{}: {}, {:.1f} us\n", name, what, microseconds(now - last_));
  last_ = now;
}

void Explanation::details(const std::string& order, const std::string& segments) {
  if (out_ == nullptr) return;
  *out_ += order.empty() ? std::string("order: document order\n") : order;
  *out_ += "segments, newest first:\n" + segments;
  *out_ += fmt::format("all: {:.1f} us\n", microseconds(std::chrono::steady_clock::now() - begin_));
}

}  // namespace search
