// Who waits for whom when there is more to do than workers.

#include "fhir/http/workers.h"

#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace {

// Work that begins when a worker has it, and ends when it is let go.
class Tasks {
 public:
  std::function<void()> task(char name) {
    return [this, name] {
      std::unique_lock lock(mutex_);
      begun_ += name;
      changed_.notify_all();
      changed_.wait(lock, [&] { return allowed_ > 0; });
      --allowed_;
      ++ended_;
      changed_.notify_all();
    };
  }
  // Lets so many end.
  void let(std::size_t count) {
    const std::lock_guard lock(mutex_);
    allowed_ += count;
    changed_.notify_all();
  }
  // What has begun, once that is `count`.
  std::string begun(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(10), [&] { return begun_.size() >= count; });
    return begun_;
  }
  // How many have ended, once that is `count`.
  std::size_t ended(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(10), [&] { return ended_ >= count; });
    return ended_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string begun_;
  std::size_t allowed_ = 0, ended_ = 0;
};

}  // namespace

TEST_CASE("one worker is left for others than who asks for much", "[workers]") {
  Tasks tasks;
  http::Workers workers(4, 1000);
  for (int i = 0; i < 20; ++i) REQUIRE(workers.post(tasks.task('a'), "a"));
  CHECK(tasks.begun(3) == "aaa");
  REQUIRE(workers.post(tasks.task('b'), "b"));
  CHECK(tasks.begun(4) == "aaab");
  REQUIRE(workers.post(tasks.task('c'), "c"));
  tasks.let(1);  // whichever ends: a has had its turns
  const auto next = tasks.begun(5);
  CHECK(next.size() == 5);
  CHECK((next.back() == 'c' || next.back() == 'a'));
  tasks.let(100);
  CHECK(tasks.ended(22) == 22);
  workers.stop();
  CHECK_FALSE(workers.post(tasks.task('d'), "d"));
}

TEST_CASE("clients take turns, however much each has asked for before", "[workers]") {
  Tasks tasks;
  http::Workers workers(1, 1000);
  REQUIRE(workers.post(tasks.task('-')));
  REQUIRE(tasks.begun(1) == "-");
  for (int i = 0; i < 5; ++i) REQUIRE(workers.post(tasks.task('a'), "a"));
  for (int i = 0; i < 3; ++i) REQUIRE(workers.post(tasks.task('b'), "b"));
  REQUIRE(workers.post(tasks.task('c'), "c"));
  tasks.let(10);
  CHECK(tasks.begun(10) == "-abcababaa");
}

TEST_CASE("work of nobody in particular has all workers, and the queue its limit", "[workers]") {
  Tasks tasks;
  http::Workers workers(3, 4);
  for (int i = 0; i < 3; ++i) REQUIRE(workers.post(tasks.task('-')));
  CHECK(tasks.begun(3) == "---");
  for (int i = 0; i < 2; ++i) REQUIRE(workers.post(tasks.task('a'), "a"));
  for (int i = 0; i < 2; ++i) REQUIRE(workers.post(tasks.task('-')));
  CHECK_FALSE(workers.post(tasks.task('b'), "b"));
  tasks.let(100);
  CHECK(tasks.ended(7) == 7);
}

TEST_CASE("many clients, each once", "[workers]") {
  Tasks tasks;
  tasks.let(2000);
  http::Workers workers(2, 5000);
  for (int i = 0; i < 2000; ++i) REQUIRE(workers.post(tasks.task('x'), std::to_string(i)));
  CHECK(tasks.ended(2000) == 2000);
}

TEST_CASE("a stop waits for what has begun, and gives back the rest", "[workers]") {
  Tasks tasks;
  http::Workers workers(2, 100);
  for (int i = 0; i < 8; ++i) REQUIRE(workers.post(tasks.task('a'), i % 2 == 0 ? "a" : "b"));
  REQUIRE(tasks.begun(2).size() == 2);
  std::vector<std::function<void()>> left;
  std::thread stopping([&] { left = workers.stop(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  CHECK(tasks.ended(0) == 0);
  tasks.let(8);
  stopping.join();
  CHECK(tasks.ended(0) == 2);
  CHECK(left.size() == 6);
  CHECK_FALSE(workers.post(tasks.task('b'), "b"));
}
