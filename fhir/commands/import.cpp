// kiln import: Bundles, resources and NDJSON into a data directory (no server needed) or a server, over several connections.
//
// Chunks go in as transactions, several at a time. Entries that a refused transaction names are taken out and the rest is sent
// again; they get another try at the end, when what they refer to may be in; then they are reported with file, line and reason.

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <set>
#include <thread>

#include "fhir/commands/import_answer.h"
#include "fhir/commands/import_journal.h"
#include "fhir/commands/import_source.h"
#include "fhir/commands/import_target.h"
#include "fhir/commands/node.h"
#include "fhir/commands/table.h"
#include "resources-gen/formats/json.h"

namespace commands {
namespace {

using Clock = std::chrono::steady_clock;

struct ImportOptions {
  std::string data = "./data";
  std::string server, ca_file;
  std::vector<std::string> files;
  std::string journal, refused;
  bool resume = false;
  unsigned connections = 0;
};

// Types that others refer to come first, so that conditional references find them without a second try.
int rank(const std::string& path) {
  const auto name = std::filesystem::path(path).filename().string();
  static const char* const order[] = {"Organization",           "Location", "Practitioner.",
                                      "PractitionerRole",       "Patient",  "hospitalInformation",
                                      "practitionerInformation"};
  for (int i = 0; i < static_cast<int>(std::size(order)); ++i) {
    if (name.rfind(order[i], 0) == 0) return i;
  }
  return 100;
}

class Import final : public LargeContents {
 public:
  Import(ImportOptions options, ImportJournal& journal) : options_(std::move(options)), journal_(journal) {}

  int run(const std::function<model::Result<std::unique_ptr<ImportTarget>>()>& make_target) {
    std::stable_sort(options_.files.begin(), options_.files.end(),
                     [](const auto& a, const auto& b) { return rank(a) < rank(b); });
    for (const auto& path : options_.files) {
      if (const auto changed = journal_.changed(path)) return report(*changed);
    }
    refused_.open(options_.refused, std::ios::trunc);
    if (!refused_) {
      std::fprintf(stderr, "kiln: '%s', where refused resources are told, cannot be written\n", options_.refused.c_str());
      return 1;
    }
    for (const auto& path : options_.files) {
      std::error_code absent;
      total_bytes_ += std::filesystem::file_size(path, absent);
      names_[journal_.file(path)] = path;
    }
    std::vector<std::unique_ptr<ImportTarget>> targets;
    for (unsigned i = 0; i < options_.connections; ++i) {
      auto target = make_target();
      if (!target) return report(target.error());
      targets.push_back(std::move(*target));
    }
    started_ = last_shown_ = Clock::now();
    ImportSourceOptions source;
    source.stamp = journal_.stamp();
    auto large_target = make_target();
    if (!large_target) return report(large_target.error());
    large_target_ = std::move(*large_target);
    std::vector<std::thread> threads;
    for (auto& target : targets) threads.emplace_back([this, &target] { take(*target); });
    for (const auto& path : options_.files) {
      const auto before = read_bytes_;
      const auto read = read_import_file(
          path, journal_.file(path), source, [this](ImportChunk chunk) { return queue(std::move(chunk)); },
          [this](const Refusal& refusal) { refuse(refusal); }, *this,
          [this, before](std::uint64_t bytes) {
            read_bytes_ = before + bytes;
            show(false);
          });
      if (!read) {
        report(read.error());
        unreadable_ = true;
      }
    }
    finish(threads);
    retry_deferred(*targets.front());
    show(true);
    const double seconds = std::chrono::duration<double>(Clock::now() - started_).count();
    std::printf("imported %llu resources in %.1f s (%.0f/s), %llu refused", static_cast<unsigned long long>(stored_), seconds,
                static_cast<double>(stored_) / std::max(seconds, 0.001), static_cast<unsigned long long>(refusals_));
    if (skipped_ > 0) std::printf(", %llu were in already", static_cast<unsigned long long>(skipped_));
    std::printf("%s\n", refusals_ > 0 ? (": see " + options_.refused).c_str() : "");
    if (broken_) std::fprintf(stderr, "kiln: %s: run again with --continue\n", broken_reason_.c_str());
    return refusals_ > 0 || broken_ || unreadable_ ? 1 : 0;
  }

