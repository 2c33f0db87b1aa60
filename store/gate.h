// Gate: many short holders, and now and then one caller that needs all of them gone.
//
// Entering costs two atomic operations. Unlike a shared mutex it lets nobody starve: while closing, newcomers wait. One that may be waited for itself
// (its thread already holds an entry) is let through after `patience`, so that nesting cannot deadlock. Any thread; an entry may end on another one.
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
  enum class State : std::uint8_t { open, closing, closed };
  static constexpr std::chrono::milliseconds patience{20};

  std::atomic<std::uint32_t> inside_{0};
  std::atomic<State> state_{State::open};
  std::mutex mutex_;
  std::condition_variable changed_;
};

}  // namespace store
