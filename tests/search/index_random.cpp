// The whole index against the simple way: random writes, flushes, merges, reopenings, kills, damage.
#include <catch2/catch.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
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

std::unique_ptr<Index> open_index(FakeStore& store, const std::string& directory, std::uint32_t flush_documents = 500) {
  auto index = Index::open(store, model::r4(), {directory, 8u << 20, flush_documents}, terms_of);
  REQUIRE(index.has_value());
  return std::move(*index);
}

std::size_t segment_files(const std::string& directory) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) count += entry.is_regular_file();
  return count;
}

Scan random_scan_of(Random& random) {
  Scan scan;
  scan.low = std::string(1, tag_value) + "unique-" + std::to_string(below(random, 1000));
  if (below(random, 2) == 0) return exact_scan(scan.low);
  return below(random, 2) == 0 ? prefix_scan(scan.low.substr(0, below(random, 9))) : scan;
}

}  // namespace

TEST_CASE("a view answers as the simple way does, whatever was flushed, merged and reopened", "[index]") {
  const auto seed = Catch::rngSeed();
  CAPTURE(seed);
  const bool on_disk = GENERATE(true, false);
  Scratch scratch;
  FakeStore store;
  Oracle oracle;
  Generator generator(seed);
  const std::string directory = on_disk ? scratch.path() + "/segments" : "";
  auto index = open_index(store, directory, 200);
  Document known = 0;
  for (int round = 0; round < 60; ++round) {
    const std::size_t size = 1 + below(generator.random, round % 5 == 0 ? 200 : 20);
    const auto changes = generator.group(size);
    if (round % 7 == 3) store.abandon(generator.group(3));
    store.commit(changes);
    store.scan(known + 1, [&](const store::Version& version, std::string_view body, store::Hole hole) {
      oracle.add(version, terms_of(version, body, hole));
      known = version.document;
      return true;
    });
    const auto what = below(generator.random, 10);
    if (what == 0) index->flush();
    if (what == 1) {
      index.reset();
      index = open_index(store, directory, 200);
    }
    compare(*index->view(), oracle, generator.random, 2);
  }
  CHECK(index->check() == std::vector<std::string>());
  const auto figures = index->figures();
  CHECK(figures.failed_writes == 0);
  CHECK((figures.disk_segments > 0) == on_disk);
  CHECK(index->files().size() == figures.disk_segments);
}

TEST_CASE("a view held stays as it was", "[index]") {
  Scratch scratch;
  FakeStore store;
  Generator generator(Catch::rngSeed());
  auto index = open_index(store, scratch.path(), 100);
  store.commit(generator.group(150));
  const auto held = index->view();
  const Oracle then = Oracle::of(store);
  for (int i = 0; i < 20; ++i) store.commit(generator.group(50));
  index->flush();
  compare(*held, then, generator.random, 5);
  compare(*index->view(), Oracle::of(store), generator.random, 5);
}

TEST_CASE("large runs keep dense lists, windows and columns right through merges of files", "[index]") {
  const auto seed = Catch::rngSeed();
  CAPTURE(seed);
  Scratch scratch;
  FakeStore store;
  Generator generator(seed);
  auto index = open_index(store, scratch.path(), 1500);
  for (int i = 0; i < 40; ++i) store.commit(generator.group(250));
  index->flush();
  compare(*index->view(), Oracle::of(store), generator.random, 6);
  CHECK(index->check() == std::vector<std::string>());
}

TEST_CASE("what is staged is found by its terms, and forgotten when the group fails", "[index]") {
  FakeStore store;
  Generator generator(7);
  auto index = open_index(store, "");
  const auto type = model::r4().resource_type("Patient");
  const auto terms = generator.terms(type);
  store::Version version;
  version.type = type;
  version.id = "a";
  version.document = 1;
  index->stage(version, terms);
  version.document = 2;
  version.id = "b";
  version.previous = 1;
  index->stage(version, generator.terms(type));
  std::vector<const Index::Staged*> found;
  const auto unique = std::find_if(terms->terms.begin(), terms->terms.end(), [](const Term& term) { return term.bytes.find("unique") == 1; });
  REQUIRE(unique != terms->terms.end());
  Clause clause{{type, unique->parameter}, {exact_scan(unique->bytes)}, false, {}};
  index->staged(clause, found);
  REQUIRE(found.size() == 1);
  CHECK(found[0]->version.document == 1);
  CHECK(matches(*found[0]->terms, clause));
  CHECK(index->staged_superseded(1));
  CHECK_FALSE(index->staged_superseded(2));
  clause.scans = {prefix_scan(std::string(1, tag_value))};
  found.clear();
  index->staged(clause, found);
  CHECK(found.size() == 2);
  clause.key.type = model::r4().resource_type("Group");
  found.clear();
  index->staged(clause, found);
  CHECK(found.empty());
  index->abandon();
  clause.key.type = type;
  index->staged(clause, found);
  CHECK(found.empty());
  CHECK_FALSE(index->staged_superseded(1));
  CHECK(index->view()->last() == 0);
}

TEST_CASE("terms under a parameter that the type does not have are a defect that shows before the commit", "[index]") {
  FakeStore store;
  auto index = open_index(store, "");
  auto terms = std::make_shared<DocumentTerms>();
  terms->type = model::r4().resource_type("Patient");
  for (model::ParameterId p = 0; p < model::r4().search_parameters.size(); ++p)
    if (model::r4().text(model::r4().search_parameters[p].id) == "Observation-status") terms->terms = {{p, "\x01"}};
  store::Version version;
  version.type = terms->type;
  version.document = 1;
  CHECK_THROWS_AS(index->stage(version, terms), std::logic_error);
}

