// IdSource: logical ids for resources that clients create. They grow with time, so that the store's ids space is appended to.
//
// 20 characters of 0-9a-v: 63 bits of (milliseconds since 2020, count within the millisecond), then 35 bits drawn at start, which
// keep ids of different runs apart even if the clock was set back. Within a run every id is greater than the one before.
// Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace rest {

class IdSource {
 public:
  IdSource();
  std::string next();

 private:
  std::atomic<std::uint64_t> last_{0};  // (milliseconds since 2020) << 20 | count
  std::uint64_t run_;                   // 35 random bits
};

}  // namespace rest
