// kill -9 at any moment loses nothing that was acknowledged. Five rounds; KILN_KILL_ROUNDS and KILN_KILL_SEED say otherwise
// (tests/kill/run).

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <thread>

#include "tests/kill/ledger.h"
#include "tests/kill/proof.h"
#include "tests/kill/talk.h"
#include "tests/kill/writer.h"
#include "tests/support/measured.h"
#include "tests/support/process.h"

namespace {

using namespace kill_test;
using Clock = std::chrono::steady_clock;

constexpr int writers = 6;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void pause(std::mt19937& random, unsigned least, unsigned most) {
  std::this_thread::sleep_for(std::chrono::microseconds(1000 * least + random() % (1000 * (most - least))));
}

// From exec to the first answer, which is about something stored where something is.
std::unique_ptr<tests::Served> start(const std::filesystem::path& data, const Ledger& ledger, std::vector<double>& times) {
  std::string path = "/metadata";
  if (!ledger.records.empty() && !ledger.records.front().id.empty())
    path = "/Patient/" + ledger.records.front().id + "/_history/1";
  const auto begin = Clock::now();
  auto served = std::make_unique<tests::Served>(data);
  const auto answer = connect(served->url())->request("GET", path, "", {});
  times.push_back(seconds_since(begin));
  REQUIRE(answer.has_value());
  CHECK(answer->status == 200);
  return served;
}

// What a round wrote or may have written, and some of what was there before.
std::vector<Record*> to_prove(Ledger& ledger, int round, std::mt19937& random) {
  std::vector<Record*> chosen, older;
  for (auto& record : ledger.records) (record.round >= round ? chosen : older).push_back(&record);
  std::shuffle(older.begin(), older.end(), random);
  older.resize(std::min<std::size_t>(older.size(), 200));
  chosen.insert(chosen.end(), older.begin(), older.end());
  return chosen;
}

// Writes until the server is killed, at a moment that nobody chose.
void write_and_kill(tests::Served& served, Ledger& ledger, int round, std::mt19937& random) {
  Contested contested;
  const auto client = connect(served.url());
  for (int i = 0; i < 3; ++i) {
    Record& record = ledger.record("all-" + std::to_string(round) + "-" + std::to_string(i), round);
    const Content content{record.identifier};
    const auto made = client->request("POST", "/Patient", patient(record.identifier, content.stamp),
                                      {{"Content-Type", "application/fhir+json"}});
    REQUIRE(made.has_value());
    REQUIRE(made->status == 201);
    const auto stored = object(made->body).value();
    ledger.acknowledge(record, id_of(stored), version_of(stored), content, round);
    contested.updates.push_back(&record);
  }
  std::vector<Record*> own;  // of earlier rounds, alive
  for (auto& record : ledger.records) {
    if (record.round < round && record.identifier.starts_with("own-") && !record.acknowledged.empty() &&
        !record.acknowledged.rbegin()->second.deleted) {
      own.push_back(&record);
    }
  }
  std::shuffle(own.begin(), own.end(), random);
  std::vector<std::thread> threads;
  for (int i = 0; i < writers; ++i) {
    std::vector<Record*> share;
    for (std::size_t k = static_cast<std::size_t>(i); k < std::min<std::size_t>(own.size(), 20 * writers); k += writers)
      share.push_back(own[k]);
    threads.emplace_back([&, i, share, seed = static_cast<std::uint32_t>(random())] {
      Writer(served.url(), round, i, seed, ledger, contested, share).run();
    });
  }
  pause(random, 20, 700);
  served.kill();
  for (auto& thread : threads) thread.join();
}

// kiln check, on a copy of what the kill left.
void check_copy(const std::filesystem::path& data, const std::filesystem::path& copy) {
  std::filesystem::copy(data, copy, std::filesystem::copy_options::recursive);
  const auto ran = tests::kiln({"check", "--data", copy.string()});
  INFO(ran.output);
  CHECK(ran.status == 0);
  CHECK(ran.output.find("sound") != std::string::npos);
  std::filesystem::remove_all(copy);
}

unsigned long number_from(const char* name, unsigned long otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoul(text, nullptr, 10);
}

}  // namespace

TEST_CASE("kill -9 at any moment loses nothing acknowledged, doubles nothing, halves nothing") {
  const int rounds = static_cast<int>(number_from("KILN_KILL_ROUNDS", 5));
  const auto seed = static_cast<std::uint32_t>(number_from("KILN_KILL_SEED", std::random_device()()));
  INFO("KILN_KILL_SEED=" << seed);
  std::mt19937 random(seed);
  tests::Scratch scratch;
  Ledger ledger;
  std::vector<double> times;
  const auto begin = Clock::now();
  int twice = 0;

  auto served = start(scratch / "data", ledger, times);
  for (int round = 0; round < rounds; ++round) {
    write_and_kill(*served, ledger, round, random);
    served.reset();
    if (random() % 3 == 0) {  // once more, while it starts
      tests::Process dying(tests::kiln_program(), {"serve", "--data", (scratch / "data").string(), "--port", "0"});
      pause(random, 0, 60);
      dying.signal(SIGKILL);
      dying.wait();
      ++twice;
    }
    if (rounds <= 5 || round % 10 == 9) check_copy(scratch / "data", scratch / "copy");
    served = start(scratch / "data", ledger, times);
    prove_records(served->url(), ledger, to_prove(ledger, round, random), writers);
    prove_transactions(ledger);
    if (!ledger.faults.empty()) break;
  }

  std::vector<Record*> all;
  for (auto& record : ledger.records) all.push_back(&record);
  prove_records(served->url(), ledger, all, writers);
  prove_whole(served->url(), ledger);
  CHECK(served->stop() == 0);
  const auto checked = tests::kiln({"check", "--data", (scratch / "data").string()});
  INFO(checked.output);
  CHECK(checked.status == 0);

  std::sort(times.begin(), times.end());
  std::printf(
      "%d rounds (seed %u, %d killed again while starting) in %.0f s: %llu writes acknowledged, %llu lost, %llu doubled, %llu "
      "halves of transactions\n"
      "start to first answer: median %.3f s, longest %.3f s\n%s",
      rounds, seed, twice, seconds_since(begin), static_cast<unsigned long long>(ledger.acknowledged),
      static_cast<unsigned long long>(ledger.lost), static_cast<unsigned long long>(ledger.doubled),
      static_cast<unsigned long long>(ledger.halves), times[times.size() / 2], times.back(), checked.output.c_str());
  for (std::size_t i = 0; i < std::min<std::size_t>(ledger.faults.size(), 20); ++i) FAIL_CHECK(ledger.faults[i]);
  CHECK(ledger.faults.empty());
  CHECK(ledger.lost == 0);
  CHECK(ledger.doubled == 0);
  CHECK(ledger.halves == 0);
  CHECK(ledger.acknowledged > static_cast<std::uint64_t>(rounds) * 20);
  if (tests::measured) CHECK(times[times.size() / 2] < 1.0);
}
