#include "fhir/rest/bundle_matcher.h"

#include <algorithm>

namespace rest {
namespace {

constexpr std::uint64_t most_comparisons = 10'000'000;  // of a resource with a scan: 25 to 100 ns each

std::string term_key(model::ParameterId parameter, std::string_view term) {
  std::string key(reinterpret_cast<const char*>(&parameter), sizeof parameter);
  return key.append(term);
}

// A condition that is a union of exact terms: its candidates can be looked up.
bool is_exact(const search::Condition& condition) {
  if (condition.kind != search::Condition::Kind::terms || condition.negated || condition.itself || condition.any.empty())
    return false;
  return std::all_of(condition.any.begin(), condition.any.end(), [](const search::Clause& clause) {
    return !clause.negated &&
           std::all_of(clause.scans.begin(), clause.scans.end(), [](const search::Scan& scan) { return scan.unique; });
  });
}

std::uint64_t scans_of(const search::Condition& condition) {
  std::uint64_t scans = 1;
  for (const auto& clause : condition.any) scans += clause.scans.size();
  return scans;
}

}  // namespace

void BundleMatcher::add(std::size_t entry, store::Version version, std::shared_ptr<const store::IndexEntry> index) {
  auto terms = std::dynamic_pointer_cast<const search::DocumentTerms>(index);
  if (!terms) return;
  const auto number = candidates_.size();
  by_type_[version.type].push_back(number);
  for (const auto& term : terms->terms) by_term_[term_key(term.parameter, term.bytes)].push_back(number);
  candidates_.push_back({entry, std::move(version), std::move(terms)});
}

model::Result<std::vector<std::size_t>> BundleMatcher::match(const search::Query& query) {
  std::vector<std::size_t> selected;
  const auto exact = std::find_if(query.conditions.begin(), query.conditions.end(), is_exact);
  if (exact != query.conditions.end()) {
    for (const auto& clause : exact->any) {
      for (const auto& scan : clause.scans) {
        const auto found = by_term_.find(term_key(clause.key.parameter, scan.low));
        if (found != by_term_.end()) selected.insert(selected.end(), found->second.begin(), found->second.end());
      }
    }
    std::sort(selected.begin(), selected.end());
    selected.erase(std::unique(selected.begin(), selected.end()), selected.end());
  } else {
    for (const auto& [type, candidates] : by_type_) {
      if (query.is_over(type)) selected.insert(selected.end(), candidates.begin(), candidates.end());
    }
    std::sort(selected.begin(), selected.end());
  }
  std::vector<std::size_t> matches;
  for (const auto number : selected) {
    if (compared_ > most_comparisons) {
      return model::failure(
          model::FailureKind::bad_request, model::IssueCode::too_costly,
          "The transaction's conditions ask for too many comparisons among its own entries; use exact criteria such as "
          "identifier=system|value, or smaller transactions");
    }
    const auto& candidate = candidates_[number];
    if (!query.is_over(candidate.version.type)) continue;
    const bool all = std::all_of(query.conditions.begin(), query.conditions.end(), [&](const search::Condition& condition) {
      compared_ += scans_of(condition);
      return search::matches(candidate.version, *candidate.terms, condition);
    });
    if (all) matches.push_back(candidate.entry);
    if (matches.size() == 2) break;
  }
  return matches;
}

}  // namespace rest
