// Workers: a fixed pool of threads for work that may block. Owned by the server; post() from any thread.
//
// Clients take turns, and one worker is always left for the others: whoever asks for much at once waits for itself.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace http {

class Workers {
 public:
  Workers(unsigned threads, std::size_t queue_limit);
  ~Workers() { stop(); }
  // Waits for what runs; later posts are refused. What has not begun is given back, for whoever knows on which thread it may end.
  std::vector<std::function<void()>> stop();
  // False if the queue is full: answer 503. `client` empty: of nobody in particular, which all workers may do.
  bool post(std::function<void()> work, const std::string& client = {});

 private:
  struct Client {
    std::deque<std::function<void()>> queue;
    unsigned running = 0;
    bool has_turn = false;  // is in turns_
  };
  using Entry = std::unordered_map<std::string, Client>::value_type;

  void run();
  bool give_turn(Entry& entry);

  std::mutex mutex_;
  std::condition_variable ready_;
  std::unordered_map<std::string, Client> clients_;
  std::deque<Entry*> turns_;  // of those that have work which may begin
  std::size_t queued_ = 0;
  std::size_t limit_;
  bool stopping_ = false;
  unsigned most_of_one_;
  std::vector<std::thread> threads_;
};

}  // namespace http
