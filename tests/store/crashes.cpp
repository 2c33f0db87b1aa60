// Kill -9 under load, again and again on one directory: what was acknowledged is there once, and nothing is there by half.

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <random>
#include <sstream>
#include <thread>

#include "tests/store/support.h"

using namespace store;

namespace {

constexpr int writers = 16;
constexpr int acknowledgements = 3;  // the child's pipe

std::string read_all(int file) {
  std::string out;
  char buffer[4096];
  for (ssize_t size; (size = read(file, buffer, sizeof buffer)) > 0;) out.append(buffer, static_cast<std::size_t>(size));
  return out;
}

}  // namespace

// Run by the test below in a process of its own, until it is killed. Every acknowledged write is told to the pipe, in a line.
TEST_CASE("a writer that is killed", "[.child]") {
  const char* directory = std::getenv("KILN_STORE_CRASH_DIRECTORY");
  const char* round = std::getenv("KILN_STORE_CRASH_ROUND");
  if (directory == nullptr || round == nullptr) return;
  const auto store = tests::open_lmdb_store(directory);
  std::vector<std::thread> threads;
  for (int i = 0; i < writers; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0;; ++n) {
        // Two resources in one operation, and a counter that every fourth operation moves on: all or nothing.
        const std::string id = std::string(round) + "-" + std::to_string(i) + "-" + std::to_string(n);
        const auto left = tests::draft(*store, "Patient", "l" + id, id);
        const auto right =
            tests::draft(*store, "Observation", "r" + id, std::string(static_cast<std::size_t>(n * 37 % 5000), 'x'));
        const auto counter = tests::draft(*store, "Basic", "counter" + std::to_string(i), id);
        const auto written = store->write(
            [&](WriteContext& context) -> model::Result<void> {
              context.put(left);
              context.put(right);
              if (n % 4 == 0) context.put(counter);
              context.keep_reply(id, "answer " + id);
              return {};
            },
            i % 4 == 0 ? Lane::bulk : Lane::normal);
        const std::string line = id + "\n";
        if (!written || write(acknowledgements, line.data(), line.size()) < 0) std::_Exit(9);
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST_CASE("what was acknowledged survives kill -9 exactly once") {
  const char* given = std::getenv("KILN_KILL_ROUNDS");
  const int rounds = given != nullptr ? std::atoi(given) : 10;
  std::mt19937_64 random(tests::random_seed("kill -9"));
  tests::TemporaryDirectory directory;
  const std::string program = std::filesystem::read_symlink("/proc/self/exe");
  std::uint64_t acknowledged = 0;
  double slowest = 0;
  for (int round = 0; round < rounds; ++round) {
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    const pid_t child = fork();
    if (child == 0) {
      dup2(ends[1], acknowledgements);
      setenv("KILN_STORE_CRASH_DIRECTORY", directory.path().c_str(), 1);
      setenv("KILN_STORE_CRASH_ROUND", std::to_string(round).c_str(), 1);
      execl(program.c_str(), program.c_str(), "a writer that is killed", static_cast<char*>(nullptr));
      _exit(127);
    }
    close(ends[1]);
    std::string told;
    std::atomic<bool> begun = false;
    std::thread reader([&] {
      char first;
      if (read(ends[0], &first, 1) == 1) told = first;
      begun = true;
      told += read_all(ends[0]);
    });
    while (!begun) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 60000));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    reader.join();
    close(ends[0]);
    REQUIRE(WIFSIGNALED(status));

    const auto before = std::chrono::steady_clock::now();
    const auto store = tests::open_lmdb_store(directory.path());
    slowest = std::max(slowest, std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count());
    std::istringstream lines(told);
    for (std::string id; std::getline(lines, id) && !lines.eof();) {  // a line without its end was being written
      ++acknowledged;
      for (const auto& [type, name] : {std::pair("Patient", "l" + id), std::pair("Observation", "r" + id)}) {
        INFO("round " << round << ", " << type << "/" << name);
        const auto history = store->history(tests::type(type), name, 0, 10);
        REQUIRE(history.size() == 1);
        REQUIRE(store->render(history.front().document));
      }
      REQUIRE(store->find_reply(id) == "answer " + id);
    }
    // Of what was not acknowledged, all or nothing.
    Commit commit = 0;
    std::uint64_t answered = 0;
    std::vector<Version> operation;
    store->scan(1, [&](const Version& version, std::string_view, Hole) {
      if (version.commit != commit) {
        REQUIRE((commit == 0 || operation.size() >= 2));
        operation.clear();
        commit = version.commit;
      }
      operation.push_back(version);
      if (operation.size() == 2) {
        const std::string id = operation[0].id.substr(1);
        REQUIRE(id == operation[1].id.substr(1));
        REQUIRE(store->find_reply(id) == "answer " + id);
        ++answered;
      }
      return true;
    });
    REQUIRE((commit == 0 || operation.size() >= 2));
    const auto report = store->check();
    REQUIRE(report.replies == answered);  // no reply without its write
    for (const std::string& fault : report.faults) UNSCOPED_INFO(fault);
    REQUIRE(report.faults.empty());
  }
  std::printf("kill -9: %d rounds, %llu operations acknowledged, slowest start %.3f s\n", rounds,
              static_cast<unsigned long long>(acknowledged), slowest);
  CHECK(acknowledged > static_cast<std::uint64_t>(rounds));
  CHECK(slowest < 1.0);
}
