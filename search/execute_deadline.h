// Deadline: how long one query may take. A query that passes it is given up with QueryTimeout, which becomes a failure where
// queries are run.
#pragma once

#include <chrono>
#include <stdexcept>

namespace search {

class QueryTimeout : public std::runtime_error {
 public:
  QueryTimeout() : std::runtime_error("the search took longer than the server allows: ask for less at once") {}
};

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;
  explicit Deadline(Clock::duration time) : at_(Clock::now() + time) {}
  // Throws QueryTimeout once the time is up. Costs about 25 ns: call it every few hundred steps.
  void check() const {
    if (Clock::now() >= at_) throw QueryTimeout();
  }

 private:
  Clock::time_point at_;
};

}  // namespace search
