// Follower: a reader of the change feed as server-sent events, over a socket of its own, that goes on at its place wherever the
// server is after a kill.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/events.h"

namespace kill_test {

class Follower {
 public:
  // `url` says where the server is now. Follows at once, on a thread of its own.
  explicit Follower(std::function<std::string()> url);
  ~Follower();
  // Follows until it is at `commit`, then stops. What it saw, in order.
  std::vector<tests::Event> finish(std::uint64_t commit);
  int connections() const { return connections_; }

 private:
  void run();
  void read_stream(const std::string& url);
  bool done() const { return stopping_ && (place_.empty() ? 0 : std::stoull(place_)) >= last_; }

  const std::function<std::string()> url_;
  std::vector<tests::Event> events_;
  std::string place_;
  std::atomic<int> connections_{0};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> leaving_{false};
  std::atomic<std::uint64_t> last_{0};
  std::thread thread_;
};

}  // namespace kill_test
