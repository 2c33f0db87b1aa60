#include "fhir/rest/conditional.h"

#include <algorithm>
#include <charconv>

#include "fhir/rest/header_text.h"

namespace rest {
namespace {

std::int64_t floor_seconds(std::int64_t milliseconds) {
  return milliseconds >= 0 ? milliseconds / 1000 : -((-milliseconds + 999) / 1000);
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
  while (!value.empty()) {
    auto tag = next_part(value, ',');
    if (tag.empty()) continue;
    if (tag.starts_with("W/") || tag.starts_with("w/")) tag.remove_prefix(2);
    if (tag.size() < 2 || tag.front() != '"' || tag.back() != '"') {
      return model::failure(model::FailureKind::bad_request, model::IssueCode::value,
                            std::string(header) + " is '" + tags.text + "'; it must be an entity tag such as W/\"1\"");
    }
    tag = tag.substr(1, tag.size() - 2);
    std::uint64_t version = 0;
    const auto [end, error] = std::from_chars(tag.data(), tag.data() + tag.size(), version);
    if (error == std::errc() && end == tag.data() + tag.size() && tag[0] != '0') tags.versions.push_back(version);
  }
  return tags;
}

model::Result<Preconditions> parse_preconditions(const Request& request) {
  auto match = parse_tags(request.header("If-Match"), "If-Match");
  if (!match) return match.error();
  auto none_match = parse_tags(request.header("If-None-Match"), "If-None-Match");
  if (!none_match) return none_match.error();
  return Preconditions{std::move(*match), std::move(*none_match)};
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
  if (conditions.none_match.present && exists && conditions.none_match.name(current->version)) {
    return refuse(std::string(what) + " is at version " + etag(current->version) + ", so If-None-Match " +
                  conditions.none_match.text + " is not met");
  }
  return std::nullopt;
}

bool not_modified(const Tags& none_match, std::string_view modified_since, const store::Version& version) {
  if (none_match.present) return none_match.name(version.version);
  if (modified_since.empty()) return false;
  const auto since = parse_http_date(modified_since);
  return since && floor_seconds(version.last_updated) <= *since;
}

}  // namespace rest
