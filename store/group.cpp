#include "store/group.h"

#include <algorithm>
#include <exception>
#include <limits>
#include <stdexcept>
#include <utility>

#include "store/blob_rows.h"
#include "store/bytes.h"

namespace store {

namespace {

model::Failure broken_operation(const char* what) {
  return model::failure(model::FailureKind::internal, model::IssueCode::exception,
                        std::string("the write was given up because of an error in the server: ") + what);
}

}  // namespace

namespace {

std::string encode_by_type(Document document, const std::vector<std::uint64_t>& numbers) {
  std::string out;
  append_varint(out, document);
  for (std::size_t number = 1; number < numbers.size(); ++number) append_varint(out, numbers[number]);
  return out;
}

bool decode_by_type(std::string_view value, Document& document, std::vector<std::uint64_t>& numbers) {
  ByteReader in(value);
  document = in.varint();
  numbers.assign(1, 0);
  while (in.ok() && !in.done()) numbers.push_back(in.varint());
  return in.ok() && numbers.size() <= max_type_number + std::size_t{1};
}

}  // namespace

std::string encode_heads(const WriterState& state) { return encode_by_type(state.document, state.heads); }

std::string encode_counts(const WriterState& state) { return encode_by_type(state.document, state.counts); }

bool decode_heads(std::string_view heads, std::string_view counts, WriterState& state) {
  Document counted = 0;
  return decode_by_type(heads, state.heads_stored, state.heads) && decode_by_type(counts, counted, state.counts) &&
         counted == state.heads_stored && state.counts.size() == state.heads.size();
}

bool count_document(WriterState& state, TypeNumber type, Document document) {
  if (state.heads.size() <= type) {
    state.heads.resize(type + std::size_t{1}, 0);
    state.counts.resize(type + std::size_t{1}, 0);
  }
  state.heads[type] = document;
  return ++state.counts[type] % mark_distance == 0;
}

// One operation: its puts, apart from the group's until it has succeeded.
class Group::Context final : public WriteContext {
 public:
  explicit Context(Group& group) : group_(group), now_(group.now()) {}

  struct Own {
    std::string key;
    Draft draft;
    Header header;
  };

  std::optional<Version> current(model::TypeId type, std::string_view id) const override {
    const TypeNumber number = group_.types_.number(type);
    if (number == 0 || id.empty() || id.size() > max_id_bytes) return std::nullopt;
    const std::string key = resource_key(number, id);
    if (const auto own = by_key_.find(key); own != by_key_.end()) return make_version(own_[own->second].header, type, id);
    const Known& known = group_.look_up(key);
    if (!known.newest) return std::nullopt;
    return make_version(*known.newest, type, id);
  }

  Stored stored(const Version& version) const override {
    Record record;
    if (version.document > group_.base_) {
      const auto& record_bytes = group_.puts_.at(version.document - group_.base_ - 1).record;
      if (!decode_record(version.document, record_bytes, record)) throw EngineError("a version that was just put is damaged");
    } else if (!find_record(group_.snapshot(), version.document, record)) {
      throw EngineError("document " + std::to_string(version.document) + " is missing");
    }
    return {version, std::string(record.packed), record.header.hole};
  }

