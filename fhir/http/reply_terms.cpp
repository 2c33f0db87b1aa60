#include "fhir/http/reply_terms.h"

#include <algorithm>
#include <array>

#include "fhir/rest/header_text.h"

namespace http {
namespace {

constexpr std::size_t coded_from_bytes = 2048;  // below that the saving is less than a packet

// Types of content that codings make smaller; pictures and the like are compressed as they are.
constexpr std::array<std::string_view, 8> dense{"image/png",       "image/jpeg",       "image/gif", "image/webp",
                                                "application/zip", "application/gzip", "video/",    "audio/"};

template <typename Headers>
auto find_header(Headers& headers, std::string_view name) {
  return std::find_if(headers.begin(), headers.end(),
                      [&](const auto& each) { return rest::equal_ignoring_case(each.first, name); });
}

}  // namespace

void ReplyTerms::clear() {
  client.clear();
  coding_ = {};
  origin_.clear();
  preflight_ = false;
}

void ReplyTerms::read(const rest::Request& request, const Cors& cors) {
  coding_ = choose_coding(request.header("Accept-Encoding"));
  if (!cors.on()) return;
  origin_ = request.header("Origin");
  preflight_ = Cors::is_preflight(request);
}

void ReplyTerms::keep(const rest::Request& request) {
  static constexpr std::array<std::string_view, 3> deciding{"Accept", "X-Request-Id", "X-Correlation-Id"};
  asked_.target = request.target;
  asked_.base_url = request.base_url;
  asked_.headers.clear();
  for (const auto& each : request.headers) {
    if (std::any_of(deciding.begin(), deciding.end(), [&](auto name) { return rest::equal_ignoring_case(each.first, name); })) {
      asked_.headers.push_back(each);
    }
  }
}

bool ReplyTerms::wants_coding(const rest::Response& response) const {
  if (coding_.coding == nullptr || !response.body || response.body->empty()) return false;
  if (coding_.plain && response.body->size() < coded_from_bytes) return false;
  // RFC 9110 14.2: a range is one of the coded content; what is a range already, or coded, stays so.
  if (response.status == 206 || find_header(response.headers, "Content-Encoding") != response.headers.end()) return false;
  return !coding_.plain ||
         std::none_of(dense.begin(), dense.end(), [&](std::string_view type) { return response.content_type.starts_with(type); });
}

void ReplyTerms::encode(rest::Response& response) const {
  auto coded = coding_.coding->encode(*response.body);
  if (!coded) return;
  response.body = std::make_shared<const std::string>(std::move(*coded));
  response.headers.emplace_back("Content-Encoding", coding_.coding->name);
  // RFC 9110 8.8.3.3: a strong tag would promise the same bytes as without the coding.
  if (const auto tag = find_header(response.headers, "ETag"); tag != response.headers.end() && tag->second.starts_with('"')) {
    tag->second.insert(0, "W/");
  }
}

}  // namespace http
