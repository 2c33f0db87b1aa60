// CommitBell: tells any number of waiting feeds that something was committed, from a thread of its own: the writer does no more
// than ring it.
//
// Feeds are told in portions, with a pause between, so that beside thousands of them other requests wait for one portion only.
// What is committed meanwhile is told in the next round.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "store/observers.h"
#include "store/store.h"

namespace rest {

class CommitBell {
 public:
  static constexpr std::size_t portion = 32;  // feeds told at once
  static constexpr auto pause = std::chrono::milliseconds(2);

  explicit CommitBell(store::Store& store) : store_(store) {}  // which outlives it
  ~CommitBell();

  // `wake` is called after every commit, or once after several, until its token ends (store/observers.h). It must not block.
  std::shared_ptr<void> add(std::function<void()> wake);

 private:
  void run();
  store::Observers* at(std::size_t number);  // null: beyond the last

  store::Store& store_;
  std::mutex mutex_;
  std::deque<store::Observers> portions_;  // none is ever taken out
  std::condition_variable rung_;
  bool ringing_ = false;
  bool stopping_ = false;
  std::once_flag begun_;  // by the first add()
  std::shared_ptr<void> observing_;
  std::thread thread_;
};

}  // namespace rest
