// Patch: a change of one resource, as a client sent it: read once, applied to whatever version is current.
//
// R4 http.html#patch: JSON Patch (RFC 6902) on the resource's JSON, XML Patch (RFC 5261) on its XML, FHIRPath Patch (R4
// fhirpatch.html). What a patch does not touch keeps its bytes: numbers as written, order, escapes. Immutable: any thread may
// apply one. Bounded in time and memory, whatever the patch.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "resources-gen/model/result.h"
#include "resources-gen/model/tree.h"

namespace patch {

class Patch {
 public:
  virtual ~Patch() = default;
  // The patched resource in minified JSON, not yet checked: it may be no valid resource, or another one. Fails with
  // `unprocessable` (RFC 5789 2.2; R4 has 422 for a JSON Patch test that fails) where the patch does not fit the resource: the
  // first operation that cannot be done is named, and nothing is changed.
  virtual model::Result<std::string> apply(const model::Tree& resource) const = 0;
};
using PatchPtr = std::shared_ptr<const Patch>;

// Each fails with `bad_request`, every fault of the document named, on what is no patch (RFC 5789 2.2).
model::Result<PatchPtr> parse_json_patch(std::string_view text);
model::Result<PatchPtr> parse_xml_patch(std::string_view text);
// `parameters` was read without errors and is a Parameters resource.
model::Result<PatchPtr> parse_fhirpath_patch(const model::Tree& parameters);

}  // namespace patch
