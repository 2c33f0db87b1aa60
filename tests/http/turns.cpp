// Clients that would have every worker: by requests, by sources, by uploads.
#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "tests/http/support.h"

using namespace http_test;

namespace {

// Where threads wait until it is opened.
class Gate {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    ++came_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  bool wait_came(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return came_ >= count; });
  }
  int came() {
    const std::lock_guard lock(mutex_);
    return came_;
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int came_ = 0;
  bool open_ = false;
};

// "/wait", "/source" and uploads ("PUT") wait at the gate, each in its own way; all else is answered at once.
class Waiting final : public rest::Endpoint {
 public:
  Gate gate;

  void handle(rest::Request request, std::function<void(rest::Response)> done) override {
    if (request.target == "/wait") gate.pass();
    rest::Response response;
    response.interaction = "test";
    response.headers.emplace_back("Content-Type", "text/plain");
    if (request.target == "/source") {
      response.source = std::make_shared<Source>(gate);
    } else {
      response.body = std::make_shared<const std::string>("plain");
    }
    done(std::move(response));
  }
  std::optional<rest::Response> try_quick(const rest::Request&) const override { return std::nullopt; }
  const rest::ServiceOptions& options() const override { return options_; }
  std::shared_ptr<rest::BodySink> begin_body(const rest::Request& head) override {
    return head.method == "PUT" ? std::make_shared<Sink>(gate) : nullptr;
  }

 private:
  struct Source final : rest::BodySource {
    explicit Source(Gate& g) : gate(g) {}
    Next next(std::string& out) override {
      gate.pass();
      out = "made";
      return Next::end;
    }
    Gate& gate;
  };
  struct Sink final : rest::BodySink {
    explicit Sink(Gate& g) : gate(g) {}
    void take(std::string_view, std::function<void(model::Result<void>)> done) override {
      gate.pass();
      done({});
    }
    std::uint64_t limit() const override { return 1u << 20; }
    Gate& gate;
  };
  rest::ServiceOptions options_;
};

http::ServerOptions four_workers() {
  http::ServerOptions options;
  options.workers = 4;
  return options;
}

// Ten of one client wait at the gate or for a worker; another client is answered meanwhile, and they when the gate opens.
void check_turns(const std::string& request) {
  Waiting endpoint;
  Serving serving(endpoint, four_workers());
  const std::shared_ptr<void> opening(nullptr, [&](void*) { endpoint.gate.open(); });  // also where a check ends the case
  std::vector<std::unique_ptr<Raw>> crowd;
  for (int i = 0; i < 10; ++i) {
    crowd.push_back(std::make_unique<Raw>(serving.port()));
    REQUIRE(crowd.back()->send(request));
  }
  REQUIRE(endpoint.gate.wait_came(3));
  Raw other(serving.port(), "127.0.0.2");
  for (int i = 0; i < 5; ++i) {
    REQUIRE(other.send(get("/plain")));
    CHECK(other.read().status == 200);
  }
  CHECK(endpoint.gate.came() == 3);
  endpoint.gate.open();
  for (auto& one : crowd) CHECK(one->read().status == 200);
}

}  // namespace

TEST_CASE("turns: one client's requests leave a worker to others") { check_turns(get("/wait")); }

TEST_CASE("turns: one client's sources leave a worker to others") { check_turns(get("/source")); }

TEST_CASE("turns: one client's uploads leave a worker to others") {
  check_turns("PUT /upload HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody");
}