  // Large contents go in one after another, by the thread that reads, beside the transactions.
  bool begin(std::uint32_t file, std::uint64_t number) override {
    large_file_ = file;
    large_number_ = number;
    content_ = nullptr;
    if (!journal_.done(file, number)) return true;
    ++skipped_;
    return false;
  }
  model::Result<void> take(std::string_view content) override {
    if (!content_) content_ = large_target_->begin_large();
    if (!content_) {
      return model::failure(
          model::FailureKind::too_large, model::IssueCode::too_long,
          "The content is too large to be sent within a transaction: import it into a data directory, or PUT it raw");
    }
    std::promise<model::Result<void>> taken;
    content_->take(content, [&](model::Result<void> result) { taken.set_value(std::move(result)); });
    return taken.get_future().get();
  }
  bool finish(std::uint64_t line, const std::string& id, const std::string& resource) override {
    const auto content = std::exchange(content_, nullptr);
    if (journal_.resumed()) {
      const auto found = large_target_->stored_since("Binary", id, journal_.stamp());
      if (found && *found) {
        ++skipped_;
        return true;
      }
    }
    const auto answer = large_target_->put_large(id, resource, content);
    if (!answer || answer->status >= 500) {
      return give_up(answer ? model::failure(model::FailureKind::unavailable, model::IssueCode::transient,
                                             fmt::format("The server answers {}", answer->status))
                            : answer.error());
    }
    if (answer->status < 300) {
      ++stored_;
    } else {
      std::string reasons;
      faulty_entries(answer->body, reasons);
      refuse({large_file_, line, "Binary", id, reasons});
    }
    journal_.mark(large_file_, large_number_);
    return true;
  }

 private:
  bool queue(ImportChunk chunk) {
    if (journal_.resumed()) {
      for (auto& entry : chunk.entries) entry.again = !entry.id.empty() && !seen_.insert(entry.type + "/" + entry.id).second;
    }
    if (journal_.done(chunk.file, chunk.number)) {
      skipped_ += chunk.entries.size();
      return true;
    }
    const auto names = names_of(chunk);
    std::unique_lock lock(mutex_);
    // A resource that comes more than once is stored in the order of the files: the later waits for the earlier.
    space_.wait(lock, [&] { return broken_ || (chunks_.size() < 4 * options_.connections && !any_in(under_way_, names)); });
    if (broken_) return false;
    if (any_in(put_off_, names)) {
      put_off_.insert(names.begin(), names.end());
      deferred_.push_back(std::move(chunk));
      return true;
    }
    under_way_.insert(names.begin(), names.end());
    chunks_.push_back(std::move(chunk));
    ready_.notify_one();
    return true;
  }

  using Names = std::set<std::string>;  // "Patient/1"

  // What the chunk writes, as far as it says so.
  static Names names_of(const ImportChunk& chunk) {
    Names names;
    for (const auto& entry : chunk.entries) {
      if (!entry.id.empty()) names.insert(entry.type + "/" + entry.id);
    }
    return names;
  }

  static bool any_in(const Names& some, const Names& names) {
    return !some.empty() && std::any_of(names.begin(), names.end(), [&](const auto& name) { return some.contains(name); });
  }

  // Another try at the end; what comes later of the same resources waits for it. With mutex_ held.
  void defer(ImportChunk chunk) {
    put_off_.merge(names_of(chunk));
    deferred_.push_back(std::move(chunk));
  }

  void finish(std::vector<std::thread>& threads) {
    {
      std::lock_guard lock(mutex_);
      ended_ = true;
    }
    ready_.notify_all();
    for (auto& thread : threads) thread.join();
  }

  void take(ImportTarget& target) {
    for (;;) {
      ImportChunk chunk;
      {
        std::unique_lock lock(mutex_);
        ready_.wait(lock, [this] { return ended_ || broken_ || !chunks_.empty(); });
        if (broken_ || chunks_.empty()) return;
        chunk = std::move(chunks_.front());
        chunks_.pop_front();
        space_.notify_one();
      }
      const auto file = chunk.file;
      const auto number = chunk.number;
      const auto names = names_of(chunk);
      if (journal_.resumed() && !drop_stored(target, chunk)) return;
      if (send(target, std::move(chunk), true)) journal_.mark(file, number);
      std::lock_guard lock(mutex_);
      for (const auto& name : names) under_way_.erase(name);
      space_.notify_one();
    }
  }

  // Takes out what an interrupted run has already stored. False: no answer.
  bool drop_stored(ImportTarget& target, ImportChunk& chunk) {
    if (chunk.whole) {
      // All or nothing: one entry tells for all.
      const auto known = std::find_if(chunk.entries.begin(), chunk.entries.end(),
                                      [](const ImportEntry& e) { return !e.id.empty() && !e.again; });
      if (known == chunk.entries.end()) return true;
      const auto found = target.stored_since(known->type, known->id, journal_.stamp());
      if (!found) return give_up(found.error());
      if (*found) {
        skipped_ += chunk.entries.size();
        chunk.entries.clear();
      }
      return true;
    }
    std::vector<ImportEntry> left;
    for (auto& entry : chunk.entries) {
      if (!entry.id.empty() && !entry.again) {  // one that comes again may be the earlier that is stored
        const auto found = target.stored_since(entry.type, entry.id, journal_.stamp());
        if (!found) return give_up(found.error());
        if (*found) {
          ++skipped_;
          continue;
        }
      }
      left.push_back(std::move(entry));
    }
    chunk.entries = std::move(left);
    return true;
  }

