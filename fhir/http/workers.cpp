#include "fhir/http/workers.h"

#include <algorithm>

namespace http {

namespace {

constexpr std::size_t clients_kept = 256;  // without work, for their next: it saves making them anew

}  // namespace

Workers::Workers(unsigned threads, std::size_t queue_limit) : limit_(queue_limit), most_of_one_(std::max(threads, 2u) - 1) {
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

std::vector<std::function<void()>> Workers::stop() {
  std::vector<std::function<void()>> left;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    for (auto& [name, client] : clients_) {
      std::move(client.queue.begin(), client.queue.end(), std::back_inserter(left));
      client.queue.clear();
      client.has_turn = false;
    }
    turns_.clear();
    queued_ = 0;
  }
  ready_.notify_all();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
  return left;
}

bool Workers::post(std::function<void()> work, const std::string& client) {
  bool turn = false;
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || queued_ >= limit_) return false;
    auto& entry = *clients_.try_emplace(client).first;
    entry.second.queue.push_back(std::move(work));
    ++queued_;
    turn = give_turn(entry);
  }
  if (turn) ready_.notify_one();  // else whoever takes the client's turn, or ends its work, sees to what is left
  return true;
}

// If it has work and may begin with it, and has none yet.
bool Workers::give_turn(Entry& entry) {
  auto& client = entry.second;
  if (client.has_turn || client.queue.empty() || (client.running >= most_of_one_ && !entry.first.empty())) return false;
  client.has_turn = true;
  turns_.push_back(&entry);
  return true;
}

void Workers::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ready_.wait(lock, [this] { return !turns_.empty() || stopping_; });
    if (turns_.empty()) return;
    auto& entry = *turns_.front();
    auto& client = entry.second;
    turns_.pop_front();
    client.has_turn = false;
    auto work = std::move(client.queue.front());
    client.queue.pop_front();
    --queued_;
    ++client.running;
    give_turn(entry);
    const bool more = !turns_.empty();
    lock.unlock();
    if (more) ready_.notify_one();
    work();
    work = nullptr;  // what it holds dies outside the lock
    lock.lock();
    --client.running;
    give_turn(entry);
    if (client.running == 0 && client.queue.empty() && clients_.size() > clients_kept) clients_.erase(entry.first);
  }
}

}  // namespace http
