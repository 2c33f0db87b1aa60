#include "store/compact.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <set>

#include "store/blob_rows.h"
#include "store/directory.h"
#include "store/packer.h"
#include "store/record.h"
#include "store/store.h"
#include "store/trainer.h"

namespace store {

namespace {

constexpr std::size_t batch_entries = 4096;    // read under one snapshot, written in one transaction ...
constexpr std::size_t batch_bytes = 4u << 20;  // ... or so many bytes
constexpr Document fewest_to_train = 2000;

using Entries = std::vector<std::pair<std::string, std::string>>;

// The entries of a space from `key` on (exclusive, but at first); false: there are no more.
bool read_entries(const Engine& source, Space space, std::string& key, Entries& out) {
  out.clear();
  const auto snapshot = source.snapshot();
  const auto cursor = snapshot->cursor(space);
  bool there = cursor->seek(key);
  if (there && !key.empty() && cursor->key() == key) there = cursor->next();
  for (std::size_t bytes = 0; there && out.size() < batch_entries && bytes < batch_bytes; there = cursor->next()) {
    out.emplace_back(cursor->key(), cursor->value());
    bytes += out.back().first.size() + out.back().second.size();
  }
  if (!out.empty()) key = out.back().first;
  return !out.empty();
}

class Rewriting {
 public:
  Rewriting(const Engine& source, Engine& target, const std::vector<std::string>& derived)
      : source_(source), target_(target), derived_(derived) {}

  model::Result<Compaction> run() {
    load();
    if (auto trained = train(); !trained) return trained.error();
    for (std::size_t i = 0; i < space_count; ++i) {
      if (auto copied = copy(static_cast<Space>(i)); !copied) return copied.error();
    }
    done_.bytes_before = source_.size_bytes();
    done_.bytes_after = target_.size_bytes();
    return done_;
  }

 private:
  void load() {
    const auto snapshot = source_.snapshot();
    for (const auto number : marked_blobs(*snapshot)) marked_.insert(number);
    for (std::size_t number = Packer::first_dictionary; const auto bytes = snapshot->get(Space::meta, dictionary_key(number));
         ++number) {
      if (!old_.add_dictionary(*bytes)) throw EngineError("a dictionary of its bodies does not read");
    }
  }

  // A dictionary is made of bodies, so the old ones may hold what was erased: a new one, from those that are left.
  model::Result<void> train() {
    Document last = 0;
    {
      const auto snapshot = source_.snapshot();
      const auto cursor = snapshot->cursor(Space::documents);
      if (cursor->last()) last = parse_document_key(cursor->key());
    }
    if (last < fewest_to_train) return {};
    const std::atomic<bool> stop{false};
    const auto sample = [this](Document document) {
      const auto snapshot = source_.snapshot();
      Record record;
      std::string body;
      if (!find_record(*snapshot, document, record) || record.packed.empty() || !old_.unpack(record.packed, body)) body.clear();
      return body;
    };
    const std::string dictionary = train_dictionary(sample_bodies(last, sample, stop));
    if (dictionary.empty() || !fresh_.add_dictionary(dictionary)) return {};
    return target_.write([&](Transaction& out) { out.put(Space::meta, dictionary_key(Packer::first_dictionary), dictionary); });
  }

  // Pieces that no version has, and the marks that say so.
  bool swept(std::string_view key) const {
    if (key.size() < 9 || key.front() == 0) return false;
    return marked_.contains(parse_document_key(key.substr(1, 8)));
  }

  bool left_out(std::string_view name) const {
    if (name.starts_with("dictionary.")) return true;
    for (const std::string& each : derived_) {
      if (name == "user." + each) return true;
    }
    return false;
  }

  std::string repack(std::string_view key, std::string_view value) {
    const Document document = parse_document_key(key);
    Record record;
    if (!decode_record(document, value, record)) throw EngineError("document " + std::to_string(document) + " is damaged");
    ++done_.documents;
    done_.erased += record.header.erased ? 1 : 0;
    if (record.packed.empty()) return std::string(value);
    if (!old_.unpack(record.packed, body_)) throw EngineError("the body of document " + std::to_string(document) + " is damaged");
    return encode_record(record.header, record.id, fresh_.pack(body_));
  }

  model::Result<void> copy(Space space) {
    std::string key;
    Entries entries;
    while (read_entries(source_, space, key, entries)) {
      if (space == Space::meta) std::erase_if(entries, [this](const auto& entry) { return left_out(entry.first); });
      if (space == Space::blobs) std::erase_if(entries, [this](const auto& entry) { return swept(entry.first); });
      if (space == Space::documents) {
        for (auto& [document, value] : entries) value = repack(document, value);
      }
      const auto written = target_.write([&](Transaction& out) {
        for (const auto& [name, value] : entries) {
          if (space == Space::meta) {
            out.put(space, name, value);
          } else {
            out.append(space, name, value);  // full pages
          }
        }
      });
      if (!written) return written;
    }
    return {};
  }

  const Engine& source_;
  Engine& target_;
  const std::vector<std::string>& derived_;
  Packer old_, fresh_;
  std::string body_;
  std::set<std::uint64_t> marked_;
  Compaction done_;
};

model::Failure swap_failure(const std::string& what) {
  return model::failure(model::FailureKind::internal, model::IssueCode::exception, what + ": " + std::strerror(errno));
}

}  // namespace

model::Result<Compaction> rewrite(const Engine& source, Engine& target, const std::vector<std::string>& derived) {
  try {
    return Rewriting(source, target, derived).run();
  } catch (const EngineError& error) {
    return model::failure(model::FailureKind::internal, model::IssueCode::exception,
                          "the store (" + source.name() + ") is damaged: " + error.what());
  }
}

model::Result<Compaction> compact(const std::string& directory, const model::Schema& schema,
                                  const std::vector<std::string>& derived) {
  const std::string beside = directory + "/" + compaction_folder;
  LmdbOptions options;
  options.directory = directory;
  {  // brings an older format up to this one, and refuses a newer one
    auto engine = open_lmdb(options);
    if (!engine) return engine.error();
    auto store = Store::open(std::move(*engine), schema);
    if (!store) return store.error();
  }
  auto source = open_lmdb(options);
  if (!source) return source.error();
  const auto readers = (*source)->foreign_readers();
  if (readers != 0) {
    return model::failure(
        model::FailureKind::unavailable, model::IssueCode::lock_error,
        "the store in " + directory + " is being read by another process (a backup?); try again when it is done");
  }
  options.directory = beside;
  auto target = open_lmdb(options);
  if (!target) return target.error();
  auto done = rewrite(**source, **target, derived);
  target->reset();  // every commit of it is on disk
  if (done) {
    // Readers of the old file keep it, with its lock file, to their end; whoever opens the store from now on makes a new one.
    unlink((directory + "/lock.mdb").c_str());
    if (std::rename((beside + "/data.mdb").c_str(), (directory + "/data.mdb").c_str()) != 0 || !sync_directory(directory)) {
      done = swap_failure("cannot put the new file in the old one's place in " + directory);
    }
  }
  remove_compaction(directory);
  return done;
}

}  // namespace store
