// kiln erase and kiln compact: what was erased is in no file of the data directory, neither as text nor as it was packed; and a
// kill at any moment leaves a sound store.
#include <signal.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include "fhir/commands/node.h"
#include "store/record.h"
#include "tests/commands/support.h"

namespace {

namespace fs = std::filesystem;
using commands_test::read_file;
using commands_test::read_ndjson;
using commands_test::write_file;

constexpr int patients = 4000;
constexpr int planted = 30;

// What must not be found: words, and bodies as they were packed.
struct Secrets {
  std::vector<std::string> ids, words, packed;
};

std::string word(std::mt19937_64& random, std::size_t length) {
  std::string out;
  while (out.size() < length) out.push_back("abcdefghijkmnopqrstuvwxyz0123456789"[random() % 35]);
  return out;
}

// Patients, of which some have words of their own in every place: id, identifier, name, narrative; two versions of each.
Secrets write_population(const tests::Scratch& scratch, std::mt19937_64& random) {
  Secrets secrets;
  std::string first, second;
  for (int i = 0; i < patients; ++i) {
    std::string id = "p" + std::to_string(i), family = "Family" + std::to_string(i % 300), value = std::to_string(i), note;
    if (i % (patients / planted) == 1 && secrets.ids.size() < planted) {
      id = word(random, 40);
      family = word(random, 200);
      value = word(random, 60);
      note = word(random, 500);
      secrets.ids.push_back(id);
      secrets.words.insert(secrets.words.end(), {id, family, value, note});
    }
    const auto line = [&](std::string_view more) {
      return R"({"resourceType":"Patient","id":")" + id +
             R"(","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">a patient )" + note +
             R"(</div>"},"identifier":[{"system":"urn:n","value":")" + value + R"("}],"name":[{"family":")" + family + "\"}]" +
             std::string(more) + "}\n";
    };
    first += line("");
    if (!note.empty() || i % 10 == 0) second += line(R"(,"gender":"female")");
  }
  write_file(scratch / "first.ndjson", first);
  write_file(scratch / "second.ndjson", second);
  return secrets;
}

void take_packed(const fs::path& data, Secrets& secrets) {
  auto node = commands::Node::open(data.string(), {});
  REQUIRE(node.has_value());
  auto& store = (*node)->store();
  const auto type = model::r4().resource_type("Patient");
  for (const auto& id : secrets.ids) {
    const auto versions = store.history(type, id, 0, 10);
    REQUIRE(versions.size() == 2);
    for (const auto& version : versions) {
      const auto snapshot = store.engine().snapshot();
      store::Record record;
      REQUIRE(store::find_record(*snapshot, version.document, record));
      secrets.packed.emplace_back(record.packed.substr(record.packed.size() / 2));  // beyond what all begin with
    }
  }
}

// How many of the texts some file below the directory holds.
std::size_t found(const fs::path& data, const std::vector<std::string>& texts) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(data)) {
    if (entry.is_regular_file()) files.push_back(read_file(entry.path()));
  }
  return static_cast<std::size_t>(std::count_if(texts.begin(), texts.end(), [&](const std::string& text) {
    return std::any_of(files.begin(), files.end(), [&](const std::string& file) { return file.find(text) != std::string::npos; });
  }));
}

std::map<std::string, std::string> contents(const tests::Scratch& scratch, const fs::path& data) {
  const auto out = scratch / "out";
  fs::remove_all(out);
  REQUIRE(tests::kiln({"export", "--data", data.string(), "--out", out.string()}).status == 0);
  std::map<std::string, std::string> all;
  for (const auto& [key, text] : read_ndjson(out)) all.emplace(key, text);
  return all;
}

void check_sound(const fs::path& data) {
  const auto checked = tests::kiln({"check", "--data", data.string()});
  INFO(checked.output);
  CHECK(checked.status == 0);
}

// A store whose dictionary was trained while the secrets were in it, and whose index is in files.
Secrets make_data(const tests::Scratch& scratch, const fs::path& data, std::mt19937_64& random) {
  auto secrets = write_population(scratch, random);
  for (const auto* file : {"first.ndjson", "second.ndjson"}) {
    const auto done = tests::kiln({"import", "--data", data.string(), (scratch / file).string()});
    INFO(done.output);
    REQUIRE(done.status == 0);
    auto node = commands::Node::open(data.string(), {});
    REQUIRE(node.has_value());
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!(*node)->store().engine().snapshot()->get(store::Space::meta, "dictionary.2")) {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  take_packed(data, secrets);
  return secrets;
}

std::vector<std::string> erase_arguments(const fs::path& data, const Secrets& secrets) {
  std::vector<std::string> arguments{"erase", "--data", data.string()};
  for (const auto& id : secrets.ids) arguments.push_back("Patient/" + id);
  return arguments;
}

}  // namespace

