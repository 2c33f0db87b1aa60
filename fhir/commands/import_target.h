// ImportTarget: where an import's Bundles go: a data directory opened in this process, or a server over HTTP. One per importing
// thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "fhir/commands/node.h"
#include "resources-gen/model/result.h"

namespace commands {

struct ImportAnswer {
  int status = 0;
  std::string body;
};

class ImportTarget {
 public:
  virtual ~ImportTarget() = default;
  // POSTs a transaction or batch. A failure: no answer came, and what became of the Bundle is not known.
  virtual model::Result<ImportAnswer> post(const std::string& bundle) = 0;
  // For a Binary's content, piece by piece, and then the resource around it; null if it cannot be sent so.
  virtual std::shared_ptr<rest::BodySink> begin_large() { return nullptr; }
  virtual model::Result<ImportAnswer> put_large(const std::string& id, const std::string& resource,
                                                std::shared_ptr<rest::BodySink> content) = 0;
  // True if the resource is stored and was last written at or after `milliseconds`.
  virtual model::Result<bool> stored_since(const std::string& type, const std::string& id, std::int64_t milliseconds) = 0;
};

std::unique_ptr<ImportTarget> import_into(Node& node);
model::Result<std::unique_ptr<ImportTarget>> import_to(const std::string& url, const std::string& ca_file);

}  // namespace commands
