#include "resources-gen/fhirpath/text.h"

#include <unicode/bytestream.h>
#include <unicode/casemap.h>
#include <unicode/stringpiece.h>
#include <cstdint>

namespace fhirpath {
namespace {

using Map = void (*)(const icu::StringPiece&, icu::ByteSink&, UErrorCode&);

std::string mapped(std::string_view text, Map map) {
  std::string out;
  icu::StringByteSink<std::string> sink(&out, static_cast<std::int32_t>(text.size()));
  UErrorCode error = U_ZERO_ERROR;
  map(icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())), sink, error);
  return U_SUCCESS(error) ? out : std::string(text);
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }

}  // namespace

std::string upper(std::string_view text) {
  return mapped(text, [](const icu::StringPiece& from, icu::ByteSink& to, UErrorCode& error) {
    icu::CaseMap::utf8ToUpper("", 0, from, to, nullptr, error);
  });
}

std::string lower(std::string_view text) {
  return mapped(text, [](const icu::StringPiece& from, icu::ByteSink& to, UErrorCode& error) {
    icu::CaseMap::utf8ToLower("", 0, from, to, nullptr, error);
  });
}

std::string folded(std::string_view text) {
  std::string out = mapped(text, [](const icu::StringPiece& from, icu::ByteSink& to, UErrorCode& error) {
    icu::CaseMap::utf8Fold(0, from, to, nullptr, error);
  });
  for (char& c : out) {
    if (is_space(c)) c = ' ';
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace fhirpath