TEST_CASE("what was committed while publish() failed is found with the next group", "[index]") {
  FakeStore store;
  Generator generator(Catch::rngSeed());
  auto index = open_index(store, "");
  store.commit(generator.group(10));
  store.listen(nullptr);
  store.commit(generator.group(10));
  store.listen(index.get());
  store.commit(generator.group(10));
  compare(*index->view(), Oracle::of(store), generator.random, 10);
}

TEST_CASE("parameters that a schema does not know are kept through its merges", "[index]") {
  Generator generator(Catch::rngSeed());
  model::Schema fewer = model::r4();
  fewer.search_parameters = fewer.search_parameters.first(fewer.search_parameters.size() / 2);
  const Keys all(model::r4()), some(fewer);
  const std::atomic<bool> never = false;
  const auto merged = [&](const std::vector<std::shared_ptr<const Run>>& runs, const Keys& keys) {
    MemoryOutput out;
    SegmentWriter writer(out, runs.front()->base(), static_cast<std::uint32_t>(runs.back()->end() - runs.front()->base()), true);
    REQUIRE(merge_runs(runs, keys, never, writer));
    writer.finish();
    return out.take();
  };
  const auto open = [&](std::string bytes, const Keys& keys) {
    std::string fault;
    auto run = Run::open(owned_bytes(std::move(bytes)), keys, true, fault);
    INFO(fault);
    REQUIRE(run);
    return run;
  };
  std::vector<std::shared_ptr<const Run>> known, unknown;
  Document base = 1;
  for (const std::uint32_t size : {40u, 1u, 70u}) {
    std::vector<RunDocument> documents(size);
    std::vector<const RunDocument*> pointers;
    for (std::uint32_t i = 0; i < size; ++i) {
      documents[i].version.type = model::r4().resource_type(i % 3 == 0 ? "Patient" : "Encounter");
      documents[i].version.document = base + i;
      documents[i].terms = generator.terms(documents[i].version.type);
      pointers.push_back(&documents[i]);
    }
    known.push_back(make_run(base, size, pointers, all));
    unknown.push_back(open(merged({known.back()}, all), some));
    REQUIRE(unknown.back()->parts().size() == known.back()->parts().size());
    base += size;
  }
  CHECK(merged(known, all) == merged(unknown, some));
  CHECK(open(merged(unknown, some), all)->examine() == std::vector<std::string>());
}

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
  std::filesystem::remove_all(scratch.path());
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
  const auto view = index->view();
  CHECK(segment_files(scratch.path()) == index->files().size() + 1);
  CHECK(index->figures().memory_segments == 0);       // the end of the one before flushed
  compare(*view, Oracle::of(store), generator.random, 3);
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
  index.reset();                       // with it its lanes, which may have held the runs they merged for a little longer
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
    std::string path;
    {
      auto index = open_index(store, scratch.path(), 300);
      const auto files = index->files();
      REQUIRE_FALSE(files.empty());
      path = files[below(random, files.size())];
    }
    const auto size = std::filesystem::file_size(path);
    switch (below(random, 8)) {
      case 0: std::filesystem::resize_file(path, below(random, size)); break;
      case 1: std::filesystem::remove(path); break;
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
    const RunView view(runs, alive_of(runs));
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

TEST_CASE("readers hold views while the writer publishes and the lanes merge", "[index]") {
  const auto seed = Catch::rngSeed();
  CAPTURE(seed);
  Scratch scratch;
  FakeStore store;
  Generator generator(seed);
  auto index = open_index(store, scratch.path(), 200);
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  std::atomic<std::uint64_t> asked = 0;
  const auto patient = model::r4().resource_type("Patient");
  std::vector<std::thread> readers;
  for (int r = 0; r < 3; ++r)
    readers.emplace_back([&] {
      Document last = 0;
      while (!done) {
        const auto view = index->view();
        if (view->last() < last) ++wrong;
        last = view->last();
        // Each live document of the type once: the same count from the postings as from asking one by one.
        std::uint64_t from_lists = 0, one_by_one = 0;
        for (const auto& segment : view->segments()) {
          const int slot = segment->slot({patient, every_document});
          if (slot < 0) continue;
          std::vector<std::uint64_t> bitmap((segment->size() + 63) / 64);
          segment->unite(slot, segment->find(slot, Scan()), bitmap);
          for (std::uint32_t i = 0; i < segment->size(); ++i)
            one_by_one += (bitmap[i / 64] >> (i % 64) & 1) != 0 && view->alive_at(segment->base() + i, last);
          view->restrict_alive(*segment, last, bitmap);
          for (const auto word : bitmap) from_lists += static_cast<std::uint64_t>(__builtin_popcountll(word));
        }
        if (from_lists != one_by_one) ++wrong;
        ++asked;
      }
    });
  for (int i = 0; i < 150; ++i) {
    store.commit(generator.group(1 + below(generator.random, 40)));
    if (i % 40 == 0) index->flush();
  }
  while (asked < 10) std::this_thread::yield();
  done = true;
  for (auto& reader : readers) reader.join();
  CHECK(wrong == 0);
  compare(*index->view(), Oracle::of(store), generator.random, 3);
  CHECK(index->check() == std::vector<std::string>());
}
