// SourcePump: a rest::BodySource asked on workers, one call at a time, its answers handed to the loop that sends them.
//
// Belongs to the loop's thread. What is passed in holds whoever waits for it; let_go() drops it.
#pragma once

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>

#include "fhir/http/loop.h"

namespace http {

class SourcePump : public std::enable_shared_from_this<SourcePump> {
 public:
  using Next = rest::BodySource::Next;
  using Got = std::function<void(Next, std::string piece)>;

  // `client`: whose turn among the workers it takes.
  SourcePump(std::shared_ptr<Loop> loop, std::shared_ptr<rest::BodySource> source, std::string client);

  // Has the source make its next piece, on a worker, and calls `got` on the loop. What the source throws is `broken`; with no
  // worker to be had it is `later`.
  void ask(Got got);
  // What the source keeps of memory; while nothing is asked.
  std::uint64_t held() const { return source_->held(); }
  // After `later`: calls `then` on the loop when the source has called for it, or after a second. Holds no worker meanwhile.
  void wait(std::function<void()> then);
  // Nobody waits any longer: the source goes now, or when the call under way returns.
  void let_go();

 private:
  // What the source calls, from any thread and perhaps long after the pump went.
  struct Bell {
    std::shared_ptr<Loop> loop;
    std::weak_ptr<SourcePump> pump;
    std::atomic<bool> rung{false};
  };
  void go_on();

  std::shared_ptr<Loop> loop_;
  std::shared_ptr<rest::BodySource> source_;
  const std::string client_;
  std::shared_ptr<Bell> bell_;  // null until the first ask
  boost::asio::steady_timer timer_;
  std::function<void()> then_;
};

}  // namespace http
