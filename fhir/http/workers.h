// Workers: a fixed pool of threads for work that may block. Owned by the server; post() from any thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace http {

class Workers {
 public:
  Workers(unsigned threads, std::size_t queue_limit);
  ~Workers() { stop(); }
  void stop();  // runs what is queued, then joins; later posts are refused
  // False if the queue is full: answer 503.
  bool post(std::function<void()> work);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> queue_;
  std::size_t limit_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace http
