// Segment files: a full disk, orphans, kills, damage.
#include <catch2/catch.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "search/merge.h"
#include "search/view_runs.h"
#include "tests/search/index_support.h"

using namespace search;
using namespace index_test;

namespace {

std::vector<std::string> segment_files(const std::string& directory) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    if (entry.is_regular_file()) paths.push_back(entry.path().string());
  std::sort(paths.begin(), paths.end());
  return paths;
}

// The lanes may write and remove files of the directory at the same time.
void remove_in_use(const std::string& directory) {
  std::error_code failure;
  do std::filesystem::remove_all(directory, failure);
  while (std::filesystem::exists(directory));
}

Scan random_scan_of(Random& random) {
  Scan scan;
  scan.low = std::string(1, tag_value) + "unique-" + std::to_string(below(random, 1000));
  if (below(random, 2) == 0) return exact_scan(scan.low);
  return below(random, 2) == 0 ? prefix_scan(scan.low.substr(0, below(random, 9))) : scan;
}

}  // namespace

TEST_CASE("a disk that is full keeps all in memory; when it has room again all is written", "[index]") {
  Scratch scratch;
  FakeStore store;
  Generator generator(Catch::rngSeed());
  auto index = open_index(store, scratch.path(), 100);
  store.refuse_meta = true;
  for (int i = 0; i < 10; ++i) store.commit(generator.group(60));
  index->flush();
  CHECK(index->figures().failed_writes > 0);
  CHECK(index->figures().failure.find("full") != std::string::npos);
  CHECK(index->figures().disk_segments == 0);
  compare(*index->view(), Oracle::of(store), generator.random, 3);
  store.refuse_meta = false;
  index->flush();
  CHECK(index->figures().failed_writes == 0);
  CHECK(index->figures().memory_segments == 0);
  compare(*index->view(), Oracle::of(store), generator.random, 3);
  // The directory is gone: the same by way of the files.
  remove_in_use(scratch.path());
  store.commit(generator.group(300));
  index->flush();
  CHECK(index->figures().failed_writes > 0);
  std::filesystem::create_directories(scratch.path());
  index->flush();
  CHECK(index->figures().memory_segments == 0);
  compare(*index->view(), Oracle::of(store), generator.random, 3);
}

