// Explanation: the text of `_explain`: what a run of a query did, step by step, with times.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "search/index.h"
#include "search/query.h"

namespace search {

// Writes to `out` as the run goes; does nothing at all if that is null.
class Explanation {
 public:
  Explanation(std::string* out, const Query& query, const View& view, const Position& at);
  void step(std::string_view name, std::string_view what);
  void details(const std::string& order, const std::string& segments);

 private:
  std::string* out_;
  std::chrono::steady_clock::time_point begin_, last_;
};

}  // namespace search
