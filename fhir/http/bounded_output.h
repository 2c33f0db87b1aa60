// BoundedOutput: where content unfolds to. Grows as it fills, and never beyond its limit. One thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "resources-gen/model/result.h"

namespace http {

class BoundedOutput {
 public:
  // `expected`: the first guess at the size.
  BoundedOutput(std::size_t expected, std::uint64_t limit) : limit_(limit) {
    out_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(limit + 1, std::max<std::size_t>(expected, 4096))));
  }
  // Makes room to write to; false if there is none left. There is room for one byte more than the limit: if that is written, the
  // content was too large, and content that is just as large as the limit gets to say that it ends.
  bool make_room() {
    if (used_ > limit_) return false;
    if (used_ == out_.size()) out_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(limit_ + 1, out_.size() * 2)));
    return true;
  }
  char* room() { return out_.data() + used_; }
  std::size_t room_bytes() const { return out_.size() - used_; }
  void wrote(std::size_t bytes) { used_ += bytes; }
  bool over() const { return used_ > limit_; }
  std::string take() {
    out_.resize(used_);
    return std::move(out_);
  }
  model::Failure too_large() const {
    return model::failure(model::FailureKind::too_large, model::IssueCode::too_long,
                          "The decompressed body is larger than " + std::to_string(limit_) + " bytes");
  }

 private:
  std::string out_;
  std::size_t used_ = 0;
  std::uint64_t limit_;
};

inline model::Failure damaged(std::string_view coding) {
  return model::failure(model::FailureKind::bad_request, model::IssueCode::invalid,
                        "The body is damaged or cut short: it is not what Content-Encoding '" + std::string(coding) + "' says");
}

}  // namespace http
