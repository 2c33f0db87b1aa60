#include <utility>

#include "resources-gen/formats/json.h"

namespace formats {
namespace {

// Diagnostics quote what clients sent. Control characters, which no FHIR string may hold (R4 datatypes.html#string), become '?';
// append_string mends what is not UTF-8.
void append_quotation(std::string& out, std::string text) {
  for (char& each : text) {
    const auto c = static_cast<unsigned char>(each);
    if ((c < 0x20 && c != '\n' && c != '\t' && c != '\r') || c == 0x7f) each = '?';
  }
  append_string(out, text);
}

}  // namespace

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
      append_quotation(out, std::move(diagnostics));
    }
    if (!issue.expression.empty()) {
      out += ",\"expression\":[";
      append_quotation(out, issue.expression);
      out += ']';
    }
    out += '}';
  };
  for (const auto& issue : issues) write(issue);
  if (issues.empty()) write({model::Severity::information, model::IssueCode::informational, "All OK", {}, 0, 0});
  return out + "]}";
}

}  // namespace formats
