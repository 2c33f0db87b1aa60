// Negotiation: in which format the client sends and wants resources.
//
// R4 http.html#mime-type, #parameters (_format), #version-parameter. JSON, XML, and pages for browsers.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "fhir/rest/service.h"

namespace rest {

enum class MediaType : std::uint8_t { fhir_json, json, text_json, fhir_xml, xml, text_xml, html };

std::string_view content_type(MediaType type);  // of an answer: "application/fhir+json; charset=utf-8"
std::string_view media_name(MediaType type);    // "application/fhir+json"
bool is_xml(MediaType type);

// The answer's type by `_format` (nullptr: not sent), else by the Accept header (empty: not sent). Fails with 406.
model::Result<MediaType> choose_answer(const std::string* format, std::string_view accept);
// The same of a request, whose query has those arguments; its Accept lines are one list (RFC 9110 5.3).
model::Result<MediaType> choose_answer(const Request& request, const std::vector<search::Argument>& arguments);
// By `_pretty`.
bool asks_pretty(const std::vector<search::Argument>& arguments);

// A body that holds a resource: its format. Fails with 415 unless it is FHIR JSON or XML of R4 in UTF-8.
model::Result<MediaType> check_content_type(std::string_view content_type);
// A body that holds a form (POST _search).
bool is_form(std::string_view content_type);

}  // namespace rest
