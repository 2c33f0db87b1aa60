// Issues: the faults found in one request or resource, in the terms of FHIR's OperationOutcome.
//
// Checks append and go on, so that one answer names every fault. Owns its text; one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace model {

// http://hl7.org/fhir/R4/valueset-issue-severity.html
enum class Severity : std::uint8_t { fatal, error, warning, information };

// http://hl7.org/fhir/R4/valueset-issue-type.html; `code_text` gives FHIR's spelling.
// clang-format off
enum class IssueCode : std::uint8_t {
  invalid, structure, required, value, invariant,
  security, login, unknown, expired, forbidden, suppressed,
  processing, not_supported, duplicate, multiple_matches, not_found, deleted, too_long,
  code_invalid, extension, too_costly, business_rule, conflict,
  transient, lock_error, no_store, exception, timeout, incomplete, throttled,
  informational,
};
// clang-format on

std::string_view severity_text(Severity severity);  // "error" ...
std::string_view code_text(IssueCode code);         // "too-costly" ...

struct Issue {
  Severity severity = Severity::error;
  IssueCode code = IssueCode::invalid;
  std::string diagnostics;   // a sentence for the reader
  std::string expression;    // simple FHIRPath with indices, "Patient.name[0].given[1]"; empty if none
  std::uint32_t line = 0;    // 1-based in the text as sent; 0 if unknown
  std::uint32_t column = 0;  // 1-based, in bytes
};

class Issues {
 public:
  void add(Issue issue) { list_.push_back(std::move(issue)); }
  void error(IssueCode code, std::string diagnostics, std::string expression = {}) {
    add({Severity::error, code, std::move(diagnostics), std::move(expression)});
  }
  void warn(IssueCode code, std::string diagnostics, std::string expression = {}) {
    add({Severity::warning, code, std::move(diagnostics), std::move(expression)});
  }
  // Appends all of `other`, each expression prefixed with `prefix` in place of its first segment
  // ("Bundle.entry[7].resource" turns "Patient.name[0]" into "Bundle.entry[7].resource.name[0]").
  void append_under(std::string_view prefix, const Issues& other);

  bool has_errors() const;  // any of severity fatal or error
  bool empty() const { return list_.empty(); }
  std::size_t size() const { return list_.size(); }
  auto begin() const { return list_.begin(); }
  auto end() const { return list_.end(); }
  const std::vector<Issue>& list() const { return list_; }

 private:
  std::vector<Issue> list_;
};

}  // namespace model
