#include "fhir/rest/conditional.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "fhir/rest/exchange.h"
#include "fhir/rest/header_text.h"

namespace rest {
namespace {

model::Failure empty_header(std::string_view header) {
  return model::failure(model::FailureKind::bad_request, model::IssueCode::value,
                        std::string(header) + " is empty; leave it out if nothing is meant by it");
}

std::int64_t floor_seconds(std::int64_t milliseconds) {
  return milliseconds >= 0 ? milliseconds / 1000 : -((-milliseconds + 999) / 1000);
}

// The tags of all lines of that header, which are one list (RFC 9110 5.3).
model::Result<Tags> tags_of(const Request& request, std::string_view header) {
  std::string list;
  bool sent = false;
  for (const auto& [name, value] : request.headers) {
    if (!equal_ignoring_case(name, header)) continue;
    list += (sent ? ", " : "") + value;
    sent = true;
  }
  if (sent && trimmed(list).empty()) return empty_header(header);
  return parse_tags(list, header);
}

}  // namespace

std::string etag(std::uint64_t version) {
  char text[32] = "W/\"";
  const auto end = std::to_chars(text + 3, text + 30, version).ptr;
  *end = '"';
  return {text, static_cast<std::size_t>(end + 1 - text)};
}

bool Tags::name(std::uint64_t version) const {
  return any || std::find(versions.begin(), versions.end(), version) != versions.end();
}

model::Result<Tags> parse_tags(std::string_view value, std::string_view header) {
  Tags tags;
  value = trimmed(value);
  if (value.empty()) return tags;
  tags.present = true;
  tags.text = value.substr(0, 200);
  if (value == "*") {
    tags.any = true;
    return tags;
  }
  bool any = false;
  const auto refuse = [&] {
    return model::failure(model::FailureKind::bad_request, model::IssueCode::value,
                          std::string(header) + " is '" + tags.text + "'; it must be an entity tag such as W/\"1\"");
  };
  while (!value.empty()) {
    auto tag = next_part(value, ',');
    if (tag.empty()) continue;
    any = true;
    if (tag.starts_with("W/") || tag.starts_with("w/")) tag.remove_prefix(2);
    if (tag.size() < 2 || tag.front() != '"' || tag.back() != '"') return refuse();
    tag = tag.substr(1, tag.size() - 2);
    std::uint64_t version = 0;
    const auto [end, error] = std::from_chars(tag.data(), tag.data() + tag.size(), version);
    if (error == std::errc() && end == tag.data() + tag.size() && tag[0] != '0') tags.versions.push_back(version);
  }
  if (!any) return refuse();
  return tags;
}

model::Result<std::optional<std::string_view>> only_value(const Request& request, std::string_view header) {
  std::optional<std::string_view> sent;
  for (const auto& [name, value] : request.headers) {
    if (!equal_ignoring_case(name, header)) continue;
    if (sent) {
      return model::failure(model::FailureKind::bad_request, model::IssueCode::value,
                            std::string(header) + " may be sent only once");
    }
    sent = trimmed(value);
  }
  if (sent && sent->empty()) return empty_header(header);
  return sent;
}

model::Result<Preconditions> parse_preconditions(const Request& request) {
  auto match = tags_of(request, "If-Match");
  if (!match) return match.error();
  auto none_match = tags_of(request, "If-None-Match");
  if (!none_match) return none_match.error();
  return Preconditions{std::move(*match), std::move(*none_match), parse_http_date(request.header("If-Unmodified-Since"))};
}

model::Result<ReadConditions> parse_read_conditions(const Exchange& exchange) {
  auto conditions = parse_preconditions(exchange.request);
  if (!conditions) return conditions.error();
  ReadConditions out;
  out.none_match = std::exchange(conditions->none_match, {});
  out.unchanged_until = exchange.modified_since;
  if (const auto date = parse_http_date(exchange.request.header("If-Modified-Since"))) {
    out.unchanged_until = *date * 1000 + 999;
    out.of_date = true;
  }
  out.only_if = std::move(*conditions);
  return out;
}

std::optional<model::Failure> check(const Preconditions& conditions, std::string_view what,
                                    const std::optional<store::Version>& current) {
  const bool exists = current && !current->deleted();
  const auto refuse = [&](std::string text) {
    return model::failure(model::FailureKind::precondition_failed, model::IssueCode::conflict, std::move(text));
  };
  // R4 http.html#delete: the ETag of a deletion lets a client bring the resource back to life without a lost update: it names the
  // deletion. `*` does not: there is no representation.
  const bool named = current && !conditions.match.any && conditions.match.name(current->version);
  if (conditions.match.present && !exists && !named) {
    return refuse(std::string(what) + (current ? " is deleted (at version " + etag(current->version) + ")" : " does not exist") +
                  ", so If-Match " + conditions.match.text + " is not met");
  }
  if (conditions.match.present && !conditions.match.name(current->version)) {
    return refuse(std::string(what) + " is at version " + etag(current->version) + ", so If-Match " + conditions.match.text +
                  " is not met");
  }
  if (!conditions.match.present && conditions.unmodified_since && current &&
      floor_seconds(current->last_updated) > *conditions.unmodified_since) {
    return refuse(std::string(what) + (exists ? " was written" : " was deleted") + " at " + http_date(current->last_updated) +
                  ", so If-Unmodified-Since " + http_date(*conditions.unmodified_since * 1000) + " is not met");
  }
  if (conditions.none_match.present && exists && conditions.none_match.name(current->version)) {
    return refuse(std::string(what) + " is at version " + etag(current->version) + ", so If-None-Match " +
                  conditions.none_match.text + " is not met");
  }
  return std::nullopt;
}

bool not_modified(const ReadConditions& conditions, const store::Version& version) {
  if (conditions.none_match.present) return conditions.none_match.name(version.version);
  return conditions.unchanged_until && version.last_updated <= *conditions.unchanged_until;
}

}  // namespace rest