  Version put(Draft draft) override {
    if (draft.id.empty() || draft.id.size() > max_id_bytes) throw std::logic_error("a version without a proper id");
    if (draft.body.empty() != (draft.method == Method::remove))
      throw std::logic_error("a version without a body, or a delete with one");
    if (draft.hole.kind > 3) throw std::logic_error("a version with an unknown hole");
    const TypeNumber number = group_.types_.assign(draft.type);
    std::string key = resource_key(number, draft.id);
    if (by_key_.contains(key)) throw std::logic_error("two versions of one resource in one operation");
    const Known& known = group_.look_up(key);
    // A patch is of the body alone: it would lose what stands beside it.
    if (draft.method == Method::patch && !draft.blob && known.newest && group_.has_blob(known.newest->document))
      throw std::logic_error("a patch of a version with large content");
    Header header;
    header.type = number;
    header.method = draft.method;
    header.hole = draft.hole;
    header.version = known.newest ? known.newest->version + 1 : 1;
    header.commit = commit();
    header.document = next_document();
    header.previous = known.newest ? known.newest->document : 0;
    header.jump = known.newest ? group_.jump_of(*known.newest, header.version) : 0;
    header.last_updated = now_;
    by_key_.emplace(key, own_.size());
    own_.push_back({std::move(key), std::move(draft), header});
    return make_version(header, own_.back().draft.type, own_.back().draft.id);
  }

  Commit commit() const override { return group_.state_.commit + 1; }
  std::int64_t now() const override { return now_; }
  Document next_document() const override { return group_.state_.document + 1 + own_.size(); }

  std::optional<std::string> find_reply(std::string_view key) const override {
    if (const auto own = replies_.find(key); own != replies_.end()) return own->second;
    return group_.find_reply(key);
  }

  void keep_reply(std::string_view key, std::string reply) override {
    if (key.empty() || key.size() > max_reply_key) throw std::logic_error("a reply without a proper key");
    replies_.insert_or_assign(std::string(key), std::move(reply));
  }

  std::vector<Own>& own() { return own_; }
  std::map<std::string, std::string, std::less<>>& replies() { return replies_; }

