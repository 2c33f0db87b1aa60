// Admission: how many connections are open, together and of each client. Thread-safe.
//
// One client has at most seven eighths of them, so that others still come in.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

namespace http {

class Admission {
 public:
  explicit Admission(std::uint32_t most) : most_(most) {}
  // False: there is no room for one more. `client` empty: of nobody in particular.
  bool enter(const std::string& client);
  void leave(const std::string& client);  // once for each that entered
  std::uint32_t count() const;

 private:
  const std::uint32_t most_;
  mutable std::mutex mutex_;
  std::uint32_t count_ = 0;
  std::unordered_map<std::string, std::uint32_t> clients_;  // those that have some
};

}  // namespace http
