#include "fhir/rest/prefer.h"

#include <array>

#include "fhir/rest/header_text.h"

namespace rest {
namespace {

struct ReturnRow {
  std::string_view text;
  Return value;
};
constexpr std::array<ReturnRow, 3> returns{
    {{"minimal", Return::minimal}, {"representation", Return::representation}, {"OperationOutcome", Return::outcome}}};

}  // namespace

void read_prefer(std::string_view value, Preferences& preferences) {
  bool handling_seen = preferences.strict;
  while (!value.empty()) {
    auto preference = next_part(value, ',');
    // Clients also part preferences with ';', which the grammar has for a preference's own parameters: none of ours has any.
    while (!preference.empty()) {
      auto text = next_part(preference, ';');
      const auto name = next_part(text, '=');
      const auto wanted = unquoted(text);
      if (equal_ignoring_case(name, "return") && preferences.answer == Return::unset) {
        for (const auto& row : returns) {
          if (equal_ignoring_case(row.text, wanted)) preferences.answer = row.value;
        }
      } else if (equal_ignoring_case(name, "respond-async")) {
        preferences.respond_async = true;
      } else if (equal_ignoring_case(name, "handling") && !handling_seen) {
        preferences.strict = equal_ignoring_case(wanted, "strict");
        handling_seen = true;
      }
    }
  }
}

}  // namespace rest
