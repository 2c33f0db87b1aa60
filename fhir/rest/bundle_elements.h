// The elements of Bundle that batch and transaction read, looked up once.
#pragma once

#include "resources-gen/model/schema.h"

namespace rest {

struct BundleElements {
  explicit BundleElements(const model::Schema& schema);

  model::TypeId bundle;
  model::ElementId type, entry;
  model::ElementId full_url, resource, request;                                             // of Bundle.entry
  model::ElementId method, url, if_none_match, if_modified_since, if_match, if_none_exist;  // of Bundle.entry.request
  model::ElementId reference;                                                               // Reference.reference
};

}  // namespace rest
