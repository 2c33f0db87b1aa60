#include "resources-gen/model/issues.h"

#include <algorithm>
#include <array>

namespace model {

std::string_view severity_text(Severity severity) {
  constexpr std::array<std::string_view, 4> texts = {"fatal", "error", "warning", "information"};
  return texts[static_cast<std::size_t>(severity)];
}

std::string_view code_text(IssueCode code) {
  constexpr std::array<std::string_view, 31> texts = {
      "invalid",          "structure", "required",     "value",      "invariant",    "security",      "login",
      "unknown",          "expired",   "forbidden",    "suppressed", "processing",   "not-supported", "duplicate",
      "multiple-matches", "not-found", "deleted",      "too-long",   "code-invalid", "extension",     "too-costly",
      "business-rule",    "conflict",  "transient",    "lock-error", "no-store",     "exception",     "timeout",
      "incomplete",       "throttled", "informational"};
  static_assert(texts.size() == static_cast<std::size_t>(IssueCode::informational) + 1);
  return texts[static_cast<std::size_t>(code)];
}

void Issues::append_under(std::string_view prefix, const Issues& other) {
  list_.reserve(list_.size() + other.size());
  for (const Issue& issue : other) {
    Issue moved = issue;
    const std::size_t dot = issue.expression.find('.');
    moved.expression = prefix;
    if (dot != std::string::npos) moved.expression.append(issue.expression, dot);
    list_.push_back(std::move(moved));
  }
}

bool Issues::has_errors() const {
  return std::any_of(list_.begin(), list_.end(),
                     [](const Issue& issue) { return issue.severity == Severity::fatal || issue.severity == Severity::error; });
}

}  // namespace model
