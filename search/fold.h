// Folding of text for comparison (R4 search.html#string and #token).
#pragma once

#include <string>
#include <string_view>

namespace search {

// parameter_types.h declares fold(), the folding of string search.

// Case folded and nothing else; for tokens of type string.
std::string fold_case(std::string_view text);

// The words that a phonetic search compares: Soundex codes ("J525") of the words of `text`, each followed by a space;
// words that are not of the Latin alphabet stand as they fold.
std::string phonetic(std::string_view text);

}  // namespace search
