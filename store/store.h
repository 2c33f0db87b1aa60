// Store: every version of every resource, over an Engine.
//
// A version is a *document*; documents are numbered in commit order over all types, from 1, and never change. An operation is
// a function run by the one writer; all that are queued when it starts share one commit and one fsync, each on its own commit
// number. Thread-safe, except where said. Everything it returns is a copy.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "resources-gen/model/result.h"
#include "resources-gen/model/schema.h"
#include "store/blob.h"
#include "store/engine.h"

namespace store {

using Document = std::uint64_t;  // 1, 2, ...; 0 is none
using Commit = std::uint64_t;    // 1, 2, ...: one per operation that wrote

enum class Method : std::uint8_t { post, put, patch, remove };  // how a version came to be (history's request.method)

enum class Order : std::uint8_t { newest_first, oldest_first };

// Where meta.versionId and meta.lastUpdated go when a body is sent: formats/json.h, MetaHole, as a number.
struct Hole {
  std::uint32_t offset = 0;
  std::uint8_t kind = 0;
};

struct Version {
  model::TypeId type = model::no_type;
  std::string id;
  std::uint64_t version = 0;  // meta.versionId: 1, 2, ... within the resource
  Commit commit = 0;
  Document document = 0;
  Document previous = 0;          // the version before; 0 if none
  std::int64_t last_updated = 0;  // milliseconds since 1970 UTC; never falls from one commit to the next
  Method method = Method::post;
  bool deleted() const { return method == Method::remove; }
};

// What search keeps about one version: made by a worker, opaque here.
class IndexEntry {
 public:
  virtual ~IndexEntry() = default;
};

// A version prepared by a worker: all that does not depend on the writer's state.
struct Draft {
  model::TypeId type = model::no_type;
  std::string id;
  Method method = Method::post;
  std::string body;  // stored form (formats::stored_form), packed by Store::pack; empty for a delete
  Hole hole;
  std::shared_ptr<const IndexEntry> index;  // null for a delete
  std::shared_ptr<const BlobDraft> blob;    // large content beside the body; mostly null
};

// The index as the writer sees it; implemented above (search). Called on the writer's thread only.
class IndexListener {
 public:
  virtual ~IndexListener() = default;
  // A version of an operation that succeeded, in document order, before its commit. Conditions of later operations in the group
  // see it.
  virtual void stage(const Version& version, const std::shared_ptr<const IndexEntry>& index) = 0;
  // The group is on disk: everything staged becomes visible to readers. Called before any of its operations is acknowledged.
  virtual void publish() = 0;
  // The group did not commit: forget what was staged.
  virtual void abandon() = 0;
  // The content of these documents is gone from the disk: no reader may find them from now on, at any moment. Called between
  // groups, before the erasure is acknowledged.
  virtual void erase(const std::vector<Document>& documents) = 0;
};

// A version as it lies in the store: what Store::rendered takes.
struct Stored {
  Version version;
  std::string packed;
  Hole hole;
};

// The writer's state during one operation. Puts take effect if the operation succeeds, else not at all.
class WriteContext {
 public:
  virtual ~WriteContext() = default;
  // The newest version, deleted or not, as of all earlier operations and this one's own puts.
  virtual std::optional<Version> current(model::TypeId type, std::string_view id) const = 0;
  // A version that this operation has not put itself, be it on disk or put by an earlier operation of the group. Throws
  // EngineError if there is none.
  virtual Stored stored(const Version& version) const = 0;
  // Numbers the draft and adds it. One version per resource and operation.
  virtual Version put(Draft draft) = 0;
  virtual Commit commit() const = 0;     // the number this operation has if it writes
  virtual std::int64_t now() const = 0;  // the lastUpdated of its versions
  virtual Document next_document() const = 0;
  // The reply kept under a key (1 to 64 bytes) by an earlier operation, unless it is older than reply_milliseconds.
  virtual std::optional<std::string> find_reply(std::string_view key) const = 0;
  // Keeps a reply in this operation's commit, in the place of an older one. Unlike a put it is kept though the operation fails (a
  // refusal is an answer too), not if it throws. An operation that keeps replies only has no commit number.
  virtual void keep_reply(std::string_view key, std::string reply) = 0;
};

using Operation = std::function<model::Result<void>(WriteContext&)>;
using Completion = std::function<void(model::Result<Commit>)>;

// What an administrator has taken away for good: README.md, "Erasure".
struct Erasure {
  enum class Extent : std::uint8_t {
    all,      // every version: the resource was never there
    history,  // all but the newest version
    version   // one that is not the newest
  };
  model::TypeId type = model::no_type;
  std::string id;
  Extent extent = Extent::all;
  std::uint64_t version = 0;
};

enum class Lane : std::uint8_t {
  normal,
  bulk
};  // bulk yields: a group takes normal operations first, then a bounded slice of bulk ones

struct StoreOptions {
  std::uint32_t group_limit = 1024;       // operations in one commit
  std::uint64_t group_bytes = 8u << 20;   // of bodies in one commit
  std::uint64_t bulk_bytes = 1u << 20;    // of bulk bodies in one commit while normal operations are queued
  std::uint32_t queue_limit = 1u << 15;   // operations waiting in a lane; a further one is answered `unavailable` at once
  std::uint64_t cache_bytes = 32u << 20;  // rendered current bodies
  std::vector<Document> training = {2000, 50000};  // documents at which a dictionary for bodies is trained; empty: never
  std::int64_t (*clock)() = nullptr;               // milliseconds since 1970; null: the system's
  std::int64_t reply_milliseconds = 86'400'000;    // that a reply is kept; then it is swept
  std::int64_t now() const;                        // by the clock
};

class Store {
 public:
  // Takes the engine. Fails on a store of a newer format, or one that is damaged at the root.
  static model::Result<std::unique_ptr<Store>> open(std::unique_ptr<Engine> engine, const model::Schema& schema,
                                                    const StoreOptions& options = {});
  virtual ~Store() = default;  // drains the queue and joins the writer

