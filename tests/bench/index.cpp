// bench_index: the index alone, without bodies, extraction or fsyncs of a store.
//
//   bench_index [DOCUMENTS] [DIRECTORY]       (a directory that is named is kept)
//
// Documents are shaped like Synthea's (25 values: 12 of few values, 4 references in runs of 800 and 20, 2 of their own, 4 dates,
// 3 numbers; and a presence term per parameter), a tenth supersede an earlier one. Prints a Markdown table: publish() on the
// writer's thread by size of group, CPU of all threads, bytes a document, times of reads, and of a start.
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include <fmt/format.h>

#include "search/index.h"

namespace {

using namespace search;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }
double cpu_of(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

std::uint64_t mix(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

// Documents made of their numbers alone, so that a start can make them again.
class Shapes {
 public:
  Shapes() {
    const auto& schema = model::r4();
    for (const auto name : {"Observation", "Encounter", "Procedure", "Condition"}) types_.push_back(schema.resource_type(name));
    for (const auto type : types_) {
      auto& all = parameters_.emplace_back();
      std::map<model::ParameterType, std::vector<model::ParameterId>> by_type;
      for (model::ParameterId p = 0; p < schema.search_parameters.size(); ++p) {
        const auto& row = schema.search_parameters[p];
        const auto bases = model::Schema::rows(schema.parameter_bases, row.bases);
        if (std::any_of(bases.begin(), bases.end(), [&](auto base) { return schema.is_a(type, base); }))
          by_type[row.type].push_back(p);
      }
      const auto take = [&](model::ParameterType kind, std::size_t count, std::vector<model::ParameterId>& out) {
        for (const auto p : by_type[kind])
          if (out.size() < count) out.push_back(p);
        for (const auto p : by_type[model::ParameterType::reference])  // types with few of a kind: any others
          if (out.size() < count && std::find(all.references.begin(), all.references.end(), p) == all.references.end())
            out.push_back(p);
      };
      take(model::ParameterType::reference, 4, all.references);
      take(model::ParameterType::token, 8, all.tokens);
      all.dates = by_type[model::ParameterType::date];
      all.dates.resize(std::min<std::size_t>(all.dates.size(), 2));
      all.numbers = by_type[model::ParameterType::quantity];
      all.numbers.resize(std::min<std::size_t>(all.numbers.size(), 3));
    }
  }

  model::TypeId type(Document document) const { return types_[mix(document) % 10 < 6 ? 0 : 1 + mix(document) % 3]; }
  store::Version version(Document document) const {
    store::Version version;
    version.document = document;
    version.type = type(document);
    version.id = std::to_string(document);
    version.version = 1;
    if (document > 100 && mix(document * 3) % 10 == 0) {
      version.previous = document - 1 - mix(document * 5) % (document / 2);
      if (mix(version.previous * 7) % 2 == 0) version.previous = document - 1 - mix(document) % 50;
    }
    return version;
  }
  std::shared_ptr<const DocumentTerms> terms(Document document) const {
    auto made = std::make_shared<DocumentTerms>();
    made->type = type(document);
    const auto& own = parameters_[static_cast<std::size_t>(std::find(types_.begin(), types_.end(), made->type) - types_.begin())];
    const auto add = [&](model::ParameterId parameter, const std::string& value) { made->terms.push_back({parameter, value}); };
    std::uint64_t state = document * 1000;
    const auto random = [&] { return mix(++state); };
    const std::string tag(1, tag_value), present(1, tag_present);
    for (std::size_t i = 0; i < own.tokens.size(); ++i) {
      add(own.tokens[i], present);
      if (i < 6) {  // a code and its system
        const std::uint64_t value = std::min(random() % (8u << i), random() % (8u << i));
        add(own.tokens[i], tag + fmt::format("{:05}-{}", value * 7919 % 99991, i) + '\0' + "http://loinc.org");
        add(own.tokens[i], std::string("\x03") + "http://loinc.org");
      } else {
        add(own.tokens[i], tag + fmt::format("{:016x}-{:08x}", random(), document));
      }
    }
    for (std::size_t i = 0; i < own.references.size(); ++i) {
      add(own.references[i], present);
      const std::uint64_t whose = i < 2 ? document / 800 : document / 20;
      add(own.references[i],
          tag + (i < 2 ? "Patient/" : "Encounter/") + fmt::format("{:016x}-{:04x}", mix(whose), whose & 0xffff));
    }
    for (std::size_t i = 0; i < own.dates.size(); ++i) {
      add(own.dates[i], present);
      for (int n = 0; n < 2; ++n)
        add(own.dates[i],
            tag + static_cast<char>(n) + big_endian(day(document) * 86400000 + random() % 86400000) + big_endian(1000));
    }
    for (const auto parameter : own.numbers) {
      add(parameter, present);
      add(parameter, tag + "mm[Hg]" + '\0' + "http://unitsofmeasure.org" + '\0' + big_endian(random() % 2000));
    }
    add(every_document, "");
    std::sort(made->terms.begin(), made->terms.end(), [](const Term& a, const Term& b) {
      return a.parameter != b.parameter ? a.parameter < b.parameter : a.bytes < b.bytes;
    });
    return made;
  }
  static std::uint64_t day(Document document) { return 7000 + mix(document / 20) % 10000; }
  static std::string big_endian(std::uint64_t value) {
    std::string bytes;
    for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(value >> shift));
    return bytes;
  }

  struct Parameters {
    std::vector<model::ParameterId> tokens, references, dates, numbers;
  };
  const Parameters& observation() const { return parameters_[0]; }
  model::TypeId observation_type() const { return types_[0]; }

 private:
  std::vector<model::TypeId> types_;
  std::vector<Parameters> parameters_;
};

// As much of a store as an index asks for.
class ShapeStore final : public store::Store {
 public:
  explicit ShapeStore(const Shapes& shapes) : shapes_(shapes) {}
  Document last = 0;
  void listen(store::IndexListener* listener) override { index = listener; }
  store::IndexListener* index = nullptr;
  void scan(Document first,
            const std::function<bool(const store::Version&, std::string_view, store::Hole)>& visit) const override {
    for (; first <= last && visit(shapes_.version(first), {}, {}); ++first) {
    }
  }
  Document last_document() const override { return last; }
  std::optional<std::string> meta(std::string_view name) const override {
    std::lock_guard lock(mutex_);
    const auto found = meta_.find(name);
    return found == meta_.end() ? std::nullopt : std::optional(found->second);
  }
  model::Result<void> put_meta(std::string_view name, std::string_view value) override {
    std::lock_guard lock(mutex_);
    meta_[std::string(name)] = value;
    return {};
  }
  void submit(store::Operation, store::Lane, store::Completion) override { std::abort(); }
  std::string pack(std::string_view) const override { std::abort(); }
  std::optional<store::Version> current(model::TypeId, std::string_view) const override { std::abort(); }
  std::optional<store::Version> version(model::TypeId, std::string_view, std::uint64_t) const override { std::abort(); }
  std::optional<store::Version> at(Document) const override { std::abort(); }
  std::optional<store::Version> as_of(model::TypeId, std::string_view, Document) const override { std::abort(); }
  std::vector<store::Version> history(model::TypeId, std::string_view, Document, std::size_t) const override { std::abort(); }
  std::vector<store::Version> history_after(model::TypeId, std::string_view, Document, std::size_t) const override {
    std::abort();
  }
  std::uint64_t count_history(model::TypeId, std::string_view, Document, Document) const override { std::abort(); }
  std::vector<store::Version> documents(Document, Document, std::span<const model::TypeId>, store::Order,
                                        std::size_t) const override {
    std::abort();
  }
  std::uint64_t count_documents(Document, Document, std::span<const model::TypeId>) const override { std::abort(); }
  std::vector<store::Version> by_id(model::TypeId, std::string_view, bool, std::size_t) const override { std::abort(); }
  store::Commit last_commit() const override { return last; }
  Document first_since(std::int64_t) const override { std::abort(); }
  Document first_after(store::Commit) const override { std::abort(); }
  std::shared_ptr<void> observe(std::function<void()>) override { std::abort(); }
  std::optional<std::string> find_reply(std::string_view) const override { std::abort(); }
  std::unique_ptr<store::BlobUpload> begin_blob() override { std::abort(); }
  std::optional<store::Blob> blob(Document) const override { std::abort(); }
  void read_blob(const store::Blob&, std::uint64_t, std::size_t, std::string&) const override { std::abort(); }
  void sweep_blob(std::uint64_t) override { std::abort(); }
  std::optional<Rendered> render(Document) const override { std::abort(); }
  Rendered rendered(const store::Stored&) const override { std::abort(); }
  std::optional<Rendered> read(model::TypeId, std::string_view) const override { std::abort(); }
  std::optional<Rendered> cached(model::TypeId, std::string_view) const override { std::abort(); }
  store::Engine& engine() override { std::abort(); }
  std::vector<Document> erased() const override { return {}; }
  bool revives(const store::Version&) const override { std::abort(); }
  Document replaced_by(Document) const override { std::abort(); }
  void erase(store::Erasure, store::Completion) override { std::abort(); }
  CheckReport check() const override { std::abort(); }

 private:
  const Shapes& shapes_;
  mutable std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> meta_;
};

void row(const std::string& what, const std::string& value) { fmt::print("| {} | {} |\n", what, value); }

// Writes documents in groups; the time is that of stage() and publish() alone.
void write(ShapeStore& store, const Shapes& shapes, std::uint64_t documents, std::size_t group, bool print) {
  struct Made {
    store::Version version;
    std::shared_ptr<const DocumentTerms> terms;
  };
  double inside = 0, longest = 0, longest_cpu = 0;
  const double process = cpu_of(CLOCK_PROCESS_CPUTIME_ID), own = cpu_of(CLOCK_THREAD_CPUTIME_ID);
  double making = 0;
  const auto begun = Clock::now();
  for (std::uint64_t done = 0; done < documents; done += group) {
    const double before = cpu_of(CLOCK_THREAD_CPUTIME_ID);
    std::vector<Made> made;
    for (std::size_t i = 0; i < group; ++i)
      made.push_back({shapes.version(store.last + 1 + i), shapes.terms(store.last + 1 + i)});
    making += cpu_of(CLOCK_THREAD_CPUTIME_ID) - before;
    const double cpu = cpu_of(CLOCK_THREAD_CPUTIME_ID);
    const auto start = Clock::now();
    for (const Made& one : made) store.index->stage(one.version, one.terms);
    store.last += group;
    store.index->publish();
    const double took = seconds_since(start);
    inside += took;
    if (took > longest) {
      longest = took;
      longest_cpu = cpu_of(CLOCK_THREAD_CPUTIME_ID) - cpu;
    }
  }
  if (!print) return;
  const auto n = static_cast<double>(documents);
  const double mine = cpu_of(CLOCK_THREAD_CPUTIME_ID) - own - making;
  const double all = cpu_of(CLOCK_PROCESS_CPUTIME_ID) - process - making;
  row(fmt::format(
          "groups of {}: publish, µs a document (longest group, ms: of that CPU); CPU µs a document: writer / all threads",
          group),
      fmt::format("{:.2f} ({:.1f}: {:.1f}); {:.2f} / {:.2f}; {:.0f} documents/s", inside / n * 1e6, longest * 1e3,
                  longest_cpu * 1e3, mine / n * 1e6, all / n * 1e6, n / seconds_since(begun)));
}

template <typename Fn>
double micros(Fn&& fn) {
  int rounds = 0;
  const auto start = Clock::now();
  do {
    fn(rounds);
    ++rounds;
  } while (rounds < 5 || (seconds_since(start) < 0.3 && rounds < 100000));
  return seconds_since(start) / rounds * 1e6;
}

void reads(const View& view, const Shapes& shapes) {
  const auto type = shapes.observation_type();
  const IndexKey code{type, shapes.observation().tokens[0]}, rare{type, shapes.observation().tokens[5]},
      own{type, shapes.observation().tokens[7]};
  const IndexKey patient{type, shapes.observation().references[0]}, date{type, shapes.observation().dates[0]};
  std::vector<std::uint64_t> bitmap, other;
  std::uint64_t documents = 0;
  // Calls fn(segment, slot, range) where a segment has terms of the scan.
  const auto each = [&](IndexKey key, const Scan& scan, auto&& fn) {
    for (auto at = view.segments().rbegin(); at != view.segments().rend(); ++at) {
      const int slot = (*at)->slot(key);
      if (slot < 0) continue;
      const Ordinals range = (*at)->find(slot, scan);
      if (range.first < range.last && !fn(**at, slot, range)) return;
    }
  };
  const auto term_of = [&](IndexKey key, Document document, int nth) {
    std::string found;
    const auto made = shapes.terms(document);
    for (const auto& term : made->terms)
      if (term.parameter == key.parameter && term.bytes[0] == tag_value && nth-- == 0) found = term.bytes;
    return found;
  };
  Document sample = view.last() / 2;
  while (shapes.type(sample) != type) ++sample;
  const auto somewhere = [&](int round) {
    Document document = 1 + mix(static_cast<std::uint64_t>(round) + 17) % view.last();
    while (shapes.type(document) != type) document = document % view.last() + 1;
    return document;
  };
  const Scan broad = exact_scan(std::string("\x03http://loinc.org"));
  std::uint64_t sum = 0;
  const auto united = [&](IndexKey key, const Scan& scan, bool alive) {
    sum = 0;
    each(key, scan, [&](const Segment& segment, int slot, Ordinals range) {
      bitmap.assign((segment.size() + 63) / 64, 0);
      segment.unite(slot, range, bitmap);
      if (alive) view.restrict_alive(segment, view.last(), bitmap);
      for (const auto word : bitmap) sum += static_cast<std::uint64_t>(__builtin_popcountll(word));
      return true;
    });
  };
  double took = micros([&](int) {
    sum = 0;
    each(code, broad, [&](const Segment& segment, int slot, Ordinals range) {
      sum += segment.count(slot, range);
      return true;
    });
  });
  documents = sum;
  row("count a broad term, heads only, µs", fmt::format("{:.1f} ({} documents)", took, documents));
  took = micros([&](int) { united(code, broad, true); });
  row("count a broad term, alive, µs",
      fmt::format("{:.0f} ({:.0f} million documents/s)", took, static_cast<double>(documents) / took));
  const Scan middling = exact_scan(term_of(code, sample, 0));
  took = micros([&](int) { united(code, middling, true); });
  row("count a term of an eighth, alive, µs",
      fmt::format("{:.0f} ({} documents: {:.0f} million/s)", took, sum, static_cast<double>(sum) / took));
  const auto newest = [&](IndexKey key, const Scan& scan) {
    std::vector<std::uint32_t> out(20);
    std::size_t have = 0;
    each(key, scan, [&](const Segment& segment, int slot, Ordinals range) {
      std::uint32_t under = segment.size();
      while (have < 20) {
        const std::size_t got = segment.newest(slot, range.first, under, out);
        if (got == 0) break;
        for (std::size_t i = 0; i < got; ++i) have += view.alive(segment.base() + out[i]);
        under = out[got - 1];
      }
      return have < 20;
    });
    return have;
  };
  row("20 newest of a broad / a rare term, µs",
      fmt::format("{:.2f} / {:.2f}", micros([&](int) { newest(code, broad); }),
                  micros([&](int i) { newest(rare, exact_scan(term_of(rare, somewhere(i % 50), 0))); })) +
          " (the rare one's term is made anew each time)");
  const double making = micros([&](int i) { term_of(own, somewhere(i), 0); });
  took = micros([&](int i) { newest(own, exact_scan(term_of(own, somewhere(i), 0))); });
  row("unique term over all segments, µs", fmt::format("{:.2f}", took - making));
  took = micros([&](int i) { newest(own, exact_scan(term_of(own, somewhere(i), 0) + "x")); });
  row("unique term that is nowhere, µs", fmt::format("{:.2f}", took - making));
  took = micros([&](int i) {
    const Scan person = exact_scan(term_of(patient, somewhere(i), 0));
    std::vector<std::uint32_t> listed, ordinals;
    sum = 0;
    each(patient, person, [&](const Segment& segment, int slot, Ordinals range) {
      const int codes = segment.slot(code);
      const Ordinals wanted = segment.find(codes, middling);
      listed.clear();
      segment.postings(slot, range.first, listed);
      for (const auto offset : listed) {
        if (!view.alive(segment.base() + offset)) continue;
        ordinals.clear();
        segment.ordinals_of(codes, offset, ordinals);
        for (const auto ordinal : ordinals) sum += ordinal >= wanted.first && ordinal < wanted.last;
      }
      return true;
    });
  });
  row("patient and code by the column, µs", fmt::format("{:.1f} ({} found)", took - making, sum));
  took = micros([&](int i) {
    const std::uint64_t from = (7000 + mix(static_cast<std::uint64_t>(i)) % 9900) * 86400000;
    Scan days;
    days.low = std::string(1, tag_value) + '\0' + Shapes::big_endian(from);
    days.high = std::string(1, tag_value) + '\0' + Shapes::big_endian(from + 60ull * 86400000);
    sum = 0;
    each(date, days, [&](const Segment& segment, int slot, Ordinals range) {
      const int codes = segment.slot(code);
      const Ordinals wanted = segment.find(codes, middling);
      bitmap.assign((segment.size() + 63) / 64, 0);
      other.assign(bitmap.size(), 0);
      segment.unite(slot, range, bitmap);
      segment.unite(codes, wanted, other);
      for (std::size_t w = 0; w < bitmap.size(); ++w) bitmap[w] &= other[w];
      view.restrict_alive(segment, view.last(), bitmap);
      for (const auto word : bitmap) sum += static_cast<std::uint64_t>(__builtin_popcountll(word));
      return true;
    });
  });
  row("60 days and code by bitmaps, µs", fmt::format("{:.0f} ({} found)", took, sum));
  for (const Document back : {1000u, 60000u})
    if (back < view.last()) {
      took = micros([&](int) {
        sum = 0;
        for (const auto& segment : view.segments()) {
          bitmap.assign((segment->size() + 63) / 64, ~std::uint64_t{0});
          view.restrict_alive(*segment, view.last() - back, bitmap);
        }
      });
      row(fmt::format("alive of all documents, as of {} ago, µs", back), fmt::format("{:.0f}", took));
    }
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t documents = argc > 1 ? std::stoull(argv[1]) : 100000;
  const std::string directory = argc > 2 ? argv[2] : (std::filesystem::temp_directory_path() / "kiln-bench-index").string();
  std::filesystem::remove_all(directory);
  const Shapes shapes;
  ShapeStore store(shapes);
  const Index::Reextract extract = [&](const store::Version& version, std::string_view, store::Hole) {
    return shapes.terms(version.document);
  };
  const auto open = [&] {
    auto index = Index::open(store, model::r4(), {directory}, extract);
    if (!index) std::abort();
    return std::move(*index);
  };
  auto index = open();
  fmt::print("| {} documents of {} terms | |\n|---|---|\n", documents, shapes.terms(1000)->terms.size());
  write(store, shapes, documents, 1000, true);
  for (const auto& [group, count] : {std::pair{64u, 64000u}, {16u, 32000u}, {1u, 8000u}})
    write(store, shapes, count, group, true);
  auto figures = index->figures();
  row("segments: files / in memory", fmt::format("{} / {}", figures.disk_segments, figures.memory_segments));
  // Until the lanes have nothing more to merge.
  index->flush();
  for (auto before = figures.disk_segments + 1; before != index->figures().disk_segments;) {
    before = index->figures().disk_segments;
    std::this_thread::sleep_for(std::chrono::milliseconds(4000));
  }
  figures = index->figures();
  row("when quiet: files / in memory; index bytes a document",
      fmt::format("{} / {}; {:.1f}", figures.disk_segments, figures.memory_segments,
                  static_cast<double>(figures.disk_bytes + figures.memory_bytes) / static_cast<double>(store.last)));
  reads(*index->view(), shapes);
  index.reset();
  auto start = Clock::now();
  index = open();
  row("start after a stop, ms", fmt::format("{:.1f}", seconds_since(start) * 1e3));
  write(store, shapes, 8000, 64, false);
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  row("largest resident memory, MB", fmt::format("{}", usage.ru_maxrss / 1024));
  index.reset();
  if (argc <= 2) std::filesystem::remove_all(directory);
}
