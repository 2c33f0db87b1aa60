#include "resources-gen/formats/findings.h"

#include <fmt/format.h>

#include <algorithm>

namespace formats {

void Findings::sort() {
  std::stable_sort(list_.begin(), list_.end(), [](const Finding& a, const Finding& b) { return a.offset < b.offset; });
}

void Findings::merge(Findings other, const std::function<bool(Finding&)>& place) {
  for (auto& finding : other.list_) {
    if (place(finding)) list_.push_back(std::move(finding));
  }
  sort();
  // What `place` would have dropped of those beyond is not known: most often both readers tell of the same.
  for (std::size_t i = 0; i < kinds_.size(); ++i) kinds_[i] = {0, std::max(kinds_[i].beyond, other.kinds_[i].beyond)};
  bytes_ = 0;
  std::erase_if(list_, [&](const Finding& finding) {
    if (!takes(finding.issue.severity)) return true;
    count(finding.issue);
    return false;
  });
}

void Findings::move_to(model::Issues& issues, const std::vector<Place>& places) {
  for (std::size_t i = 0; i < list_.size(); ++i) {
    list_[i].issue.line = places[i].line;
    list_[i].issue.column = places[i].column;
    issues.add(std::move(list_[i].issue));
  }
  list_.clear();
  const auto [errors, others] = kinds_;
  if (errors.beyond != 0) {
    issues.error(model::IssueCode::structure, fmt::format("{} further faults are not listed", errors.beyond));
  }
  if (others.beyond != 0) {
    issues.add({model::Severity::warning,
                model::IssueCode::informational,
                fmt::format("{} further warnings are not listed", others.beyond),
                {}});
  }
}

}  // namespace formats
