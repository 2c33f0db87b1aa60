// Loop: one I/O thread's event loop and the connections that live on it. All but `context` and `post` belong to that thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <unordered_set>

#include "fhir/http/access_log.h"
#include "fhir/http/admission.h"
#include "fhir/http/cors.h"
#include "fhir/http/forwarded.h"
#include "fhir/http/handshakes.h"
#include "fhir/http/memory_budget.h"
#include "fhir/http/server.h"
#include "fhir/http/workers.h"

namespace http {

using Clock = std::chrono::steady_clock;

// What the sweep and a stop ask of a connection.
class ConnectionBase {
 public:
  virtual ~ConnectionBase() = default;
  virtual void close() = 0;   // at once
  virtual void expire() = 0;  // past its deadline: a request that came in part is answered 408, else as close()
  virtual void end() = 0;     // the server stops: closed between requests; a feed that waits for news ends; else as before
  Clock::time_point deadline = Clock::time_point::max();  // the sweep lets the connection expire past it
};

// What all connections share. Outlives them: each holds it.
struct Shared {
  explicit Shared(const ServerOptions& o)
      : options(o), held(half_of(o.body_memory)), worked_on(half_of(o.body_memory)), connections(o.max_connections) {}

  rest::Endpoint* service = nullptr;  // set before any connection is accepted
  ServerOptions options;
  std::unique_ptr<AccessLog> log;  // null: none
  TrustedProxies proxies;
  Cors cors;
  // The header lines of every answer: what it depends on, and that a cache asks whether it still holds. Begins with CR LF.
  std::string standing;
  std::unique_ptr<Workers> workers;
  MemoryBudget held;       // bodies as they came so far, or are being sent
  MemoryBudget worked_on;  // bodies that the endpoint has, and what it makes of them
  Admission connections;
  std::atomic<bool> stopping{false};

 private:
  static std::uint64_t half_of(std::uint64_t body_memory) {
    return (body_memory > 0 ? body_memory : std::max<std::uint64_t>(machine_memory() / 4, 256u << 20)) / 2;
  }
};

struct Loop {
  explicit Loop(std::shared_ptr<Shared> s) : shared(std::move(s)), sweep(context) {}

  std::shared_ptr<Shared> shared;
  boost::asio::io_context context{1};
  boost::asio::steady_timer sweep;
  std::unordered_set<ConnectionBase*> connections;
  Handshakes handshakes;

  // The Date header's value, made once a second.
  const std::string& date() {
    const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    if (now != date_time_) {
      date_time_ = now;
      std::tm parts{};
      gmtime_r(&now, &parts);
      char text[40];
      std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
      date_ = text;
    }
    return date_;
  }

  // One timer for all deadlines: a timer per operation costs more than the request.
  void start_sweep() {
    sweep.expires_after(std::chrono::seconds(1));
    sweep.async_wait([this](boost::system::error_code trouble) {
      if (trouble) return;
      const auto now = Clock::now();
      std::vector<ConnectionBase*> late;
      for (auto* connection : connections) {
        if (connection->deadline < now) late.push_back(connection);
      }
      for (auto* connection : late) connection->expire();
      if (shared->log) shared->log->flush();
      start_sweep();
    });
  }

 private:
  std::time_t date_time_ = 0;
  std::string date_;
};

}  // namespace http
