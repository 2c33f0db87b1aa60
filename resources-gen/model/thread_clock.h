// What work costs the thread that does it, however busy the machine is and however long the disk takes.
#pragma once

#include <chrono>
#include <ctime>

namespace model {

// A clock of the calling thread's CPU time, by POSIX's clock_gettime. Its moments say nothing to other threads.
struct ThreadClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<ThreadClock>;
  static constexpr bool is_steady = true;

  static time_point now() noexcept {
    timespec spent{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
    return time_point(std::chrono::seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec));
  }
};

}  // namespace model
