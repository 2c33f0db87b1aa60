// Index: segments, memory runs and the alive set, following the store's writer.
//
// README.md has the file format. A View is one frozen, immutable state: taken by a reader in O(1), valid as long as it is held,
// never blocking the writer.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "search/scan.h"

namespace search {

using store::Document;

// Terms [first, last) of one parameter's dictionary in one segment, by ordinal.
struct Ordinals {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
};

// One immutable run over documents [base, base + size). Reads are from mapped or owned bytes; any thread.
class Segment {
 public:
  virtual ~Segment() = default;
  Document base() const { return base_; }
  std::uint32_t size() const { return size_; }  // documents covered (numbers, of all types, tombstones included)

  // The types of its documents, in no order; what the schema does not know is no_type among them.
  virtual std::span<const model::TypeId> types() const = 0;
  virtual model::TypeId type_of(std::uint32_t offset) const = 0;  // of a document; of a tombstone no_type
  // A parameter's slot in this segment, -1 if no document here has it. O(log parameters).
  virtual int slot(IndexKey key) const = 0;
  virtual std::uint32_t term_count(int slot) const = 0;
  // The ordinals in [low, high) of a scan (its predicate not applied). A unique scan consults the Bloom filter first.
  virtual Ordinals find(int slot, const Scan& scan) const = 0;
  // Calls fn(ordinal, term, posting count) for ordinals [range) in order until it returns false.
  virtual void each_term(
      int slot, Ordinals range,
      const std::function<bool(std::uint32_t ordinal, std::string_view term, std::uint32_t count)>& fn) const = 0;
  virtual void append_term(int slot, std::uint32_t ordinal, std::string& out) const = 0;
  // Sum of posting counts over the range, from block heads where a block is whole: cheap.
  virtual std::uint64_t count(int slot, Ordinals range) const = 0;
  // ORs the postings of the ordinals into a bitmap of size() bits (64-bit words, bit i is document base() + i).
  virtual void unite(int slot, Ordinals range, std::span<std::uint64_t> bitmap) const = 0;
  // The postings of one term, newest first, from offset `below` (exclusive) down: fills `out`, returns how many. For early stops.
  virtual std::size_t newest(int slot, std::uint32_t ordinal, std::uint32_t below, std::span<std::uint32_t> out) const = 0;
  // All postings of one term, ascending offsets, appended.
  virtual void postings(int slot, std::uint32_t ordinal, std::vector<std::uint32_t>& out) const = 0;
  virtual bool contains(int slot, std::uint32_t ordinal, std::uint32_t offset) const = 0;

  // The column: ordinals of the terms that the document at `offset` has in this parameter, appended ascending. O(1) and a few
  // bytes read.
  virtual bool has_column(int slot) const = 0;
  // No document has two terms of this parameter, the presence term (ordinal 0) apart. False where it is not known.
  virtual bool single_valued(int slot) const = 0;
  virtual void ordinals_of(int slot, std::uint32_t offset, std::vector<std::uint32_t>& out) const = 0;

 protected:
  Document base_ = 0;
  std::uint32_t size_ = 0;
};

// Which documents are alive (current and no tombstone) at one moment. Flat bitset in chunks shared between views.
class View {
 public:
  virtual ~View() = default;
  Document last() const { return last_; }  // newest document covered: the present moment
  std::span<const std::shared_ptr<const Segment>> segments() const { return segments_; }  // oldest first, adjacent
  virtual bool alive(Document document) const = 0;                                        // now
  // ANDs the alive bits of the segment's documents, as of `moment` (documents above it do not exist then), into a bitmap of
  // segment.size() bits.
  virtual void restrict_alive(const Segment& segment, Document moment, std::span<std::uint64_t> bitmap) const = 0;
  virtual bool alive_at(Document document, Document moment) const = 0;

 protected:
  Document last_ = 0;
  std::vector<std::shared_ptr<const Segment>> segments_;
};

// The writer's side and the background lane.
class Index : public store::IndexListener {
 public:
  struct Options {
    std::string directory;                 // empty: memory only
    std::uint64_t flush_bytes = 8u << 20;  // of memory segments
    std::uint32_t flush_documents = 8192;  // or so many documents: bounds what a start must extract again
  };
  // `extract` makes the terms of a stored body again (documents beyond the manifest); several threads call it. Catches up with
  // the store and becomes its listener before returning. The store and the schema outlive the index; nothing is written to the
  // store while the index is destroyed.
  using Reextract =
      std::function<std::shared_ptr<const DocumentTerms>(const store::Version&, std::string_view stored_body, store::Hole hole)>;
  static model::Result<std::unique_ptr<Index>> open(store::Store& store, const model::Schema& schema, Options options,
                                                    Reextract extract);
  ~Index() override = default;

  virtual std::shared_ptr<const View> view() const = 0;  // any thread, O(1)
  // Versions staged but not yet published, on the writer's thread: (version, terms or null for a tombstone), and what they
  // superseded is no longer alive.
  struct Staged {
    store::Version version;
    std::shared_ptr<const DocumentTerms> terms;
  };
  // Staged documents that hold a term of the clause's unique scans (by hash: matches() decides), or all staged of its type where
  // a scan is no unique one or the clause is negated. In document order; superseded ones too. Valid until publish() or abandon().
  virtual void staged(const Clause& clause, std::vector<const Staged*>& out) const = 0;
  virtual bool staged_superseded(Document document) const = 0;  // superseded by something staged

  // Writes what is in memory to a file now, or fails to (figures() says why). Not on the writer's thread: the manifest is a write
  // to the store.
  virtual void flush() = 0;
  // Faults found: checksums and structure of all segments, documents and alive bits against the store, terms of a sample
  // extracted again.
  virtual std::vector<std::string> check() const = 0;
  // Paths of the files that the newest manifest names. They stay on disk as long as a view taken before is held.
  virtual std::vector<std::string> files() const = 0;
  struct Figures {
    std::uint64_t disk_bytes, memory_bytes, disk_segments, memory_segments;
    std::uint64_t memory_documents = 0;  // not in a file yet
    std::uint64_t failed_writes = 0;     // flushes and merges that failed (a full disk) since the last that did not
    std::string failure;                 // why the last one failed
  };
  virtual Figures figures() const = 0;
};

}  // namespace search
