// Findings: what a reader has to say of a text. So many errors and so many warnings are listed; those beyond are counted, so that
// neither hides the other. Nor are more listed than 16 MB tell of.
//
// Internal to formats.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "resources-gen/formats/json_tape.h"
#include "resources-gen/model/issues.h"

namespace formats {

struct Finding {
  std::uint32_t offset;  // in the text
  model::Issue issue;
};

class Findings {
 public:
  explicit Findings(std::size_t most) : most_(most) {}

  // Whether one more is listed; if not it has been counted.
  bool takes(model::Severity severity) {
    auto& kind = kind_of(severity);
    if (kind.listed < most_ && bytes_ < most_bytes) return true;
    ++kind.beyond;
    return false;
  }
  // One that takes() has let in.
  void add(std::uint32_t offset, model::Issue issue) {
    count(issue);
    list_.push_back({offset, std::move(issue)});
  }
  const std::vector<Finding>& list() const { return list_; }
  void sort();  // by offset
  // Takes over those of another reader of the same text. `place` makes their offsets those of this one's text, and answers false
  // to drop one. After it all stand by offset.
  void merge(Findings other, const std::function<bool(Finding&)>& place);
  std::size_t unlisted_errors() const { return kinds_[0].beyond; }
  // Lists them, each with its place, and behind them how many are not listed. Empties this.
  void move_to(model::Issues& issues, const std::vector<Place>& places);

 private:
  struct Kind {
    std::size_t listed = 0, beyond = 0;
  };
  void count(const model::Issue& issue) {
    ++kind_of(issue.severity).listed;
    bytes_ += issue.diagnostics.size() + issue.expression.size();
  }
  Kind& kind_of(model::Severity severity) { return kinds_[severity <= model::Severity::error ? 0 : 1]; }

  static constexpr std::size_t most_bytes = 16u << 20;

  std::size_t most_;
  std::size_t bytes_ = 0;
  std::vector<Finding> list_;
  std::array<Kind, 2> kinds_;  // errors, and the rest
};

}  // namespace formats
