// The encodings of encode(), decode(), escape() and unescape(): base64, urlbase64, hex; html, json. nullopt for any other form,
// and for text that is not so encoded.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fhirpath {

std::optional<std::string> encode(std::string_view text, std::string_view form);
std::optional<std::string> decode(std::string_view text, std::string_view form);
std::optional<std::string> escape(std::string_view text, std::string_view form);
std::optional<std::string> unescape(std::string_view text, std::string_view form);

}  // namespace fhirpath
