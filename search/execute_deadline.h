// Deadline: how long one query may take. A query that passes it is given up with QueryTimeout, which becomes a failure where
// queries are run.
#pragma once

#include <atomic>
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
  // `given_up`: may be null; outlives this.
  explicit Deadline(Clock::duration time, const std::atomic<bool>* given_up = nullptr)
      : at_(Clock::now() + time), given_up_(given_up) {}
  // Throws QueryTimeout once the time is up, or nobody wants the answer any more. Costs about 25 ns: call it every few hundred
  // steps.
  void check() const {
    if (Clock::now() >= at_ || (given_up_ && given_up_->load(std::memory_order_relaxed))) throw QueryTimeout();
  }

 private:
  Clock::time_point at_;
  const std::atomic<bool>* given_up_;
};

}  // namespace search
