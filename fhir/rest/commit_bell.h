// CommitBell: tells any number of waiting feeds that something was committed, from a thread of its own: the writer does no more
// than ring it.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "store/observers.h"
#include "store/store.h"

namespace rest {

class CommitBell {
 public:
  explicit CommitBell(store::Store& store) : store_(store) {}  // which outlives it
  ~CommitBell();

  // `wake` is called after every commit, several at once perhaps, until its token ends (store/observers.h). It must not block.
  std::shared_ptr<void> add(std::function<void()> wake);

 private:
  void run();

  store::Store& store_;
  store::Observers waiting_;
  std::mutex mutex_;
  std::condition_variable rung_;
  bool ringing_ = false;
  bool stopping_ = false;
  std::once_flag begun_;  // by the first add()
  std::shared_ptr<void> observing_;
  std::thread thread_;
};

}  // namespace rest
