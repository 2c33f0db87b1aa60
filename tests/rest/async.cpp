// Jobs of asynchronous requests: how many, how long, how large, and what becomes of those that nobody wants any more.

#include <catch2/catch.hpp>

#include <set>
#include <thread>

#include "fhir/rest/async.h"
#include "fhir/rest/bundle_elements.h"
#include "fhir/rest/commit_bell.h"
#include "fhir/rest/failures.h"
#include "fhir/rest/routes.h"
#include "resources-gen/model/schema.h"
#include "tests/rest/fixture.h"

namespace {

using namespace rest;
using State = AsyncJobs::Status::State;

// What holds a job until the test lets it go.
struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  int entered = 0, allowed = 0;

  void pass() {
    std::unique_lock lock(mutex);
    const int mine = ++entered;
    changed.notify_all();
    changed.wait(lock, [&] { return allowed >= mine; });
  }
  void wait_for(int jobs) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return entered >= jobs; });
  }
  void allow(int jobs) {
    const std::lock_guard lock(mutex);
    allowed += jobs;
    changed.notify_all();
  }
};
Gate* gate = nullptr;

void held(const Context&, ExchangePtr asked, Done done) {
  gate->pass();
  done(json_response(200, R"({"resourceType":"Patient","id":")" + asked->target.id + "\"}"));
}
void until_given_up(const Context&, ExchangePtr asked, Done done) {
  gate->pass();
  while (!asked->given_up->load()) std::this_thread::yield();
  done(json_response(200, R"({"resourceType":"Patient"})"));
}
void quick(const Context&, ExchangePtr asked, Done done) {
  done(json_response(200, R"({"resourceType":"Patient","id":")" + asked->target.id + "\"}"));
}
void thrown(const Context&, ExchangePtr, Done) { throw std::runtime_error("unexpected"); }

constexpr Route held_route{"GET", Shape::type, "test", held}, quick_route{"GET", Shape::type, "test", quick},
    thrown_route{"GET", Shape::type, "test", thrown}, endless_route{"GET", Shape::type, "test", until_given_up};

struct World {
  explicit World(Gate& own, ServiceOptions given = {}) : options(given) { gate = &own; }

  model::Result<std::string> start(const Route& route, std::string client = "a", std::string id = "1") {
    auto asked = std::make_shared<Exchange>();
    asked->route = &route;
    asked->request.client = std::move(client);
    asked->target.id = std::move(id);
    return jobs.start(std::move(asked));
  }
  AsyncJobs::Status await(const std::string& id) {
    for (;;) {
      const auto status = jobs.find(id);
      REQUIRE(status);
      if (status->state == State::done) return *status;
      std::this_thread::yield();
    }
  }

  tests::Fixture fixture;
  ServiceOptions options;
  IdSource ids;
  BundleElements bundle{model::r4()};
  CommitBell bell{*fixture.store};
  Context context{model::r4(), *fixture.store, *fixture.search, options, ids, bundle, bell, jobs, {}};
  AsyncJobs jobs{context};
};

TEST_CASE("jobs wait in a row, and say how many come first", "[async]") {
  Gate own;
  World world(own);
  const auto first = world.start(held_route);
  own.wait_for(1);
  const auto second = world.start(held_route), third = world.start(held_route);
  REQUIRE((first.has_value() && second.has_value() && third.has_value()));
  CHECK(world.jobs.find(*first)->state == State::running);
  CHECK(world.jobs.find(*second)->state == State::queued);
  CHECK(world.jobs.find(*second)->before == 0);
  CHECK(world.jobs.find(*third)->before == 1);
  own.allow(3);
  CHECK(world.await(*third).result->find(R"("resource":{"resourceType":"Patient","id":"1"})") != std::string::npos);
  CHECK(world.jobs.find(*first)->state == State::done);
}

