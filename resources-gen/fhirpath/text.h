// Case and white space of text, by Unicode and without a locale.
#pragma once

#include <string>
#include <string_view>

namespace fhirpath {

std::string upper(std::string_view text);
std::string lower(std::string_view text);
// What strings are equivalent by (N1 6.1.2): case folded, each white space a space.
std::string folded(std::string_view text);
std::string_view trimmed(std::string_view text);

}  // namespace fhirpath