  bool give_up(const model::Failure& failure) {
    std::lock_guard lock(mutex_);
    broken_ = true;
    broken_reason_ = failure.issues.empty() ? "no answer" : failure.issues.list().front().diagnostics;
    ready_.notify_all();
    space_.notify_all();
    return false;
  }

  // Sends a chunk; true if all of it is in or refused for good. `may_defer`: entries that fail get another try at the end.
  bool send(ImportTarget& target, ImportChunk chunk, bool may_defer) {
    bool complete = true;
    for (int attempt = 0; !chunk.entries.empty();) {
      auto answer = target.post(chunk.bundle());
      if (!answer || answer->status >= 500) {
        if (++attempt >= 6) {
          return give_up(answer ? model::failure(model::FailureKind::unavailable, model::IssueCode::transient,
                                                 fmt::format("The server answers {}", answer->status))
                                : answer.error());
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(100 << attempt));
        if (!drop_stored(target, chunk)) continue;  // still no answer: counts as an attempt
        continue;
      }
      if (answer->status < 300) {
        if (chunk.bundle_type == "batch") {
          count_batch(chunk, answer->body);
        } else {
          stored_ += chunk.entries.size();
        }
        return complete;
      }
      std::string all;
      const auto faulty = faulty_entries(answer->body, all);
      if (chunk.whole) {
        // Its author's transaction is all or nothing.
        if (may_defer) {
          std::lock_guard lock(mutex_);
          defer(std::move(chunk));
          return false;
        }
        for (const auto& entry : chunk.entries) refuse({entry.file, entry.line, entry.type, entry.id, all});
        return true;
      }
      std::vector<ImportEntry> left;
      if (faulty.empty() && chunk.entries.size() > 1) {
        // The answer names no entry: halve until it is found.
        ImportChunk half = chunk;
        const auto middle = static_cast<std::ptrdiff_t>(chunk.entries.size() / 2);
        half.entries.erase(half.entries.begin(), half.entries.begin() + middle);
        chunk.entries.resize(static_cast<std::size_t>(middle));
        if (!send(target, std::move(half), may_defer)) complete = false;
        continue;
      }
      for (std::size_t i = 0; i < chunk.entries.size(); ++i) {
        auto& entry = chunk.entries[i];
        const auto found = faulty.find(i);
        if (found == faulty.end() && !(faulty.empty() && chunk.entries.size() == 1)) {
          left.push_back(std::move(entry));
        } else if (may_defer) {
          ImportChunk alone;
          alone.file = chunk.file;
          alone.number = chunk.number;
          alone.entries.push_back(std::move(entry));
          complete = false;
          std::lock_guard lock(mutex_);
          defer(std::move(alone));
        } else {
          refuse({entry.file, entry.line, entry.type, entry.id, found == faulty.end() ? all : found->second});
        }
      }
      if (left.size() == chunk.entries.size()) {  // expressions beyond the Bundle: no progress
        for (const auto& entry : left) refuse({entry.file, entry.line, entry.type, entry.id, all});
        return complete;
      }
      chunk.entries = std::move(left);
    }
    return complete;
  }

  void count_batch(const ImportChunk& chunk, const std::string& body) {
    const auto parsed = formats::read_json(body, model::r4());
    if (parsed.tree.empty()) return;
    std::size_t index = 0;
    for (auto entry = parsed.tree.root().child("entry"); entry; entry = entry.next_sibling()) {
      if (entry.name() != "entry" || index >= chunk.entries.size()) continue;
      const auto& sent = chunk.entries[index++];
      const auto response = entry.child("response");
      const auto status = response ? response.child("status") : model::NodeRef();
      if (status && status.text().starts_with("2")) {
        ++stored_;
      } else {
        refuse({sent.file, sent.line, sent.type, sent.id, status ? std::string(status.text()) : "no status"});
      }
    }
  }

  // Rounds over what failed, as long as a round gets something in.
  void retry_deferred(ImportTarget& target) {
    while (!deferred_.empty() && !broken_) {
      auto round = std::move(deferred_);
      deferred_.clear();
      put_off_.clear();
      const auto before = stored_.load();
      for (auto& chunk : round) {
        if (broken_) return;
        if (any_in(put_off_, names_of(chunk))) {
          defer(std::move(chunk));
        } else {
          send(target, std::move(chunk), true);
        }
      }
      if (stored_ != before) continue;
      round = std::move(deferred_);
      deferred_.clear();
      for (auto& chunk : round) send(target, std::move(chunk), false);
      return;
    }
  }

