#include "fhir/commands/import_answer.h"

#include <cctype>
#include <string_view>

#include "resources-gen/formats/json.h"
#include "resources-gen/model/schema.h"

namespace commands {

std::map<std::size_t, std::string> faulty_entries(const std::string& outcome, std::string& all_reasons) {
  std::map<std::size_t, std::string> out;
  const auto parsed = formats::read_json(outcome, model::r4());
  if (parsed.tree.empty()) {
    all_reasons = outcome.substr(0, 500);
    return out;
  }
  for (auto issue = parsed.tree.root().child("issue"); issue; issue = issue.next_sibling()) {
    if (issue.name() != "issue") continue;
    const auto severity = issue.child("severity");
    if (severity && (severity.text() == "information" || severity.text() == "warning")) continue;
    const auto diagnostics = issue.child("diagnostics");
    const auto reason = diagnostics ? std::string(diagnostics.text()) : std::string("refused");
    all_reasons += (all_reasons.empty() ? "" : "; ") + reason;
    for (auto expression = issue.child("expression"); expression; expression = expression.next_sibling()) {
      if (expression.name() != "expression") continue;
      constexpr std::string_view head = "Bundle.entry[";
      const auto text = expression.text();
      if (!text.starts_with(head)) continue;
      std::size_t index = 0;
      for (auto digits = text.substr(head.size()); !digits.empty() && std::isdigit(static_cast<unsigned char>(digits[0])) != 0;
           digits.remove_prefix(1)) {
        index = index * 10 + static_cast<std::size_t>(digits[0] - '0');
      }
      auto& reasons = out[index];
      reasons += (reasons.empty() ? "" : "; ") + reason;
    }
  }
  return out;
}

}  // namespace commands
