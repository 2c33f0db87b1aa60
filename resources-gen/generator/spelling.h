// How FHIR's names are spelled in generated C++.
#pragma once

#include <string>
#include <string_view>

namespace generator {

// The name itself, or with `_` appended where C++ has taken it: `class_`, `for_`, `operator_`, `assert_` (a macro).
std::string identifier(std::string_view name);
// "valueQuantity" from ("value", "Quantity"); "valueDateTime" from ("value", "dateTime"): JSON's name of a choice.
std::string choice_name(std::string_view element, std::string_view type);
// "MedicationRequest" -> "medication_request": a header's file name.
std::string snake_case(std::string_view name);
// "component" -> "Component"
std::string capitalised(std::string_view name);

}  // namespace generator