TEST_CASE("a client may have only so many under way, and others are not held up by that", "[async]") {
  ServiceOptions options;
  options.async_jobs_per_client = 2;
  options.async_jobs = 3;
  Gate own;
  World world(own, options);
  const auto first = world.start(held_route, "a"), second = world.start(held_route, "a");
  const auto third = world.start(held_route, "a");
  REQUIRE(third.has_error());
  CHECK(third.error().kind == model::FailureKind::too_many);
  CHECK(world.start(held_route, "b").has_value());
  CHECK(world.start(held_route, "c").has_error());  // three in all
  CHECK(world.jobs.remove(*second));
  CHECK(world.start(held_route, "a").has_value());
  own.allow(10);
}

TEST_CASE("a job that is deleted while it runs is told, and leaves nothing", "[async]") {
  Gate own;
  World world(own);
  const auto id = world.start(endless_route);
  own.allow(1);
  own.wait_for(1);
  CHECK(world.jobs.remove(*id));
  CHECK_FALSE(world.jobs.find(*id));
  CHECK_FALSE(world.jobs.remove(*id));
  world.await(*world.start(quick_route));  // the thread is free again
  CHECK_FALSE(world.jobs.find(*id));
}

TEST_CASE("after an erasure nothing that was read before it is shown", "[async]") {
  Gate own;
  World world(own);
  const auto read = world.start(quick_route);
  world.await(*read);
  const auto reading = world.start(held_route);
  own.wait_for(1);
  const auto waiting = world.start(quick_route);
  world.jobs.forget_results();
  CHECK_FALSE(world.jobs.find(*read));
  CHECK_FALSE(world.jobs.find(*reading));
  own.allow(1);
  CHECK(world.await(*waiting).result->find("Patient") != std::string::npos);
  CHECK_FALSE(world.jobs.find(*reading));
}

TEST_CASE("results are forgotten after a time", "[async]") {
  ServiceOptions options;
  options.async_keep = std::chrono::seconds(0);
  Gate own;
  World world(own, options);
  const auto id = world.start(quick_route);
  while (world.jobs.find(*id)) std::this_thread::yield();
  CHECK_FALSE(world.jobs.remove(*id));
}

TEST_CASE("the oldest results go where there are too many, or they are too large together", "[async]") {
  ServiceOptions options;
  const bool by_size = GENERATE(false, true);
  if (by_size) options.async_result_bytes = 600;
  if (!by_size) options.async_jobs = 3;
  Gate own;
  World world(own, options);
  std::vector<std::string> ids;
  for (int i = 0; i < 10; ++i) {
    ids.push_back(*world.start(quick_route));
    world.await(ids.back());
  }
  std::size_t kept = 0, bytes = 0;
  for (const auto& id : ids) {
    const auto status = world.jobs.find(id);
    kept += status.has_value();
    if (status) bytes += status->result->size();
  }
  CHECK(kept >= 1);
  CHECK(kept <= (by_size ? 5 : 3));
  CHECK(bytes <= options.async_result_bytes);
  CHECK(world.jobs.find(ids.back()));
  CHECK_FALSE(world.jobs.find(ids.front()));
}

TEST_CASE("a handler that fails unexpectedly is a result, too", "[async]") {
  Gate own;
  World world(own);
  const auto status = world.await(*world.start(thrown_route));
  CHECK(status.result->find(R"("status":"500 Internal Server Error")") != std::string::npos);
}

TEST_CASE("an end with jobs under way and waiting is no long one", "[async]") {
  Gate own;
  {
    World world(own);
    REQUIRE(world.start(endless_route).has_value());
    REQUIRE(world.start(held_route).has_value());
    own.allow(1);
    own.wait_for(1);
  }  // the first is told to give up, the second never begins
  CHECK(own.entered == 1);
}

TEST_CASE("ids of jobs are long, and none comes twice", "[async]") {
  ServiceOptions options;
  options.async_jobs = options.async_jobs_per_client = 1000;
  Gate own;
  World world(own, options);
  std::set<std::string> ids;
  for (int i = 0; i < 500; ++i) ids.insert(*world.start(quick_route));
  CHECK(ids.size() == 500);
  for (const auto& id : ids) CHECK(id.size() == 26);
}

}  // namespace
