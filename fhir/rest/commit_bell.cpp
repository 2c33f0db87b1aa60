#include "fhir/rest/commit_bell.h"

#include <utility>

namespace rest {

CommitBell::~CommitBell() {
  observing_.reset();  // not under the mutex, which the observer takes
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  rung_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::shared_ptr<void> CommitBell::add(std::function<void()> wake) {
  auto token = waiting_.add(std::move(wake));
  std::call_once(begun_, [this] {  // not under the mutex, which the observer takes
    thread_ = std::thread([this] { run(); });
    observing_ = store_.observe([this] {
      {
        const std::lock_guard lock(mutex_);
        ringing_ = true;
      }
      rung_.notify_one();
    });
  });
  return token;
}

void CommitBell::run() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      rung_.wait(lock, [this] { return ringing_ || stopping_; });
      if (stopping_) return;
      ringing_ = false;
    }
    waiting_.notify();
  }
}

}  // namespace rest
