#include "resources-gen/formats/json.h"

namespace formats {

std::string operation_outcome(const model::Issues& issues) {
  std::string out = "{\"resourceType\":\"OperationOutcome\",\"issue\":[";
  const auto write = [&](const model::Issue& issue) {
    if (out.back() != '[') out += ',';
    out += "{\"severity\":\"";
    out += model::severity_text(issue.severity);
    out += "\",\"code\":\"";
    out += model::code_text(issue.code);
    out += '"';
    auto diagnostics = issue.diagnostics;
    if (issue.line != 0) diagnostics += " (line " + std::to_string(issue.line) + ", column " + std::to_string(issue.column) + ")";
    if (!diagnostics.empty()) {
      out += ",\"diagnostics\":";
      append_string(out, diagnostics);
    }
    if (!issue.expression.empty()) {
      out += ",\"expression\":[";
      append_string(out, issue.expression);
      out += ']';
    }
    out += '}';
  };
  for (const auto& issue : issues) write(issue);
  if (issues.empty()) write({model::Severity::information, model::IssueCode::informational, "All OK", {}, 0, 0});
  return out + "]}";
}

}  // namespace formats
