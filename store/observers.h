// Observers: functions that want to be told when something was committed. Thread-safe.
//
// A function's token ends it: when the token's destructor returns, no call is under way and none will come. So a function must
// not end its own token. Tokens may outlive the list.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <mutex>

namespace store {

class Observers {
 public:
  std::shared_ptr<void> add(std::function<void()> function);
  void notify();             // calls them all, on this thread; what they throw is theirs
  std::size_t size() const;  // how many there are at the moment

 private:
  struct List {
    std::mutex mutex;
    std::list<std::function<void()>> functions;
    std::atomic<std::size_t> count{0};
  };
  const std::shared_ptr<List> list_ = std::make_shared<List>();
};

}  // namespace store