  void refuse(const Refusal& refusal) {
    ++refusals_;
    std::string line = "{\"file\":";
    formats::append_string(line, names_[refusal.file]);
    line += ",\"line\":" + std::to_string(refusal.line) + ",\"resourceType\":";
    formats::append_string(line, refusal.type);
    line += ",\"id\":";
    formats::append_string(line, refusal.id);
    line += ",\"reason\":";
    formats::append_string(line, refusal.reason);
    std::lock_guard lock(refused_mutex_);
    refused_ << line << "}\n" << std::flush;
  }

  void show(bool last) {
    const auto now = Clock::now();
    const bool terminal = isatty(2) != 0;
    const auto every = terminal ? std::chrono::milliseconds(200) : std::chrono::milliseconds(5000);
    if (!last && now - last_shown_ < every) return;
    last_shown_ = now;
    if (last) {
      if (terminal) std::fprintf(stderr, "\r\033[K");
      return;
    }
    const double seconds = std::chrono::duration<double>(now - started_).count();
    const double share = total_bytes_ > 0 ? static_cast<double>(read_bytes_) / static_cast<double>(total_bytes_) : 1;
    const auto text = fmt::format("{} resources, {:.0f}/s, {:.0f} %, {:.0f} s left", stored_.load(),
                                  static_cast<double>(stored_) / std::max(seconds, 0.001), share * 100,
                                  share > 0 ? seconds / share - seconds : 0);
    std::fprintf(stderr, terminal ? "\r\033[K%s" : "%s\n", text.c_str());
  }

  ImportOptions options_;
  ImportJournal& journal_;
  std::unique_ptr<ImportTarget> large_target_;
  std::shared_ptr<rest::BodySink> content_;  // of the large Binary that is being read
  std::uint32_t large_file_ = 0;
  std::uint64_t large_number_ = 0;
  std::map<std::uint32_t, std::string> names_;
  std::mutex mutex_, refused_mutex_;
  std::condition_variable ready_, space_;
  std::deque<ImportChunk> chunks_;
  std::vector<ImportChunk> deferred_;
  Names under_way_, put_off_;  // what queued and deferred chunks write
  Names seen_;                 // of a resumed run: what chunks up to now write
  bool ended_ = false;
  std::atomic<bool> broken_{false};
  bool unreadable_ = false;
  std::string broken_reason_;
  std::ofstream refused_;
  std::atomic<std::uint64_t> stored_{0}, refusals_{0}, skipped_{0};
  std::uint64_t total_bytes_ = 0, read_bytes_ = 0;
  Clock::time_point started_, last_shown_;
};

int run_import(ImportOptions options) {
  const bool offline = options.server.empty();
  const auto beside = offline ? options.data + "/" : std::string("./kiln-");
  if (options.journal.empty()) options.journal = beside + "import.journal";
  if (options.refused.empty()) options.refused = beside + "import-refused.ndjson";
  if (options.connections == 0) options.connections = offline ? std::max(2u, std::thread::hardware_concurrency()) : 4;
  std::unique_ptr<Node> node;
  if (offline) {  // first: whoever holds the store may be writing the journal
    auto opened = Node::open(options.data, {});
    if (!opened) return report(opened.error());
    node = std::move(*opened);
  }
  const auto target = offline ? std::filesystem::absolute(options.data).lexically_normal().string() : options.server;
  auto journal = ImportJournal::open(options.journal, options.resume, target);
  if (!journal) return report(journal.error());
  Import import(options, **journal);
  return import.run([&]() -> model::Result<std::unique_ptr<ImportTarget>> {
    if (offline) return import_into(*node);
    return import_to(options.server, options.ca_file);
  });
}

}  // namespace

Run import(Options options) {
  auto given = std::make_shared<ImportOptions>();
  auto& o = *given;
  const auto data = options.add("--data", o.data, "Data directory, made if absent; no server may hold it");
  const auto server = options.add("--server", o.server, "Or a FHIR server's base URL: http://host:port/fhir");
  server.excludes(data);
  options.add("--ca-file", o.ca_file, "PEM certificates to verify an https server by").needs(server).existing_file();
  options.add("files", o.files, "Bundles, resources and NDJSON; also gzipped").required().existing_file();
  options.flag("--continue", o.resume, "Go on after an interruption: what is in stays in, nothing is doubled");
  options.add("--journal", o.journal, "File that remembers what is in; default import.journal in the data directory");
  options.add("--refused", o.refused, "File for refused resources with file, line and reason; default beside the journal");
  options.add("--connections", o.connections, "Bundles under way at once; 0: by the machine");
  return [given] { return run_import(*given); };
}

}  // namespace commands