  // To be set before the first write, and unset (null) or alive until the store's last one. Waits for the group under way; not
  // from an operation.
  virtual void listen(IndexListener* listener) = 0;

  // Queues an operation; `done` is called once, on the writer's thread, after its group's fsync: with the commit, 0 if the
  // operation wrote nothing, or its own failure. If the group cannot be stored (no_space, internal), all of it is undone, and
  // every operation that wrote, or ran after one that wrote and so may have been decided by it, has that failure. Where the queue
  // is full or the store closing, `done` is called at once, by the caller's thread, with `unavailable`. An exception from an
  // operation is an `internal` failure of that operation only. Keep `done` short, and neither write() nor put_meta() from it or
  // from an operation: they would wait for themselves, and fail.
  virtual void submit(Operation operation, Lane lane, Completion done) = 0;
  model::Result<Commit> write(Operation operation, Lane lane = Lane::normal);  // submit and wait

  // Erases, as a group of its own between the others; `done` is called as submit()'s is, with the number of versions that were
  // erased. From then on no read gives them, whatever it names them by. Fails with not_found where there is nothing to erase,
  // with conflict where the version is the newest.
  virtual void erase(Erasure what, Completion done) = 0;
  model::Result<std::uint64_t> erase(Erasure what);  // and waits
  virtual std::vector<Document> erased() const = 0;  // ascending
  // The document that a document took the place of, also where either is erased; 0: none, or the whole resource is erased.
  virtual Document replaced_by(Document document) const = 0;

  virtual std::string pack(std::string_view body) const = 0;  // compresses a stored form; any thread

