// Negotiation: in which format the client sends and wants resources.
//
// R4 http.html#mime-type, #parameters (_format), #version-parameter. JSON, and pages for browsers; XML is a row to add.
#pragma once

#include <cstdint>
#include <string_view>

#include "resources-gen/model/result.h"

namespace rest {

enum class MediaType : std::uint8_t { fhir_json, json, text_json, html };

std::string_view content_type(MediaType type);  // "application/fhir+json"

// The answer's type by `_format` (nullptr: not sent), else by the Accept header (empty: not sent). Fails with 406.
model::Result<MediaType> choose_answer(const std::string* format, std::string_view accept);

// A body that holds a resource: fails with 415 unless it is FHIR JSON of R4 in UTF-8.
model::Result<void> check_content_type(std::string_view content_type);
// A body that holds a form (POST _search).
bool is_form(std::string_view content_type);

}  // namespace rest