TEST_CASE("no byte of what was erased is left in any file after a compaction") {
  const tests::Scratch scratch;
  const auto data = scratch / "data";
  const auto seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  const auto secrets = make_data(scratch, data, random);
  REQUIRE(secrets.ids.size() == planted);
  CHECK(found(data, secrets.ids) == planted);
  CHECK(found(data, secrets.words) >= 2 * planted);  // names too, as terms of the index; the narrative is packed only
  CHECK(found(data, secrets.packed) == 2 * planted);
  auto expected = contents(scratch, data);
  for (const auto& id : secrets.ids) CHECK(expected.erase("Patient/" + id) == 1);

  const auto erased = tests::kiln(erase_arguments(data, secrets));
  INFO(erased.output);
  REQUIRE(erased.status == 0);
  CHECK(contents(scratch, data) == expected);
  check_sound(data);
  CHECK(found(data, secrets.words) > 0);  // in freed pages, dictionaries, segments

  const auto compacted = tests::kiln({"compact", "--data", data.string()});
  INFO(compacted.output);
  REQUIRE(compacted.status == 0);
  CHECK(found(data, secrets.words) == 0);
  CHECK(found(data, secrets.packed) == 0);
  CHECK(contents(scratch, data) == expected);
  check_sound(data);
  // And again, of a store that is compact already; then it goes on as a server.
  CHECK(tests::kiln({"compact", "--data", data.string()}).status == 0);
  tests::Served served(data);
  CHECK(served.stop() == 0);
  check_sound(data);
}

TEST_CASE("an erasure or a compaction that is killed leaves a sound store") {
  const tests::Scratch scratch;
  const auto original = scratch / "original";
  const auto seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  const auto secrets = make_data(scratch, original, random);
  const auto all = contents(scratch, original);
  auto expected = all;
  for (const auto& id : secrets.ids) expected.erase("Patient/" + id);
  int kills = 0;
  const auto run_and_kill = [&](const std::vector<std::string>& arguments, int milliseconds) {
    tests::Process process(tests::kiln_program(), arguments);
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    process.signal(SIGKILL);
    if (process.wait() == 1000 + SIGKILL) ++kills;
  };
  const auto timed = [](const std::vector<std::string>& arguments) {
    const auto start = std::chrono::steady_clock::now();
    const auto ran = tests::kiln(arguments);
    INFO(ran.output);
    REQUIRE(ran.status == 0);
    return static_cast<int>(
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start).count());
  };
  const auto data = scratch / "data";
  fs::copy(original, data, fs::copy_options::recursive);
  const int erase_time = timed(erase_arguments(data, secrets)), compact_time = timed({"compact", "--data", data.string()});

  for (int round = 0; round < 4; ++round) {
    fs::remove_all(data);
    fs::copy(original, data, fs::copy_options::recursive);
    run_and_kill(erase_arguments(data, secrets), static_cast<int>(random() % static_cast<unsigned>(erase_time + 1)));
    const auto left = contents(scratch, data);
    check_sound(data);
    // Each resource is there as it was, or gone.
    for (const auto& [key, text] : left) CHECK(all.at(key) == text);
    for (const auto& [key, text] : expected) CHECK(left.contains(key));
    (void)tests::kiln(erase_arguments(data, secrets));  // some are gone already: status 1
    CHECK(contents(scratch, data) == expected);

    for (int kill = 0; kill < 3; ++kill) {
      run_and_kill({"compact", "--data", data.string()}, static_cast<int>(random() % static_cast<unsigned>(compact_time + 1)));
      CHECK(contents(scratch, data) == expected);
    }
    check_sound(data);
    REQUIRE(tests::kiln({"compact", "--data", data.string()}).status == 0);
    CHECK(found(data, secrets.words) == 0);
    CHECK(found(data, secrets.packed) == 0);
    CHECK(contents(scratch, data) == expected);
    check_sound(data);
  }
  CHECK(kills > 0);
}
