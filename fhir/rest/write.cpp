#include "fhir/rest/write.h"

#include "fhir/rest/binary_answer.h"
#include "fhir/rest/negotiate.h"
#include "fhir/rest/partial.h"
#include "resources-gen/formats/xml.h"

namespace rest {

using model::failure;
using model::FailureKind;
using model::IssueCode;

std::string Prepared::rendered(const store::Version& version) const {
  const auto filling = formats::hole_text(hole, version.version, version.last_updated);
  std::string text;
  text.reserve(form.size() + filling.size());
  text.append(form, 0, draft.hole.offset).append(filling).append(form, draft.hole.offset, std::string::npos);
  return text;
}

model::Result<formats::ReadResult> read_any_body(const Context& context, const Exchange& exchange,
                                                 const formats::ReadLimits& limits) {
  const auto& body = exchange.request.body;
  if (body.empty())
    return failure(FailureKind::bad_request, IssueCode::required, "The request has no body: a resource is expected");
  const auto format = check_content_type(exchange.request.header("Content-Type"));
  if (!format) return format.error();
  auto result =
      is_xml(*format) ? formats::read_xml(body, context.schema, limits) : formats::read_json(body, context.schema, limits);
  // R4 http.html#rejecting-updates: 400 for what could not be read as a resource at all.
  if (result.malformed || result.tree.empty()) return model::Failure{FailureKind::bad_request, std::move(result.issues)};
  return result;
}

model::Result<formats::ReadResult> read_body(const Context& context, const Exchange& exchange, model::TypeId type) {
  auto read = read_any_body(context, exchange);
  if (!read) return read.error();
  auto& result = *read;
  if (result.tree.root().type() != type) {
    return failure(FailureKind::bad_request, IssueCode::invalid,
                   "The body is a " + std::string(result.tree.root().type_name()) + ", but " +
                       std::string(context.schema.type_name(type)) + " is what this address holds",
                   "resourceType");
  }
  if (!result.ok()) return model::Failure{FailureKind::unprocessable, std::move(result.issues)};
  if (exchange.request.method == "PUT") {
    if (auto complete = check_complete(result.tree.root()); !complete) return complete.error();
  }
  return read;
}

Prepared prepare(const Context& context, const model::Tree& tree, std::string id, store::Method method, bool keep_form) {
  Prepared prepared;
  auto form = formats::stored_form(tree, id);
  prepared.hole = form.kind;
  auto& draft = prepared.draft;
  draft.type = tree.root().type();
  draft.id = std::move(id);
  draft.method = method;
  draft.hole = {form.hole, static_cast<std::uint8_t>(form.kind)};
  draft.body = context.store.pack(form.body);
  draft.index = context.search.extract(tree);
  if (keep_form) prepared.form = std::move(form.body);
  return prepared;
}

bool shows_resource(const Exchange& exchange) {
  return exchange.prefer.answer == Return::representation || (exchange.prefer.answer == Return::unset && !exchange.in_bundle);
}

std::string version_path(const model::Schema& schema, const store::Version& version) {
  std::string path(schema.type_name(version.type));
  path += '/';
  path += version.id;
  path += "/_history/";
  path += std::to_string(version.version);
  return path;
}

std::string location(const Context& context, const Exchange& exchange, const store::Version& version) {
  return base_url(context, exchange) + "/" + version_path(context.schema, version);
}

Response written(const Context& context, const Exchange& exchange, int status, const store::Version& version,
                 const Prepared& prepared) {
  Response response;
  response.status = status;
  response.headers.reserve(5);
  if (status == 201) {
    response.headers.emplace_back("Location", location(context, exchange, version));
  } else if (exchange.target.shape == Shape::type) {  // a condition chose the resource: RFC 9110 8.7 has a header to say which
    response.headers.emplace_back("Content-Location", location(context, exchange, version));
  }
  add_version(response, version);
  if (exchange.prefer.answer == Return::outcome) {
    auto issues = prepared.warnings;
    if (issues.empty()) {
      issues.add({model::Severity::information,
                  IssueCode::informational,
                  (status == 201 ? "Created " : "Updated ") + version_path(context.schema, version),
                  {}});
    }
    response.body = std::make_shared<const std::string>(outcome_text(issues));
  } else if (prepared.draft.blob) {  // large content goes back only where that is asked for
    if (exchange.prefer.answer == Return::representation) {
      if (exchange.once) {  // an answer that is kept is no stream: the resource without its data, marked so
        response.body = std::make_shared<const std::string>(prepared.rendered(version));
        response.shown = version.document;
      } else {
        set_large_resource(context, exchange, std::make_shared<const std::string>(prepared.rendered(version)), {},
                           prepared.draft.blob->blob, response);
      }
    }
  } else if (shows_resource(exchange)) {
    response.body = std::make_shared<const std::string>(prepared.rendered(version));
    response.shown = version.document;
  }
  return response;
}

}  // namespace rest
