#include "fhir/rest/bundle_elements.h"

namespace rest {

BundleElements::BundleElements(const model::Schema& schema) {
  bundle = schema.type("Bundle");
  const auto root = schema.types[bundle].root;
  type = schema.child_by_name(root, "type");
  entry = schema.child_by_name(root, "entry");
  full_url = schema.child_by_name(entry, "fullUrl");
  resource = schema.child_by_name(entry, "resource");
  request = schema.child_by_name(entry, "request");
  method = schema.child_by_name(request, "method");
  url = schema.child_by_name(request, "url");
  if_none_match = schema.child_by_name(request, "ifNoneMatch");
  if_modified_since = schema.child_by_name(request, "ifModifiedSince");
  if_match = schema.child_by_name(request, "ifMatch");
  if_none_exist = schema.child_by_name(request, "ifNoneExist");
  reference = schema.child_by_name(schema.types[schema.type("Reference")].root, "reference");
}

}  // namespace rest