  // Reads. What is current is so as of last_document(), which moves when a group is on disk and in the index. `deleted()`
  // versions are returned as such; erased ones by none, nor is there anything in their place. They throw EngineError where the
  // store is damaged.
  virtual std::optional<Version> current(model::TypeId type, std::string_view id) const = 0;
  virtual std::optional<Version> version(model::TypeId type, std::string_view id, std::uint64_t number) const = 0;
  virtual std::optional<Version> at(Document document) const = 0;
  // True if the version before it was a deletion, also where that one is erased.
  virtual bool revives(const Version& version) const = 0;
  // The version of a resource that was current just after `document` was written.
  virtual std::optional<Version> as_of(model::TypeId type, std::string_view id, Document document) const = 0;
  // All versions of a resource, newest first, from `before` (exclusive; 0: the newest) on, at most `limit`.
  // Takes O(limit), however long the history.
  virtual std::vector<Version> history(model::TypeId type, std::string_view id, Document before, std::size_t limit) const = 0;
  // The same, oldest first, documents above `after`.
  virtual std::vector<Version> history_after(model::TypeId type, std::string_view id, Document after,
                                             std::size_t limit) const = 0;
  // How many versions of a resource are among documents [first, end).
  virtual std::uint64_t count_history(model::TypeId type, std::string_view id, Document first, Document end) const = 0;
  // Versions of some types (none named: of all), documents [first, end), oldest or newest first, at most `limit`. Takes
  // O(limit + types * log documents), wherever the range lies.
  virtual std::vector<Version> documents(Document first, Document end, std::span<const model::TypeId> types, Order order,
                                         std::size_t limit) const = 0;
  // How many versions those are, in O(types * log documents).
  virtual std::uint64_t count_documents(Document first, Document end, std::span<const model::TypeId> types) const = 0;
  // The newest version (deleted or not) of each resource of a type, by the bytes of their ids, ascending or descending, from
  // `from` on (inclusive; empty: from that order's beginning), at most `limit`; as committed, which may be ahead of
  // last_document(). For `_sort=_id`.
  virtual std::vector<Version> by_id(model::TypeId type, std::string_view from, bool descending, std::size_t limit) const = 0;
  // Versions in document order from `first` on, with their stored bodies, until `visit` returns false. Runs in slices: no long
  // snapshot.
  virtual void scan(Document first,
                    const std::function<bool(const Version&, std::string_view stored_body, Hole hole)>& visit) const = 0;
  // What readers see ends with whole commits: the versions of one operation are never split by it.
  virtual Document last_document() const = 0;  // newest committed
  virtual Commit last_commit() const = 0;
  // First document, as committed like by_id()'s, whose last_updated >= `milliseconds`; one past the last if none. O(log n).
  virtual Document first_since(std::int64_t milliseconds) const = 0;
  // First document of a commit above `commit` (last_document() + 1 if none). O(log n). With scan(), the change feed.
  virtual Document first_after(Commit commit) const = 0;
  // `committed` is called on the writer's thread whenever last_document() has moved, before the operations concerned are
  // acknowledged, until the token's destructor returns. Keep it short; it must not end its own token.
  virtual std::shared_ptr<void> observe(std::function<void()> committed) = 0;
  // As WriteContext::find_reply, of what readers see.
  virtual std::optional<std::string> find_reply(std::string_view key) const = 0;

  // The resource as sent to clients: minified JSON with meta filled in. Empty for deleted versions. nullopt if the document does
  // not exist.
  struct Rendered {
    Version version;
    std::shared_ptr<const std::string> body;
  };
  virtual std::optional<Rendered> render(Document document) const = 0;
  virtual Rendered rendered(const Stored& stored) const = 0;  // any thread: operations too
  virtual std::optional<Rendered> read(model::TypeId type,
                                       std::string_view id) const = 0;  // current(), rendered; fills the cache
  // read() if and only if it can be answered from memory, without touching the engine: for event loops.
  virtual std::optional<Rendered> cached(model::TypeId type, std::string_view id) const = 0;

  // Large content: comes in pieces, and a draft then refers to it. blob() says whether a version has some; read_blob() appends
  // `bytes` of it from `offset` on, and throws EngineError where it is damaged or was erased.
  virtual std::unique_ptr<BlobUpload> begin_blob() = 0;
  virtual std::optional<Blob> blob(Document document) const = 0;
  virtual void read_blob(const Blob& blob, std::uint64_t offset, std::size_t bytes, std::string& out) const = 0;
  // Has a blob's pieces erased, once its version has let it go (release_blob in blob_rows.h, within a transaction).
  virtual void sweep_blob(std::uint64_t number) = 0;

  // Small named values beside the data (search's manifest, the page key ...), at most 400 bytes of name: durable when put_meta
  // returns, which shares the next group's fsync and takes no commit number.
  virtual std::optional<std::string> meta(std::string_view name) const = 0;
  virtual model::Result<void> put_meta(std::string_view name, std::string_view value) = 0;

  virtual Engine& engine() = 0;

  struct CheckReport {
    std::uint64_t documents = 0, resources = 0, deleted = 0, erased = 0, replies = 0, blobs = 0, blob_bytes = 0;
    std::vector<std::string> faults;
  };
  virtual CheckReport check() const = 0;  // every document decodes, every chain holds, ids point at newest versions
};

}  // namespace store
