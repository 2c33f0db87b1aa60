// Gate: many short holders, and now and then one caller that needs all of them gone.
//
// Entering costs two atomic operations. Unlike a shared mutex it lets nobody starve: while closing, newcomers wait. Threads that
// are inside already may enter again, so nesting does not deadlock. An entry may end on another thread than it began on; should
// that hide a nesting, `patience` ends the wait.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>

namespace store {

class Gate {
 public:
  void enter();
  void leave();
  // Runs `fn` while nobody is inside. One caller at a time; not from inside.
  void close_while(const std::function<void()>& fn);

 private:
  void step_out();

  enum class State : std::uint8_t { open, closing, closed };
  static constexpr std::chrono::milliseconds patience{100};

  std::atomic<std::uint32_t> inside_{0};
  std::atomic<State> state_{State::open};
  std::mutex mutex_;
  std::condition_variable changed_;
};

}  // namespace store
