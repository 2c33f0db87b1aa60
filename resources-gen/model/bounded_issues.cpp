#include "resources-gen/model/bounded_issues.h"

#include <utility>

namespace model {

bool add_bounded(Issues& issues, Issue issue) {
  if (issues.size() < most_issues) {
    issues.add(std::move(issue));
    return true;
  }
  if (issues.size() == most_issues) {
    issues.add({issue.severity, IssueCode::too_costly, "There are further faults, which are not listed", {}});
  }
  return false;
}

}  // namespace model
