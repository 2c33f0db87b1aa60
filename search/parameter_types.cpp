#include "search/parameter_types.h"

#include <array>
#include <string>

#include "search/query_text.h"
#include "search/value_types.h"

namespace search {
namespace {

constexpr std::uint32_t bit(Modifier modifier) { return std::uint32_t{1} << static_cast<unsigned>(modifier); }
constexpr std::uint32_t common = bit(Modifier::none) | bit(Modifier::missing);

std::string_view no_sort_key(std::string_view) { return {}; }
bool no_extraction(model::NodeRef, Extraction&) { return false; }

using enum model::ParameterType;
// R4 search.html#modifiers; composites take none at all (#composite). The modifiers of R4 that no row has are not implemented:
// :text :in :not-in :above :below :of-type :identifier.
constexpr std::array<ValueType, 9> rows = {{
    {number, common, extract_number, number_scans, number_sort_key},
    {date, common, extract_date, date_scans, date_sort_key},
    {string, common | bit(Modifier::exact) | bit(Modifier::contains), extract_string, string_scans, string_sort_key},
    {token, common | bit(Modifier::not_), extract_token, token_scans, token_sort_key},
    {reference, common | bit(Modifier::type), extract_reference, reference_scans, text_sort_key},
    {composite, bit(Modifier::none), no_extraction, composite_scans, no_sort_key},
    {quantity, common, extract_quantity, quantity_scans, quantity_sort_key},
    {uri, common, extract_uri, uri_scans, text_sort_key},
    {special, common, extract_special, special_scans, no_sort_key},
}};
constexpr bool in_order() {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (static_cast<std::size_t>(rows[i].type) != i) return false;
  }
  return true;
}
static_assert(in_order(), "rows stand in the order of model::ParameterType");

}  // namespace

const ValueType& value_type(model::ParameterType type) { return rows[static_cast<std::size_t>(type)]; }

bool takes(model::ParameterType type, Modifier modifier) { return (value_type(type).modifiers & bit(modifier)) != 0; }

model::Result<ValueScans> value_scans(const ScanContext& context, std::string_view value) {
  const ValueType& type = value_type(context.parameter.type);
  if ((type.modifiers & bit(context.modifier)) == 0) {
    return model::failure(
        model::FailureKind::bad_request, model::IssueCode::not_supported,
        "Search parameter '" + std::string(context.schema.text(context.parameter.code)) + "' does not take this modifier");
  }
  ValueScans result;
  if (context.modifier == Modifier::missing) {
    if (value != "true" && value != "false") return bad_value(context, value, "is neither true nor false, as :missing asks");
    result.scans.push_back(exact_scan(std::string(1, tag_present)));
    result.negated = value == "true";
    return result;
  }
  if (value.empty()) return bad_value(context, value, "is empty");
  if (!is_escaped(value)) return bad_value(context, value, illegal_escape);
  if (auto made = type.scans(context, value, Form::whole, result.scans); !made) return made.error();
  result.negated = context.modifier == Modifier::not_;
  return result;
}

std::string_view sort_key(model::ParameterType type, std::string_view term, bool) {
  return term.empty() ? std::string_view() : value_type(type).sort_key(term);
}

}  // namespace search
