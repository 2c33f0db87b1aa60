#include "fhir/rest/negotiate.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "fhir/rest/header_text.h"

namespace rest {
namespace {

using model::failure;
using model::FailureKind;
using model::IssueCode;

struct MediaRow {
  std::string_view name;
  MediaType type;
};
// What names a format, in a header or in _format. R4 http.html#mime-type: a generic name is answered with that name; the name of
// DSTU2 is understood.
constexpr std::array<MediaRow, 16> media_types{{
    {"application/fhir+json", MediaType::fhir_json},
    {"application/json", MediaType::json},
    {"text/json", MediaType::text_json},
    {"application/json+fhir", MediaType::fhir_json},
    {"json", MediaType::fhir_json},
    {"application/fhir json", MediaType::fhir_json},  // _format=application/fhir+json with its '+' not escaped
    {"application/json fhir", MediaType::fhir_json},
    {"text/html", MediaType::html},  // answers only: nobody sends a resource so
    {"html", MediaType::html},
    {"application/fhir+xml", MediaType::fhir_xml},
    {"application/xml", MediaType::xml},
    {"text/xml", MediaType::text_xml},
    {"application/xml+fhir", MediaType::fhir_xml},
    {"xml", MediaType::fhir_xml},
    {"application/fhir xml", MediaType::fhir_xml},
    {"application/xml fhir", MediaType::fhir_xml},
}};

std::optional<MediaType> by_name(std::string_view name) {
  for (const auto& row : media_types) {
    if (equal_ignoring_case(row.name, name)) return row.type;
  }
  return std::nullopt;
}

bool is_r4(std::string_view version) { return version == "4.0" || version == "4.0.1"; }

// What ranges with a '*' may be answered with, best first. A page is for those who name it.
constexpr std::array<MediaType, 6> preferred{MediaType::fhir_json, MediaType::fhir_xml,  MediaType::json,
                                             MediaType::xml,       MediaType::text_json, MediaType::text_xml};
constexpr std::size_t media_type_count = 7;

// One media range of an Accept header: which of our types it covers, and how much they are wanted (thousandths).
struct MediaRange {
  std::vector<MediaType> types;  // best first
  int precision = 0;             // the higher, the less does it cover
  int quality = 1000;
  bool other_version = false;
};

int parse_quality(std::string_view text) {  // RFC 9110 12.4.2: 0(.ddd) or 1(.000); what is neither counts as 1
  if (text.empty() || (text[0] != '0' && text[0] != '1')) return 1000;
  int value = (text[0] - '0') * 1000;
  int unit = 100;
  for (std::size_t i = 2; i < text.size() && i < 5; ++i, unit /= 10) {
    if (text[i] < '0' || text[i] > '9') break;
    value += (text[i] - '0') * unit;
  }
  return value > 1000 ? 1000 : value;
}

MediaRange read_range(std::string_view range) {
  MediaRange out;
  const auto name = next_part(range, ';');
  if (name == "*/*" || name == "*") {
    out.types.assign(preferred.begin(), preferred.end());
  } else if (name.ends_with("/*")) {
    out.precision = 1;
    for (const auto type : preferred) {
      if (equal_ignoring_case(content_type(type).substr(0, name.size() - 1), name.substr(0, name.size() - 1)))
        out.types.push_back(type);
    }
  } else if (name.find('/') != std::string_view::npos) {
    out.precision = 2;
    if (const auto type = by_name(name)) out.types.push_back(*type);
  }
  while (!range.empty()) {
    auto value = next_part(range, ';');
    const auto key = next_part(value, '=');
    const auto text = unquoted(value);
    if (equal_ignoring_case(key, "q")) out.quality = parse_quality(text);
    if (equal_ignoring_case(key, "fhirVersion") && !is_r4(text)) out.other_version = true;
  }
  return out;
}

// What an Accept header says of one of our types.
struct Wish {
  int precision = -1;  // of the range that it is from: the most precise counts
  int quality = 0;
  std::size_t place = 0;  // of the range in the header, and of the type in the range: the first is taken of what is wanted alike
};

// The first of that name.
const search::Argument* find_argument(const std::vector<search::Argument>& arguments, std::string_view name) {
  for (const auto& each : arguments) {
    if (each.name == name) return &each;
  }
  return nullptr;
}

constexpr std::string_view offered =
    "application/fhir+json, application/fhir+xml, application/json or application/xml, of FHIR R4 (fhirVersion=4.0)";

}  // namespace

// R4 http.html#mime-type: answers SHALL name the character set. text/xml would be US-ASCII without it.
std::string_view content_type(MediaType type) {
  static constexpr std::array<std::string_view, 7> content_types{"application/fhir+json; charset=utf-8",
                                                                 "application/json; charset=utf-8",
                                                                 "text/json; charset=utf-8",
                                                                 "application/fhir+xml; charset=utf-8",
                                                                 "application/xml; charset=utf-8",
                                                                 "text/xml; charset=utf-8",
                                                                 "text/html; charset=utf-8"};
  return content_types.at(static_cast<std::size_t>(type));
}

std::string_view media_name(MediaType type) {
  auto text = content_type(type);
  return next_part(text, ';');
}

bool is_xml(MediaType type) { return type == MediaType::fhir_xml || type == MediaType::xml || type == MediaType::text_xml; }

model::Result<MediaType> choose_answer(const std::string* format, std::string_view accept) {
  if (format && !format->empty()) {
    std::string_view range = *format;
    const auto named = by_name(next_part(range, ';'));
    const auto version = range.empty() ? MediaRange{} : read_range("json;" + std::string(range));
    if (named && !version.other_version) return *named;
    return failure(FailureKind::not_acceptable, IssueCode::not_supported,
                   "_format asks for '" + format->substr(0, 100) + "'; this server answers " + std::string(offered));
  }
  if (accept.empty()) return MediaType::fhir_json;
  std::array<Wish, media_type_count> wishes{};
  bool other_version = false;
  std::size_t place = 0;
  for (auto rest = accept; !rest.empty();) {
    const auto text = next_part(rest, ',');
    if (text.empty()) continue;
    const auto range = read_range(text);
    other_version = other_version || (!range.types.empty() && range.other_version);
    if (range.other_version) continue;
    for (const auto type : range.types) {
      auto& wish = wishes.at(static_cast<std::size_t>(type));
      ++place;
      if (range.precision > wish.precision || (range.precision == wish.precision && range.quality > wish.quality))
        wish = {range.precision, range.quality, place};
    }
  }
  const auto best = std::max_element(wishes.begin(), wishes.end(), [](const Wish& a, const Wish& b) {
    return a.quality != b.quality ? a.quality < b.quality : a.place > b.place;
  });
  if (best->quality > 0) return static_cast<MediaType>(best - wishes.begin());
  return failure(
      FailureKind::not_acceptable, IssueCode::not_supported,
      std::string(other_version ? "Accept asks for another version of FHIR" : "Accept names no format of this server") + " ('" +
          std::string(accept.substr(0, 100)) + "'); it answers " + std::string(offered));
}

model::Result<MediaType> choose_answer(const Request& request, const std::vector<search::Argument>& arguments) {
  std::string accept;
  for (const auto& [name, value] : request.headers) {
    if (equal_ignoring_case(name, "Accept")) accept += (accept.empty() ? "" : ",") + value;
  }
  const auto* format = find_argument(arguments, "_format");
  return choose_answer(format ? &format->value : nullptr, accept);
}

bool asks_pretty(const std::vector<search::Argument>& arguments) {
  const auto* pretty = find_argument(arguments, "_pretty");
  return pretty != nullptr && pretty->value == "true";
}

model::Result<MediaType> check_content_type(std::string_view sent) {
  auto rest = sent;
  const auto name = next_part(rest, ';');
  if (name.empty()) {
    return failure(FailureKind::unsupported_media, IssueCode::not_supported,
                   "The request has a body but no Content-Type; send application/fhir+json or application/fhir+xml");
  }
  const auto type = name.find('/') == std::string_view::npos ? std::nullopt : by_name(name);
  if (!type || *type == MediaType::html) {
    return failure(FailureKind::unsupported_media, IssueCode::not_supported,
                   "The body is of type '" + std::string(name.substr(0, 100)) +
                       "'; this server reads application/fhir+json and application/fhir+xml");
  }
  while (!rest.empty()) {
    auto value = next_part(rest, ';');
    const auto key = next_part(value, '=');
    const auto text = unquoted(value);
    if (equal_ignoring_case(key, "charset") && !equal_ignoring_case(text, "utf-8") && !equal_ignoring_case(text, "utf8") &&
        !equal_ignoring_case(text, "us-ascii")) {
      return failure(FailureKind::unsupported_media, IssueCode::not_supported,
                     "The body is in '" + std::string(text.substr(0, 40)) + "'; FHIR is always in UTF-8");
    }
    if (equal_ignoring_case(key, "fhirVersion") && !is_r4(text)) {
      return failure(FailureKind::unsupported_media, IssueCode::not_supported,
                     "The body is of FHIR version '" + std::string(text.substr(0, 40)) + "'; this server takes 4.0 (R4)");
    }
  }
  return *type;
}

bool is_form(std::string_view sent) { return equal_ignoring_case(next_part(sent, ';'), "application/x-www-form-urlencoded"); }

}  // namespace rest