 private:
  Group& group_;
  const std::int64_t now_;
  std::vector<Own> own_;
  std::unordered_map<std::string, std::size_t> by_key_;
  std::map<std::string, std::string, std::less<>> replies_;
};

Group::Group(Engine& engine, TypeNumbers& types, WriterState state, const StoreOptions& options, IndexListener* listener)
    : engine_(engine), types_(types), state_(std::move(state)), options_(options), listener_(listener), base_(state_.document) {}

Group::~Group() = default;

model::Result<Commit> Group::run(const Operation& operation) {
  try {
    Context context(*this);
    auto done = operation(context);
    if (!done) context.own().clear();
    const bool puts = !context.own().empty();
    if (puts) accept(context);
    for (auto& [key, text] : context.replies()) {
      bytes_ += text.size();
      replies_.insert_or_assign(key, Reply{context.now(), state_.document, std::move(text)});
    }
    if (!done) return done.error();
    return puts ? state_.commit : Commit{0};
  } catch (const std::exception& error) {
    return broken_operation(error.what());
  } catch (...) {
    return broken_operation("unknown");
  }
}

// The operation's puts join the group. What fails from here on leaves the group half changed: it is broken.
void Group::accept(Context& context) {
  broken_ = true;
  for (Context::Own& own : context.own()) {
    Header& header = own.header;
    header.type_previous = header.type < state_.heads.size() ? state_.heads[header.type] : 0;
    if (count_document(state_, header.type, header.document))
      marks_.push_back({header.type, header.document, state_.counts[header.type]});
    Put put{make_version(header, own.draft.type, own.draft.id), header, encode_record(header, own.draft.id, own.draft.body),
            std::move(own.draft.blob)};
    bytes_ += put.record.size() + (put.blob ? put.blob->tail.size() : 0);
    Known& known = known_[std::move(own.key)];
    known.newest = header;
    known.written = true;
    puts_.push_back(std::move(put));
    if (listener_ != nullptr) listener_->stage(puts_.back().version, own.draft.index);
  }
  state_.document = puts_.back().header.document;
  state_.commit = puts_.back().header.commit;
  state_.last_updated = puts_.back().header.last_updated;
  broken_ = false;
}

model::Result<void> Group::commit() {
  snapshot_.reset();
  std::vector<std::pair<std::string_view, std::string>> newest;  // in key order: neighbours share pages
  for (const auto& [key, known] : known_) {
    if (known.written)
      newest.emplace_back(key,
                          encode_newest({known.newest->document, known.newest->version, known.newest->method, known.erased}));
  }
  std::sort(newest.begin(), newest.end());
  if (!puts_.empty()) {
    if (types_.count() > state_.types_stored) put_meta("types", types_.encode());
    if (types_.count() > state_.types_stored || state_.document - state_.heads_stored >= heads_lag) {
      put_meta("heads", encode_heads(state_));
      put_meta("counts", encode_counts(state_));
      state_.heads_stored = state_.document;
    }
    state_.types_stored = types_.count();
  }
  try {
    std::int64_t oldest_reply = 0;
    auto written = engine_.write([&](Transaction& out) {
      for (const Put& put : puts_) {
        const auto key = document_key(put.header.document);
        out.append(Space::documents, view(key), put.record);
        if (put.blob) put_blob(out, put.header.document, *put.blob);
      }
      for (const auto& [key, value] : newest) out.put(Space::ids, key, value);
      for (const Mark& mark : marks_) put_mark(out, mark);
      for (const auto& [key, value] : meta_) out.put(Space::meta, key, value);
      oldest_reply = keep_replies(out);
      for (const auto& change : changes_) change(out);
    });
    if (written) state_.oldest_reply = oldest_reply;
    return written;
  } catch (const std::exception& error) {
    return broken_operation(error.what());
  }
}

// Puts the group's replies, and sweeps a slice of those that have had their life: more than are put, so that what is old gets
// less. Returns what state().oldest_reply is then.
std::int64_t Group::keep_replies(Transaction& out) const {
  const std::int64_t before = now() - options_.reply_milliseconds;
  std::int64_t oldest = state_.oldest_reply;
  if (oldest < before) {
    constexpr std::size_t slice = 256;
    oldest = sweep_replies(out, before, slice + 2 * replies_.size()).value_or(std::numeric_limits<std::int64_t>::max());
  }
  for (const auto& [key, reply] : replies_) {
    put_reply(out, key, reply);
    oldest = std::min(oldest, reply.time);
  }
  return oldest;
}

std::int64_t Group::now() const { return std::max({options_.now(), state_.last_updated, std::int64_t{0}}); }

std::optional<std::string> Group::find_reply(std::string_view key) {
  if (const auto own = replies_.find(key); own != replies_.end()) return own->second.text;
  auto kept = store::find_reply(snapshot(), key);
  if (!kept || expired(kept->time, now(), options_.reply_milliseconds)) return std::nullopt;
  return std::move(kept->text);
}

bool Group::has_blob(Document document) {
  if (document > base_) return puts_.at(document - base_ - 1).blob != nullptr;
  return find_blob(snapshot(), document).has_value();
}

const Snapshot& Group::snapshot() {
  if (!snapshot_) snapshot_ = engine_.snapshot();
  return *snapshot_;
}

const Group::Known& Group::look_up(const std::string& key) {
  const auto known = known_.find(key);
  if (known != known_.end()) return known->second;
  Known found;
  Newest newest;
  if (find_newest(snapshot(), key, newest)) {
    found.newest = header_of(newest.document);
    found.erased = newest.erased;
  }
  return known_.emplace(key, found).first->second;
}

Header Group::header_of(Document document) {
  if (document > base_) return puts_.at(document - base_ - 1).header;
  Record record;
  if (!find_record(snapshot(), document, record)) throw EngineError("document " + std::to_string(document) + " is missing");
  return record.header;
}

// The document of version jump_version(version) of a resource whose newest version is `previous`: by the scheme's rule that is
// version - 1, or where the jump from version - 1 leads to, one jump on.
Document Group::jump_of(const Header& previous, std::uint64_t version) {
  const std::uint64_t target = jump_version(version);
  if (target == 0) return 0;
  if (target == previous.version) return previous.document;
  return header_of(previous.jump).jump;
}

}  // namespace store
