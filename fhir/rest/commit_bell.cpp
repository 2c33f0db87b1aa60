#include "fhir/rest/commit_bell.h"

#include <algorithm>
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
  std::shared_ptr<void> token;
  {
    const std::lock_guard lock(mutex_);
    auto place = std::find_if(portions_.begin(), portions_.end(), [](const auto& one) { return one.size() < portion; });
    auto& one = place == portions_.end() ? portions_.emplace_back() : *place;
    token = one.add(std::move(wake));
  }
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

store::Observers* CommitBell::at(std::size_t number) {
  const std::lock_guard lock(mutex_);
  return number < portions_.size() ? &portions_[number] : nullptr;
}

void CommitBell::run() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      rung_.wait(lock, [this] { return ringing_ || stopping_; });
      if (stopping_) return;
      ringing_ = false;
    }
    bool first = true;
    for (std::size_t i = 0; auto* some = at(i); ++i) {
      if (some->size() == 0) continue;
      if (!std::exchange(first, false)) {
        std::unique_lock lock(mutex_);
        if (rung_.wait_for(lock, pause, [this] { return stopping_; })) return;
      }
      some->notify();  // not under the mutex: who is told may be ending
    }
  }
}

}  // namespace rest