TEST_CASE("no file is left behind that the manifest does not name, and orphans are swept", "[index]") {
  Scratch scratch;
  FakeStore store;
  Generator generator(Catch::rngSeed());
  auto index = open_index(store, scratch.path(), 100);
  for (int i = 0; i < 30; ++i) store.commit(generator.group(60));
  index.reset();
  std::ofstream(scratch.path() + "/000000000001-000000000009-aa.segment") << "half";
  std::ofstream(scratch.path() + "/x.new") << "half";
  std::ofstream(scratch.path() + "/other.txt") << "not ours";
  index = open_index(store, scratch.path(), 100);
  CHECK(index->figures().memory_segments == 0);  // the end of the one before flushed
  compare(*index->view(), Oracle::of(store), generator.random, 3);
  // Once the lane has merged what it will, and though nothing is written, the files are those that are named, and the one that
  // is not ours.
  const auto swept = [&] { return segment_files(scratch.path()).size() == index->files().size() + 1; };
  for (int i = 0; i < 5000 && !swept(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  CAPTURE(segment_files(scratch.path()), index->files());
  CHECK(swept());
}

TEST_CASE("a file is kept while a view holds it", "[index]") {
  Scratch scratch;
  FakeStore store;
  Generator generator(Catch::rngSeed());
  auto index = open_index(store, scratch.path(), 100);
  store.commit(generator.group(200));
  index->flush();
  auto held = index->view();
  const auto paths = index->files();
  REQUIRE(paths.size() == 1);
  // Until the first file has been merged away.
  for (int i = 0; i < 2000 && index->files()[0] == paths[0]; ++i) {
    store.commit(generator.group(120));
    index->flush();
  }
  REQUIRE(index->files()[0] != paths[0]);
  CHECK(std::filesystem::exists(paths[0]));
  held.reset();
  index.reset();  // with it its lanes, which may have held the runs they merged for a little longer
  CHECK_FALSE(std::filesystem::exists(paths[0]));
}

TEST_CASE("an index made of other terms, or of a store restored to an earlier state, is made anew", "[index]") {
  Scratch scratch;
  Generator generator(Catch::rngSeed()), other(Catch::rngSeed() + 1);
  FakeStore longer, shorter;
  const auto first = generator.group(150);
  {
    auto index = open_index(longer, scratch.path(), 100);
    longer.commit(first);
    for (int i = 0; i < 10; ++i) longer.commit(generator.group(100));
  }
  const auto manifest = longer.meta("search.segments");
  REQUIRE(manifest);
  shorter.commit(first);
  SECTION("earlier state") { REQUIRE(shorter.put_meta("search.segments", *manifest).has_value()); }
  SECTION("other terms") {
    std::string text = *manifest;
    const auto at = text.find("fingerprint ") + 12;
    text[at] = text[at] == '0' ? '1' : '0';
    REQUIRE(shorter.put_meta("search.segments", text).has_value());
  }
  SECTION("no manifest at all") { REQUIRE(shorter.put_meta("search.segments", "?").has_value()); }
  auto index = open_index(shorter, scratch.path(), 100);
  compare(*index->view(), Oracle::of(shorter), other.random, 5);
  index->flush();
  CHECK(index->figures().memory_segments == 0);
  index.reset();
  index = open_index(shorter, scratch.path(), 100);
  CHECK(index->check() == std::vector<std::string>());
}

TEST_CASE("kills at any moment leave an index that is whole at the next start", "[index]") {
  const auto seed = Catch::rngSeed();
  CAPTURE(seed);
  Random random(seed);
  Scratch scratch;
  const std::string log = scratch.path() + "/store.log", directory = scratch.path() + "/segments";
  Document before = 0;
  for (int round = 0; round < 12; ++round) {
    CAPTURE(round);
    const auto child_seed = random();
    const auto microseconds = 2000 + below(random, 60000);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      std::thread([=] {
        std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
        ::_exit(0);
      }).detach();
      FakeStore store(log);
      Generator generator(child_seed);
      generator.ids = child_seed % 1000;
      auto opened = Index::open(store, model::r4(), {directory, 8u << 20, 64}, terms_of);
      if (!opened) ::_exit(2);
      while (true) store.commit(generator.group(1 + below(generator.random, 40)));
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(status == 0);
    FakeStore store(log);
    REQUIRE(store.last_document() >= before);
    before = store.last_document();
    auto index = open_index(store, directory, 64);
    REQUIRE(index->view()->last() == before);
    compare(*index->view(), Oracle::of(store), random, 1);
    REQUIRE(index->check() == std::vector<std::string>());
    REQUIRE(index->figures().failure.empty());
  }
  CHECK(before > 0);
}

TEST_CASE("a damaged file is made anew at the start, or found by a check, and never crashes a reader", "[index]") {
  const auto seed = Catch::rngSeed();
  CAPTURE(seed);
  Random random(seed);
  int refused = 0, found = 0;
  Scratch scratch;
  FakeStore store;
  Generator generator(seed);
  { auto index = open_index(store, scratch.path(), 300); }
  for (int round = 0; round < 30; ++round) {
    CAPTURE(round);
    {
      auto index = open_index(store, scratch.path(), 300);
      if (store.last_document() < 2000) store.commit(generator.group(400));
    }
    const Oracle oracle = Oracle::of(store);
    // With no index open: a lane may replace a file that files() has just named.
    const auto files = segment_files(scratch.path());
    REQUIRE_FALSE(files.empty());
    const std::string path = files[below(random, files.size())];
    const auto size = std::filesystem::file_size(path);
    switch (below(random, 8)) {
      case 0:
        std::filesystem::resize_file(path, below(random, size));
        break;
      case 1:
        std::filesystem::remove(path);
        break;
      default: {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        for (auto n = 1 + below(random, 5); n > 0; --n) {
          const auto at = static_cast<std::streamoff>(below(random, size));
          file.seekg(at);
          const char byte = static_cast<char>(file.get());
          file.seekp(at);
          file.put(static_cast<char>(byte ^ static_cast<char>(1 + below(random, 255))));
        }
      }
    }
    auto index = open_index(store, scratch.path(), 300);
    if (!index->figures().failure.empty()) {
      ++refused;
      compare(*index->view(), oracle, random, 2);
    }
    // Readers of damaged parts get anything, but stay within bounds (run under the address sanitizer).
    const auto view = index->view();
    for (const auto key : oracle.keys())
      for (const auto& segment : view->segments()) {
        const int slot = segment->slot(key);
        if (slot < 0) continue;
        std::vector<std::uint64_t> bitmap((segment->size() + 63) / 64);
        const auto range = segment->find(slot, Scan());
        segment->unite(slot, range, bitmap);
        segment->count(slot, range);
        segment->each_term(slot, range, [](std::uint32_t, std::string_view, std::uint32_t) { return true; });
        std::vector<std::uint32_t> some(10);
        for (int i = 0; i < 5; ++i) {
          const auto ordinal = static_cast<std::uint32_t>(below(random, segment->term_count(slot)));
          const auto offset = static_cast<std::uint32_t>(below(random, segment->size()));
          std::string term;
          segment->append_term(slot, ordinal, term);
          segment->find(slot, exact_scan(term));
          segment->newest(slot, ordinal, offset, some);
          segment->contains(slot, ordinal, offset);
          if (segment->has_column(slot)) segment->ordinals_of(slot, offset, some);
        }
      }
    const auto faults = index->check();
    if (!faults.empty()) {
      found += refused == 0 || faults[0].find("made anew") == std::string::npos;
    } else {
      compare(*view, oracle, random, 2);
    }
    // Whatever was found is made anew: by the start, or by the lane that the check woke.
    for (int i = 0; i < 2000 && !index->check().empty() && index->figures().failure.empty(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    index.reset();
    index = open_index(store, scratch.path(), 300);
    const auto left = index->check();
    if (!left.empty()) REQUIRE(left[0].find("made anew") != std::string::npos);
    compare(*index->view(), oracle, random, 1);
  }
  CAPTURE(refused, found);
  CHECK(refused > 0);
  CHECK(found > 0);
}

TEST_CASE("bytes changed anywhere in a segment, checksums aside, keep a reader within bounds", "[index]") {
  const auto seed = Catch::rngSeed();
  CAPTURE(seed);
  Generator generator(seed);
  Random& random = generator.random;
  const Keys keys(model::r4());
  std::vector<RunDocument> documents(300);
  std::vector<const RunDocument*> pointers;
  for (std::uint32_t i = 0; i < documents.size(); ++i) {
    documents[i].version.type = model::r4().resource_type(i % 3 == 0 ? "Patient" : "Encounter");
    documents[i].version.document = 1 + i;
    documents[i].version.previous = i % 5 == 4 ? i : 0;
    documents[i].terms = generator.terms(documents[i].version.type);
    pointers.push_back(&documents[i]);
  }
  const auto run = make_run(1, 300, pointers, keys);
  MemoryOutput out;
  SegmentWriter writer(out, 1, 300, true);
  const std::atomic<bool> never = false;
  const std::vector<std::shared_ptr<const Run>> sources{run};
  REQUIRE(merge_runs(sources, keys, never, writer));
  writer.finish();
  const std::string sound = out.take();
  std::uint64_t read = 0;
  for (int round = 0; round < 400; ++round) {
    std::string bytes = sound;
    for (auto n = 1 + below(random, 8); n > 0; --n) {
      // Half of them in the directory, which stands at the end.
      const auto end = bytes.size() - 64;
      const auto at = below(random, 2) == 0 ? below(random, end) : end - 1 - below(random, std::min<std::uint64_t>(end, 4000));
      bytes[at] = static_cast<char>(below(random, 256));
    }
    std::string fault;
    const auto hurt = Run::open(owned_bytes(std::move(bytes)), keys, false, fault);
    if (!hurt) continue;
    const RunView::Runs runs{hurt};
    const RunView view(runs, alive_of(runs, {}), {});
    std::vector<std::uint64_t> bitmap((hurt->size() + 63) / 64, ~std::uint64_t{0});
    view.restrict_alive(*hurt, below(random, 300), bitmap);
    for (Document d = 1; d < 300; d += 13) read += view.alive_at(d, d + 20);
    hurt->examine();
    for (std::size_t slot = 0; slot < hurt->parts().size(); ++slot) {
      const int s = static_cast<int>(slot);
      Scan scan = random_scan_of(random);
      const auto range = hurt->find(s, scan);
      hurt->unite(s, hurt->find(s, Scan()), bitmap);
      read += hurt->count(s, range);
      hurt->each_term(s, range, [&](std::uint32_t, std::string_view term, std::uint32_t) { return read += term.size(), true; });
      std::vector<std::uint32_t> list(20);
      hurt->newest(s, static_cast<std::uint32_t>(below(random, hurt->term_count(s))), 300, list);
      hurt->postings(s, 0, list);
      for (std::uint32_t offset = 0; offset < 300; offset += 17) hurt->ordinals_of(s, offset, list);
    }
    try {
      MemoryOutput again;
      SegmentWriter rewriter(again, 1, 300, false);
      merge_runs(std::vector{hurt}, keys, never, rewriter);
    } catch (const std::runtime_error&) {
    }
  }
  CHECK(read > 0);
}
