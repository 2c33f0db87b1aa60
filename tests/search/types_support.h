// One resource, one query value: terms of the one, scans of the other, and whether they match. For the tests of parameter types.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "resources-gen/model/schema.h"
#include "search/parameter_types.h"

namespace types_test {

inline const std::vector<std::string> base_urls{"http://example.org/fhir"};
inline constexpr std::int64_t now_ms = 1'577'836'800'000;  // 2020-01-01T00:00:00Z

const search::Extractor& extractor();

// Reads the resource (which has to be sound) and extracts its terms.
std::shared_ptr<const search::DocumentTerms> terms_of(std::string_view json);

// "name:modifier=value", one value. nullopt where the value is refused, the reason in `why`.
std::optional<search::Clause> clause_of(model::TypeId type, std::string_view query, std::string* why = nullptr);

// terms_of and clause_of, matched.
bool matches(const search::DocumentTerms& terms, std::string_view query);

}  // namespace types_test
