#include "fhir/http/cors.h"

#include <algorithm>

#include "fhir/http/origin.h"
#include "fhir/rest/header_text.h"

namespace http {
namespace {

// What a page may send beyond what browsers let it send anyway.
constexpr std::string_view request_headers =
    "Accept, Authorization, Content-Type, Content-Encoding, If-Match, If-None-Match, If-None-Exist, If-Modified-Since, "
    "If-Unmodified-Since, Prefer, Range, If-Range, Last-Event-ID, X-Security-Context, Idempotency-Key, X-Provenance, "
    "X-Request-Id, X-Correlation-Id, "
    "X-Requested-With";
// What a page may read beyond what browsers show it anyway.
constexpr std::string_view answer_headers =
    "ETag, Location, Content-Location, Last-Modified, Date, X-Request-Id, X-Correlation-Id, X-Progress, Retry-After, Warning, "
    "Allow, "
    "Preference-Applied, Idempotent-Replayed, Content-Range, Accept-Ranges, Content-Disposition, X-Security-Context, "
    "Accept-Patch, Expires, Link";
constexpr std::string_view max_age = "7200";  // the longest that browsers keep it

std::string_view header(const rest::Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (rest::equal_ignoring_case(key, name)) return value;
  }
  return {};
}

}  // namespace

model::Result<Cors> Cors::parse(const std::vector<std::string>& origins) {
  Cors out;
  for (const auto& text : origins) {
    if (text == "*") {
      out.any_ = true;
      continue;
    }
    const auto url = parse_base_url(text);
    if (!url || !url->path.empty()) {
      return model::failure(model::FailureKind::bad_request, model::IssueCode::value,
                            "'" + text + "' is no origin like https://app.example.org, and not '*'");
    }
    out.named_.push_back(url->text());
  }
  return out;
}

bool Cors::is_preflight(const rest::Request& request) {
  return request.method == "OPTIONS" && !request.header("Origin").empty() &&
         !request.header("Access-Control-Request-Method").empty();
}

void Cors::allow(std::string_view origin, bool preflight, rest::Response& response) const {
  const bool named = std::find(named_.begin(), named_.end(), origin) != named_.end();
  if (!named && !any_) return;
  auto& headers = response.headers;
  headers.emplace_back("Access-Control-Allow-Origin", named ? origin : "*");
  if (named) headers.emplace_back("Access-Control-Allow-Credentials", "true");
  if (!preflight) {
    headers.emplace_back("Access-Control-Expose-Headers", answer_headers);
    return;
  }
  headers.emplace_back("Access-Control-Allow-Methods", std::string(header(response, "Allow")));
  headers.emplace_back("Access-Control-Allow-Headers", request_headers);
  headers.emplace_back("Access-Control-Max-Age", max_age);
  if (response.status == 204) return;
  response.status = 204;
  response.body = nullptr;
  response.source = nullptr;
  std::erase_if(headers, [](const auto& each) { return each.first == "Content-Type"; });
}

void Cors::allow_unasked(rest::Response& response) const {
  if (any_) return allow("*", false, response);
  if (named_.size() == 1) allow(named_.front(), false, response);  // of several none can be told
}

}  // namespace http
