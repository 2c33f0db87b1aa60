// PatchBody: from what a PATCH carries to a patch, and from a patch to the resource that it makes.
//
// R4 http.html#patch: the Content-Type says which kind of patch it is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fhir/rest/exchange.h"
#include "resources-gen/formats/json.h"
#include "resources-gen/patch/patch.h"

namespace rest {

// "application/json-patch+json", "application/fhir+json" ...
std::vector<std::string> accepted_patch_types();
// The same as the value of Accept-Patch, RFC 5789 3.1.
std::string accepted_patches();
// A 415, with Accept-Patch.
Response refused_patch_type(const model::Failure& failure);

// Fails with 415 (of unsupported_media) for a body of another type, 400 for one that is no patch.
model::Result<patch::PatchPtr> read_patch(const Context& context, std::string_view content_type, std::string_view body);

// The same of the resource of a Bundle's entry: a Binary that holds a patch and says its type, or a Parameters.
// R4 http.html#patch: how a JSON or XML Patch is put into a Bundle.
struct PatchDocument {
  std::string content_type;
  std::string body;
};
model::Result<PatchDocument> patch_document(model::NodeRef resource);

// Applies the patch to a resource as it is sent. 422 where it does not fit, or where what comes of it is no valid resource, or
// another one: R4 http.html#patch, fhirpatch.html.
model::Result<formats::ReadResult> apply_patch(const Context& context, const patch::Patch& patch, std::string_view resource);

}  // namespace rest
