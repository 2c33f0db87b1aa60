#include "fhir/rest/bundle_answer.h"

#include "fhir/rest/failures.h"
#include "fhir/rest/reason_phrase.h"
#include "resources-gen/model/temporal.h"

namespace rest {
namespace {

std::string_view header(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

bool reads(const Exchange& asked) { return asked.request.method == "GET" || takes_form(asked.target.shape); }

}  // namespace

void shorten(const Exchange& asked, Response& response) {
  if (!response.body) return;
  if (response.status >= 400) {
    model::Issues issues;
    issues.error(model::IssueCode::too_costly, "The answer has grown too large to say why; send this entry by itself");
    response.body = std::make_shared<const std::string>(outcome_text(issues));
  } else if (reads(asked)) {
    response = failure_response(model::failure(model::FailureKind::bad_request, model::IssueCode::too_costly,
                                               "What the entries before this one read is larger than " +
                                                   std::to_string(most_answer_bytes >> 20) + " MiB; ask for it by itself"));
  } else {
    response.body = nullptr;
  }
}

void add_answer(BundleText& text, const EntryAnswer& answer) {
  text.begin_entry();
  if (!answer.resource.empty()) {
    if (!answer.full_url.empty()) text.text("fullUrl", answer.full_url);
    text.member("resource", answer.resource);
  }
  text.begin_object("response");
  std::string status = std::to_string(answer.status);
  status.append(" ").append(reason_phrase(answer.status));
  text.text("status", status);
  if (!answer.location.empty()) text.text("location", answer.location);
  if (!answer.etag.empty()) text.text("etag", answer.etag);
  if (answer.last_modified != 0) text.text("lastModified", model::instant_text(answer.last_modified));
  if (!answer.outcome.empty()) text.member("outcome", answer.outcome);
  text.end_object();
  text.end_entry();
}

void add_answer(const Context& context, BundleText& text, const Exchange& asked, const Response& response) {
  EntryAnswer answer;
  answer.status = response.status;
  auto place = header(response, "Location");
  if (place.empty()) place = header(response, "Content-Location");
  const std::string& base = base_url(context, asked);
  if (place.starts_with(base) && place.size() > base.size()) place.remove_prefix(base.size() + 1);
  answer.location = place;
  answer.etag = header(response, "ETag");
  answer.last_modified = response.last_modified;
  if (response.body && asked.request.method != "HEAD") {
    const bool is_outcome = response.status >= 400 || (!reads(asked) && asked.prefer.answer == Return::outcome);
    (is_outcome ? answer.outcome : answer.resource) = *response.body;
    if (!answer.resource.empty() && asked.target.shape == Shape::instance) {
      answer.full_url = base + "/" + std::string(context.schema.type_name(asked.target.type)) + "/" + asked.target.id;
    } else if (!answer.resource.empty() && !answer.location.empty()) {
      answer.full_url = base + "/" + answer.location.substr(0, answer.location.find("/_history"));
    }
  }
  add_answer(text, answer);
}

}  // namespace rest
