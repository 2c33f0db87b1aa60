#include "fhir/rest/patch_body.h"

#include <algorithm>
#include <array>

#include "fhir/rest/failures.h"
#include "fhir/rest/header_text.h"
#include "fhir/rest/negotiate.h"
#include "fhir/rest/partial.h"
#include "resources-gen/fhirpath/encoding.h"
#include "resources-gen/formats/xml.h"

namespace rest {
namespace {

using model::failure;
using model::FailureKind;
using model::IssueCode;

model::Result<patch::PatchPtr> read_json_patch(const Context&, std::string_view body) { return patch::parse_json_patch(body); }

model::Result<patch::PatchPtr> read_xml_patch(const Context&, std::string_view body) { return patch::parse_xml_patch(body); }

// A FHIRPath Patch is a resource, in any type that a resource may have.
model::Result<patch::PatchPtr> read_parameters(const Context& context, MediaType format, std::string_view body) {
  auto read = is_xml(format) ? formats::read_xml(body, context.schema) : formats::read_json(body, context.schema);
  if (read.malformed) return model::Failure{FailureKind::bad_request, std::move(read.issues)};
  if (!read.tree.empty() && read.tree.root().type_name() != "Parameters") {
    return failure(FailureKind::bad_request, IssueCode::invalid,
                   "The body is a " + std::string(read.tree.root().type_name()) +
                       "; a FHIRPath Patch is a Parameters resource, and a JSON Patch is of type application/json-patch+json",
                   "resourceType");
  }
  if (!read.ok()) return model::Failure{FailureKind::unprocessable, std::move(read.issues)};
  return patch::parse_fhirpath_patch(read.tree);
}

struct PatchType {
  std::string_view name;
  model::Result<patch::PatchPtr> (*read)(const Context& context, std::string_view body);  // null: read_parameters
};
constexpr std::array<PatchType, 4> patch_types{{
    {"application/json-patch+json", read_json_patch},
    {"application/xml-patch+xml", read_xml_patch},
    {"application/fhir+json", nullptr},
    {"application/fhir+xml", nullptr},
}};

const PatchType* find_type(std::string_view content_type) {
  const auto name = next_part(content_type, ';');
  for (const auto& type : patch_types) {
    if (equal_ignoring_case(type.name, name)) return &type;
  }
  return nullptr;
}

}  // namespace

std::vector<std::string> accepted_patch_types() {
  std::vector<std::string> names;
  for (const auto& type : patch_types) names.emplace_back(type.name);
  return names;
}

std::string accepted_patches() {
  std::string text;
  for (const auto& type : patch_types) text.append(text.empty() ? "" : ", ").append(type.name);
  return text;
}

Response refused_patch_type(const model::Failure& refused) {
  auto response = failure_response(refused);
  response.headers.emplace_back("Accept-Patch", accepted_patches());
  return response;
}

model::Result<patch::PatchPtr> read_patch(const Context& context, std::string_view content_type, std::string_view body) {
  if (body.empty()) {
    return failure(FailureKind::bad_request, IssueCode::required,
                   "The request has no patch; in a Bundle it is a Binary with contentType and data, or a Parameters");
  }
  const auto* type = find_type(content_type);
  if (type != nullptr && type->read != nullptr) return type->read(context, body);
  const auto format = check_content_type(content_type);
  if (format) return read_parameters(context, *format, body);
  if (type != nullptr) return format.error();
  return failure(
      FailureKind::unsupported_media, IssueCode::not_supported,
      "The patch is of type '" + std::string(content_type.substr(0, 100)) + "'; this server takes " + accepted_patches());
}

model::Result<PatchDocument> patch_document(model::NodeRef resource) {
  if (resource && resource.type_name() == "Parameters")
    return PatchDocument{"application/fhir+json", std::string(resource.json())};
  if (!resource || resource.type_name() != "Binary") {
    return failure(FailureKind::bad_request, IssueCode::invalid,
                   "A patch within a Bundle is a Parameters resource, or a Binary with the patch as its data");
  }
  const auto type = resource.child("contentType");
  const auto data = resource.child("data");
  std::string text(data && data.has_value() ? data.text() : std::string_view());
  std::erase_if(text, [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; });
  auto body = fhirpath::decode(text, "base64");
  if (!type || !type.has_value() || !body || body->empty())
    return failure(FailureKind::bad_request, IssueCode::required, "A Binary that is a patch needs a contentType and data");
  return PatchDocument{std::string(type.text()), std::move(*body)};
}

model::Result<formats::ReadResult> apply_patch(const Context& context, const patch::Patch& patch, std::string_view resource) {
  const auto before = formats::read_json(resource, context.schema);
  // What is stored may be older than a rule that is asked today: a patch may mend it.
  if (before.tree.empty()) return model::Failure{FailureKind::unprocessable, before.issues};
  if (before.tree.root().type() == context.schema.type("Binary") && !before.tree.root().child("data") &&
      !check_complete(before.tree.root())) {
    return failure(FailureKind::unprocessable, IssueCode::not_supported,
                   "A Binary whose content is kept apart, as large content is, cannot be patched; PUT it anew");
  }
  const auto text = patch.apply(before.tree);
  if (!text) return text.error();
  if (text->size() > context.options.max_body_bytes) {
    return failure(FailureKind::unprocessable, IssueCode::too_long,
                   "The patched resource would have " + std::to_string(text->size()) + " bytes; at most " +
                       std::to_string(context.options.max_body_bytes) + " are taken");
  }
  auto after = formats::read_json(*text, context.schema);
  model::Failure refused{FailureKind::unprocessable, {}};
  for (const auto& issue : after.issues) {  // lines and columns would be of a text that nobody has seen
    refused.issues.add({issue.severity, issue.code, "The patched resource is not valid: " + issue.diagnostics, issue.expression});
  }
  if (!after.ok()) return refused;
  const auto old = before.tree.root(), made = after.tree.root();
  const auto id_of = [](model::NodeRef root) {
    const auto id = root.child("id");
    return id && id.has_value() ? id.text() : std::string_view();
  };
  if (made.type() != old.type())
    refused.issues.error(IssueCode::business_rule,
                         "A patch cannot make a " + std::string(made.type_name()) + " of a " + std::string(old.type_name()),
                         "resourceType");
  if (id_of(made) != id_of(old))
    refused.issues.error(IssueCode::business_rule, "A patch cannot change the id of a resource",
                         std::string(old.type_name()) + ".id");
  if (refused.issues.has_errors()) return refused;
  return after;
}

}  // namespace rest
