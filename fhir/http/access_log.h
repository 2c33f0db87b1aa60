// AccessLog: one JSON object a line for each request. Never holds record content: no bodies, no query values, no identifiers from
// them.
//
// Thread-safe. Lines are buffered and flushed every second.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "resources-gen/model/result.h"

namespace http {

struct AccessRecord {
  std::string_view client;  // address of the peer
  std::string_view method;
  std::string_view target;  // its path is logged, and the names of its parameters, never their values
  std::string_view interaction;
  std::string_view request_id;      // X-Request-Id as answered
  std::string_view correlation_id;  // X-Correlation-Id, if there was one
  int status = 0;
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  std::int64_t microseconds = 0;
};

class AccessLog {
 public:
  // `file`: a path, "-" for standard error. Fails if it cannot be opened.
  static model::Result<std::unique_ptr<AccessLog>> open(const std::string& file);
  virtual ~AccessLog() = default;
  virtual void write(const AccessRecord& record) = 0;
  virtual void flush() = 0;  // to the file: called once a second
};

}  // namespace http
