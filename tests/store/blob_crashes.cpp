// Kill -9 in the middle of uploads: what was acknowledged is whole, and of what was not, nothing is left.

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <future>
#include <random>
#include <sstream>
#include <thread>

#include "store/blob_rows.h"
#include "tests/store/support.h"

using namespace store;

namespace {

constexpr int acknowledgements = 3;  // the child's pipe

std::string content(const std::string& id) {
  std::mt19937_64 random(std::hash<std::string>()(id));
  std::string out(1 + random() % 3'000'000, ' ');
  for (std::size_t i = 0; i < out.size(); i += 8) out[i] = static_cast<char>(random());
  return out;
}

}  // namespace

// Run by the test below in a process of its own, until it is killed.
TEST_CASE("an upload that is killed", "[.child]") {
  const char* directory = std::getenv("KILN_STORE_CRASH_DIRECTORY");
  const char* round = std::getenv("KILN_STORE_CRASH_ROUND");
  if (directory == nullptr || round == nullptr) return;
  const auto store = tests::open_lmdb_store(directory);
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0;; ++n) {
        const auto id = std::string(round) + "-" + std::to_string(i) + "-" + std::to_string(n);
        const auto whole = content(id);
        const auto upload = store->begin_blob();
        for (std::size_t from = 0; from < whole.size(); from += 200'000) {
          std::promise<bool> told;
          upload->append(std::string_view(whole).substr(from, 200'000),
                         [&](model::Result<void> r) { told.set_value(r.has_value()); });
          if (!told.get_future().get()) std::_Exit(9);
        }
        auto draft = tests::draft(*store, "Binary", id, "");
        draft.blob = upload->finish({});
        const auto line = id + "\n";
        if (!store->write(tests::put(draft)) || write(acknowledgements, line.data(), line.size()) < 0) std::_Exit(9);
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST_CASE("uploads survive kill -9 whole or not at all") {
  std::mt19937_64 random(tests::random_seed("kill -9 in uploads"));
  tests::TemporaryDirectory directory;
  const std::string program = std::filesystem::read_symlink("/proc/self/exe");
  std::size_t acknowledged = 0, broken_off = 0;
  // A kill that breaks nothing off shows nothing: some more, where none of the first did.
  for (int round = 0; round < 8 || (broken_off == 0 && round < 200); ++round) {
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    const pid_t child = fork();
    if (child == 0) {
      dup2(ends[1], acknowledgements);
      setenv("KILN_STORE_CRASH_DIRECTORY", directory.path().c_str(), 1);
      setenv("KILN_STORE_CRASH_ROUND", std::to_string(round).c_str(), 1);
      execl(program.c_str(), program.c_str(), "an upload that is killed", static_cast<char*>(nullptr));
      _exit(127);
    }
    close(ends[1]);
    // Killed at a moment of its own choosing after some were acknowledged.
    std::string told;
    const auto wanted = 1 + random() % 6;
    char buffer[4096];
    while (static_cast<std::size_t>(std::count(told.begin(), told.end(), '\n')) < wanted) {
      const auto size = read(ends[0], buffer, sizeof buffer);
      REQUIRE(size > 0);
      told.append(buffer, static_cast<std::size_t>(size));
    }
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 20000));
    kill(child, SIGKILL);
    for (ssize_t size; (size = read(ends[0], buffer, sizeof buffer)) > 0;) told.append(buffer, static_cast<std::size_t>(size));
    int status = 0;
    waitpid(child, &status, 0);
    close(ends[0]);
    REQUIRE(WIFSIGNALED(status));
    {
      tests::TemporaryDirectory copy;  // as the crash left it
      std::filesystem::copy_file(directory.path("data.mdb"), copy.path("data.mdb"));
      LmdbOptions options;
      options.directory = copy.path();
      options.read_only = true;
      auto engine = open_lmdb(options);
      REQUIRE(engine);
      broken_off += marked_blobs(*(*engine)->snapshot()).size();
    }
    const auto store = tests::open_lmdb_store(directory.path());
    std::istringstream lines(told);
    for (std::string id; std::getline(lines, id) && !lines.eof();) {
      ++acknowledged;
      INFO(id);
      const auto current = store->current(tests::type("Binary"), id);
      REQUIRE(current);
      const auto blob = store->blob(current->document);
      REQUIRE(blob);
      std::string whole;
      store->read_blob(*blob, 0, blob->size, whole);
      REQUIRE(whole == content(id));
    }
    for (int i = 0; i < 1000 && !marked_blobs(*store->engine().snapshot()).empty(); ++i) {
      REQUIRE(store->write([](WriteContext&) -> model::Result<void> { return {}; }, Lane::bulk));
    }
    CHECK(marked_blobs(*store->engine().snapshot()).empty());
    const auto report = store->check();
    for (const auto& fault : report.faults) UNSCOPED_INFO(fault);
    REQUIRE(report.faults.empty());
    CHECK(report.blobs == report.documents);  // every Binary has its content, acknowledged or not
  }
  std::printf("kill -9 in uploads: %zu acknowledged, %zu broken off\n", acknowledged, broken_off);
  CHECK(broken_off > 0);
}
