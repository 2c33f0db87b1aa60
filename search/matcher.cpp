// The one matcher: a clause over one document's own terms, by the same scans that run over segments.
#include <algorithm>

#include "search/scan.h"

namespace search {

bool matches(const DocumentTerms& document, const Clause& clause) {
  if (document.type != clause.key.type) return false;
  const auto [first, last] = std::equal_range(document.terms.begin(), document.terms.end(), Term{clause.key.parameter, {}},
                                              [](const Term& a, const Term& b) { return a.parameter < b.parameter; });
  const bool held = std::any_of(clause.scans.begin(), clause.scans.end(), [&, begin = first, end = last](const Scan& scan) {
    auto at = std::lower_bound(begin, end, scan.low, [](const Term& term, const std::string& low) { return term.bytes < low; });
    for (; at != end && (scan.high.empty() || at->bytes < scan.high); ++at)
      if (!scan.predicate || (*scan.predicate)(at->bytes)) return true;
    return false;
  });
  return held != clause.negated;
}

}  // namespace search
