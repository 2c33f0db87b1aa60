// AsyncJobs: long reads that are carried out aside, for clients that would rather ask again than wait.
//
// R5 async-bundle.html, as R4's async.html has it for bulk data: `Prefer: respond-async` is answered 202 with the address of the
// job's status. Jobs and results are in memory: a restart forgets them. All functions may be called from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "fhir/rest/exchange.h"

namespace rest {

class AsyncJobs {
 public:
  using Clock = std::chrono::steady_clock;

  // What a client that asks for its job is told.
  struct Status {
    enum class State : std::uint8_t { queued, running, done };
    State state = State::queued;
    std::size_t before = 0;                     // of state queued: jobs that come first
    Clock::duration age{};                      // since it was asked for, and, of state done, until it is forgotten
    std::shared_ptr<const std::string> result;  // of state done: a Bundle of type batch-response, in JSON
    MediaType answer_as = MediaType::fhir_json;
    bool pretty = false;
  };

  explicit AsyncJobs(const Context& context) : context_(context) {}
  ~AsyncJobs();  // gives up what runs, and what waits

  // Takes a request of a route that reads; its id, which nobody can guess. Fails with 429 where its client, or all together, have
  // as many waiting as the options allow.
  model::Result<std::string> start(std::shared_ptr<Exchange> asked);
  std::optional<Status> find(const std::string& id);
  bool remove(const std::string& id);  // also while it runs; false if there is no such job
  // After an erasure: what was read before must not be shown any more. Jobs that have not begun stay.
  void forget_results();

 private:
  struct Job {
    std::shared_ptr<Exchange> asked;  // until it is done
    std::string client;
    std::shared_ptr<std::atomic<bool>> given_up = std::make_shared<std::atomic<bool>>(false);
    Status::State state = Status::State::queued;
    Clock::time_point asked_at, done_at;
    std::shared_ptr<const std::string> result;
    MediaType answer_as = MediaType::fhir_json;
    bool pretty = false;
  };
  using JobPtr = std::shared_ptr<Job>;

  void work();
  std::string carry_out(Job& job) const;
  void forget_old();  // with mutex_ held
  void make_room();   // the same
  void erase(std::map<std::string, JobPtr>::iterator job);

  const Context& context_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::map<std::string, JobPtr> jobs_;
  std::deque<JobPtr> queue_;
  std::deque<std::string> done_;  // ids in the order in which they were done; some may be gone
  std::uint64_t result_bytes_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;  // started when the first job comes
};

// True if `Prefer: respond-async` is honoured for this exchange: a read that may take long, whose body is no larger than 64 kB.
bool is_asynchronous(const Context& context, const Exchange& exchange);
// Takes it up and answers 202, or 429.
Response accept_asynchronous(const Context& context, const Exchange& exchange);

}  // namespace rest
