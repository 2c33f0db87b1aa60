// The rules of R4's primitive types: which JSON value each takes, and what its text must obey.
//
// http://hl7.org/fhir/R4/datatypes.html#primitive: the regular expressions given there, written out by hand, and the ranges in
// its text.
#pragma once

#include <string_view>

#include "resources-gen/model/schema.h"
#include "resources-gen/model/tree.h"

namespace model {

// The JSON value that carries `primitive`: string, number or boolean; none for Primitive::none.
ValueKind value_kind(Primitive primitive);

// Whether `text` (JSON escapes resolved, UTF-8) obeys the primitive's rule. Linear time, no allocation but for decimals with an
// exponent.
bool is_valid(Primitive primitive, std::string_view text);

// What the rule asks for, to end a sentence: "a date: YYYY, YYYY-MM or YYYY-MM-DD".
std::string_view rule(Primitive primitive);

}  // namespace model
