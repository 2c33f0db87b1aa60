// Group: the operations that share one engine transaction, and what they have put so far.
//
// Each operation sees the committed state under all earlier operations of the group and its own puts; its puts join the group if
// it succeeds. The writer's thread only. Holds a snapshot from the first look at the committed state to commit().
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/record.h"
#include "store/replies.h"
#include "store/type_chain.h"
#include "store/type_numbers.h"

namespace store {

// The writer's numbers: those of the newest version put, carried from group to group.
struct WriterState {
  Document document = 0;
  Commit commit = 0;
  std::int64_t last_updated = 0;
  std::vector<Document> heads;        // the newest document of each type, by type number
  std::vector<std::uint64_t> counts;  // the documents of each type, by type number
  Document heads_stored = 0;          // the document as of which meta holds the heads and counts
  std::size_t types_stored = 0;       // how many type names meta holds
  std::int64_t oldest_reply = 0;      // no reply is older than this
};
// How many documents the heads in meta may lag behind: so many are read at open.
inline constexpr Document heads_lag = 4096;
// The meta values "heads" and "counts", written together: the document as of which they are, then a number for each type.
std::string encode_heads(const WriterState& state);
std::string encode_counts(const WriterState& state);
bool decode_heads(std::string_view heads, std::string_view counts, WriterState& state);
// The next document of a type joins the heads and counts. True if it is to be marked (type_chain.h).
bool count_document(WriterState& state, TypeNumber type, Document document);

class Group {
 public:
  Group(Engine& engine, TypeNumbers& types, WriterState state, const StoreOptions& options, IndexListener* listener);
  ~Group();

  // Runs an operation. A commit number if it wrote, 0 if not, else its failure.
  model::Result<Commit> run(const Operation& operation);
  void put_meta(std::string key, std::string value) { meta_.emplace_back(std::move(key), std::move(value)); }
  void change_rows(std::function<void(Transaction&)> change, std::uint64_t bytes) {
    changes_.push_back(std::move(change));
    bytes_ += bytes;
  }
  // All that was put, in one durable transaction. `listener` has not been told.
  model::Result<void> commit();

  struct Put {
    Version version;
    Header header;
    std::string record;
    std::shared_ptr<const BlobDraft> blob;  // null: none
  };
  const std::vector<Put>& puts() const { return puts_; }
  bool wrote() const { return !puts_.empty() || !meta_.empty() || !replies_.empty() || !changes_.empty(); }
  bool broken() const { return broken_; }  // the index did not take what was staged: only abandoning is left
  std::uint64_t bytes() const { return bytes_; }
  const WriterState& state() const { return state_; }

 private:
  class Context;
  // What is known of a resource: its newest version's header, none if it has no version; written if the group put it.
  struct Known {
    std::optional<Header> newest;
    std::uint64_t erased = 0;  // of its versions
    bool written = false;
  };

  const Snapshot& snapshot();
  const Known& look_up(const std::string& key);
  Header header_of(Document document);
  bool has_blob(Document document);
  Document jump_of(const Header& previous, std::uint64_t version);
  void accept(Context& context);
  std::int64_t now() const;
  std::int64_t keep_replies(Transaction& out) const;
  std::optional<std::string> find_reply(std::string_view key);

  Engine& engine_;
  TypeNumbers& types_;
  WriterState state_;
  const StoreOptions& options_;
  IndexListener* const listener_;
  const Document base_;  // the newest document before the group
  std::unique_ptr<Snapshot> snapshot_;
  std::unordered_map<std::string, Known> known_;  // by key in ids
  std::vector<Put> puts_;
  std::vector<Mark> marks_;
  std::vector<std::pair<std::string, std::string>> meta_;
  std::map<std::string, Reply, std::less<>> replies_;  // kept by the group
  std::vector<std::function<void(Transaction&)>> changes_;
  std::uint64_t bytes_ = 0;
  bool broken_ = false;
};

}  // namespace store
