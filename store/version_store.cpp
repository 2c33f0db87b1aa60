#include "store/version_store.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "resources-gen/formats/json.h"
#include "store/blob_rows.h"
#include "store/bytes.h"
#include "store/replies.h"

namespace store {

namespace {

constexpr std::uint64_t format_version = 2;  // of a new store; 1: had no marks
constexpr std::uint64_t newest_format = 3;   // the first blob or erasure makes it
constexpr std::size_t max_meta_name = 400;

}  // namespace

model::Result<std::unique_ptr<Store>> Store::open(std::unique_ptr<Engine> engine, const model::Schema& schema,
                                                  const StoreOptions& options) {
  auto store = std::make_unique<VersionStore>(std::move(engine), schema, options);
  if (auto loaded = store->load(); !loaded) return loaded.error();
  return std::unique_ptr<Store>(std::move(store));
}

model::Result<std::uint64_t> Store::erase(Erasure what) {
  return wait_for_answer([&](Completion done) { erase(std::move(what), std::move(done)); });
}

model::Result<Commit> Store::write(Operation operation, Lane lane) {
  return wait_for_answer([&](Completion done) { submit(std::move(operation), lane, std::move(done)); });
}

VersionStore::VersionStore(std::unique_ptr<Engine> engine, const model::Schema& schema, const StoreOptions& options)
    : engine_(std::move(engine)), options_(options), cache_(options.cache_bytes), types_(schema) {}

VersionStore::~VersionStore() {
  if (trainer_) trainer_->stop();  // it may be waiting for the writer
  if (writer_) writer_->stop();    // before the pointer goes: answers may still use it
  writer_.reset();
}

model::Result<void> VersionStore::load() {
  const auto refused = [this](model::IssueCode code, const std::string& why) {
    return model::failure(model::FailureKind::internal, code, "the store (" + engine_->name() + ") " + why);
  };
  const auto damaged = [&](const std::string& what) { return refused(model::IssueCode::exception, "is damaged: " + what); };
  WriterState state;
  std::vector<Mark> marks;  // that a store of an earlier format lacks
  bool fresh = false, marked = true;
  std::vector<std::uint64_t> to_sweep;
  std::uint64_t last_blob = 0;
  try {
    const auto snapshot = engine_->snapshot();
    const auto documents = snapshot->cursor(Space::documents);
    const bool any = documents->last();
    if (const auto format = snapshot->get(Space::meta, "format")) {
      ByteReader in(*format);
      const std::uint64_t found = in.varint();
      if (!in.done() || found == 0) return damaged("its format does not read");
      marked = found >= 2;
      if (found > newest_format) {
        return refused(model::IssueCode::not_supported,
                       "is of format " + std::to_string(found) + "; this program reads formats up to " +
                           std::to_string(newest_format) + ": use the newer program that wrote it");
      }
    } else if (any || snapshot->cursor(Space::ids)->seek("") || snapshot->cursor(Space::meta)->seek("")) {
      return damaged("it does not say its format");
    } else {
      fresh = true;
    }
    if (const auto names = snapshot->get(Space::meta, "types"); names && !types_.decode(*names))
      return damaged("its types do not read");
    state.types_stored = types_.count();
    erased_.load(*snapshot);
    const auto heads = snapshot->get(Space::meta, "heads"), counts = snapshot->get(Space::meta, "counts");
    if (marked && heads && !(counts && decode_heads(*heads, *counts, state)))
      return damaged("the newest documents of its types do not read");
    for (std::size_t number = Packer::first_dictionary; const auto bytes = snapshot->get(Space::meta, dictionary_key(number));
         ++number) {
      if (!packer_.add_dictionary(*bytes)) return damaged("a dictionary of its bodies does not read");
    }
    to_sweep = marked_blobs(*snapshot);
    last_blob = last_blob_number(*snapshot);
    if (any) {
      Record record;
      const Document last = parse_document_key(documents->key());
      if (last == 0 || state.heads_stored > last) return damaged("its documents and its root do not agree");
      for (Document document = state.heads_stored; document++ < last;) {
        if (!find_record(*snapshot, document, record)) return damaged("document " + std::to_string(document) + " is missing");
        if (record.header.type > types_.count())
          return damaged("document " + std::to_string(document) + " is of an unnamed type");
        const bool mark = count_document(state, record.header.type, document);
        if (mark && !marked) marks.push_back({record.header.type, document, state.counts[record.header.type]});
      }
      if (!find_record(*snapshot, last, record)) return damaged("its newest document is missing");
      state.document = last;
      state.commit = record.header.commit;
      state.last_updated = record.header.last_updated;
    }
  } catch (const EngineError& error) {
    return damaged(error.what());
  }
  if (fresh || !marked) {
    std::string format;
    append_varint(format, format_version);
    const auto written = engine_->write([&](Transaction& out) {
      for (const Mark& mark : marks) put_mark(out, mark);
      if (state.document != 0) {
        out.put(Space::meta, "heads", encode_heads(state));
        out.put(Space::meta, "counts", encode_counts(state));
      }
      out.put(Space::meta, "format", format);
    });
    if (!written) return written;
    state.heads_stored = state.document;
  }
  for (std::size_t number = 1; number < state.heads.size(); ++number)
    types_.set_head(static_cast<TypeNumber>(number), state.heads[number]);
  published_.document = state.document;
  published_.commit = state.commit;
  const Document last = state.document;
  trainer_ = std::make_unique<Trainer>(
      options_.training, packer_.dictionaries(),
      [this](Document document) {
        const auto snapshot = engine_->snapshot();
        Record record;
        std::string body;
        if (!find_record(*snapshot, document, record) || record.packed.empty() || !packer_.unpack(record.packed, body))
          body.clear();
        return body;
      },
      [this](const std::string& dictionary) { return adopt(dictionary); });
  writer_ = std::make_unique<Writer>(*engine_, types_, erased_, cache_, published_, std::move(state), options_,
                                     [this](Document newest) {
                                       trainer_->notice(newest);
                                       observers_.notify();
                                     });
  blobs_ = std::make_unique<BlobKeeper>(*writer_, last_blob);
  for (const auto number : to_sweep) blobs_->sweep(number);  // uploads that a crash broke off
  trainer_->notice(last);
  return {};
}

// Used only when it is on disk: no body may name a dictionary that a crash would lose.
bool VersionStore::adopt(const std::string& dictionary) {
  const std::size_t count = packer_.dictionaries();
  if (count >= Packer::max_dictionaries) return false;
  return writer_->put_meta(dictionary_key(Packer::first_dictionary + count), dictionary) && packer_.add_dictionary(dictionary);
}

bool VersionStore::descend(const Snapshot& snapshot, Document moment, Record& record) {
  while (record.header.document > moment) {
    const Document next = record.header.jump > moment ? record.header.jump : record.header.previous;
    if (next >= record.header.document || !find_record(snapshot, next, record)) return false;
  }
  return true;
}

bool VersionStore::find_as_of(const Snapshot& snapshot, TypeNumber number, std::string_view id, Document moment,
                              Record& out) const {
  if (number == 0 || id.empty() || id.size() > max_id_bytes) return false;
  Newest newest;
  if (!find_newest(snapshot, resource_key(number, id), newest)) return false;
  if (!find_record(snapshot, newest.document, out))
    throw EngineError("document " + std::to_string(newest.document) + " is missing");
  return descend(snapshot, moment, out);
}

std::optional<Version> VersionStore::current(model::TypeId type, std::string_view id) const {
  return as_of(type, id, last_document());
}

std::optional<Version> VersionStore::as_of(model::TypeId type, std::string_view id, Document document) const {
  const auto snapshot = engine_->snapshot();
  Record record;
  if (!find_as_of(*snapshot, types_.number(type), id, document, record)) return std::nullopt;
  return left(record);
}

bool VersionStore::descend_to(const Snapshot& snapshot, std::uint64_t number, Record& record) {
  while (record.header.version > number) {
    const Document next = jump_version(record.header.version) >= number ? record.header.jump : record.header.previous;
    if (next >= record.header.document || !find_record(snapshot, next, record)) return false;
  }
  return true;
}

std::optional<Version> VersionStore::version(model::TypeId type, std::string_view id, std::uint64_t number) const {
  const Document moment = last_document();
  const auto snapshot = engine_->snapshot();
  Record record;
  if (number == 0 || !find_as_of(*snapshot, types_.number(type), id, moment, record)) return std::nullopt;
  if (!descend_to(*snapshot, number, record) || record.header.version != number) return std::nullopt;
  return left(record);
}

std::optional<Version> VersionStore::at(Document document) const {
  const auto snapshot = engine_->snapshot();
  Record record;
  if (!find_record(*snapshot, document, record)) return std::nullopt;
  return left(record);
}

bool VersionStore::revives(const Version& version) const {
  const auto snapshot = engine_->snapshot();
  Record record;
  return find_record(*snapshot, version.previous, record) && record.header.method == Method::remove;
}

std::uint64_t VersionStore::count_history(model::TypeId type, std::string_view id, Document first, Document end) const {
  end = std::min(end, last_document() + 1);
  if (first >= end) return 0;
  const auto snapshot = engine_->snapshot();
  const TypeNumber number = types_.number(type);
  Record record;
  if (!find_as_of(*snapshot, number, id, end - 1, record)) return 0;
  Newest newest;
  if (!find_newest(*snapshot, resource_key(number, id), newest)) return 0;
  if (newest.erased == 0) {  // versions are numbered without gaps
    const std::uint64_t versions = record.header.version;
    return versions - (first > 1 && find_as_of(*snapshot, number, id, first - 1, record) ? record.header.version : 0);
  }
  std::uint64_t count = 0;
  while (record.header.document >= first) {
    count += record.header.erased ? 0 : 1;
    const Document previous = record.header.previous;
    if (previous == 0) break;
    if (!find_record(*snapshot, previous, record)) throw EngineError("document " + std::to_string(previous) + " is missing");
  }
  return count;
}

std::vector<Version> VersionStore::history_after(model::TypeId type, std::string_view id, Document after,
                                                 std::size_t limit) const {
  constexpr std::uint64_t slice = 1024;  // versions under one snapshot
  std::vector<Version> out, block;
  const Document last = last_document();
  const TypeNumber number = types_.number(type);
  for (bool more = true; more && out.size() < limit;) {
    const auto snapshot = engine_->snapshot();
    Record record;
    const bool any = after != 0 && find_as_of(*snapshot, number, id, after, record);
    const std::uint64_t from = any ? record.header.version : 0;
    if (!find_as_of(*snapshot, number, id, last, record)) break;
    // The last of those wanted, by the jumps; the others by the way back from it.
    const std::uint64_t wanted = from + std::min<std::uint64_t>(limit - out.size(), slice);
    more = record.header.version > wanted;
    if (more && !descend_to(*snapshot, wanted, record)) throw EngineError("a chain of versions is broken");
    after = record.header.document;
    block.clear();
    while (record.header.version > from) {
      if (auto version = left(record)) block.push_back(std::move(*version));
      const Document previous = record.header.previous;
      if (previous == 0) break;
      if (!find_record(*snapshot, previous, record)) throw EngineError("document " + std::to_string(previous) + " is missing");
    }
    out.insert(out.end(), std::make_move_iterator(block.rbegin()), std::make_move_iterator(block.rend()));
  }
  return out;
}

std::vector<Version> VersionStore::history(model::TypeId type, std::string_view id, Document before, std::size_t limit) const {
  std::vector<Version> out;
  const Document last = last_document();
  Document moment = before == 0 || before > last ? last : before - 1;
  const TypeNumber number = types_.number(type);
  constexpr std::size_t slice = 1024;  // versions under one snapshot
  while (out.size() < limit && moment != 0) {
    const auto snapshot = engine_->snapshot();
    Record record;
    if (!find_as_of(*snapshot, number, id, moment, record)) break;
    for (std::size_t i = 0; i < slice && out.size() < limit && moment != 0; ++i) {
      if (auto version = left(record)) out.push_back(std::move(*version));
      moment = record.header.previous;
      if (moment != 0 && !find_record(*snapshot, moment, record))
        throw EngineError("document " + std::to_string(moment) + " is missing");
    }
  }
  return out;
}

Store::Rendered VersionStore::render(Version version, std::string_view packed, const Hole& hole) const {
  static const auto nothing = std::make_shared<const std::string>();
  if (version.deleted()) return {std::move(version), nothing};
  const std::string filling =
      formats::hole_text(static_cast<formats::MetaHole>(hole.kind), version.version, version.last_updated);
  auto body = std::make_shared<std::string>();
  if (!packer_.unpack(packed, *body, filling.size()) || hole.offset > body->size()) {
    throw EngineError("the body of document " + std::to_string(version.document) + " is damaged");
  }
  body->insert(hole.offset, filling);
  return {std::move(version), std::move(body)};
}

Store::Rendered VersionStore::render(const Record& record) const {
  return render(to_version(record), record.packed, record.header.hole);
}

Store::Rendered VersionStore::rendered(const Stored& stored) const { return render(stored.version, stored.packed, stored.hole); }

Document VersionStore::replaced_by(Document document) const {
  const auto snapshot = engine_->snapshot();
  Record record;
  return find_record(*snapshot, document, record) ? record.header.previous : 0;
}

std::optional<Store::Rendered> VersionStore::render(Document document) const {
  const auto snapshot = engine_->snapshot();
  Record record;
  if (!find_record(*snapshot, document, record) || record.header.erased) return std::nullopt;
  return render(record);
}

std::optional<Store::Rendered> VersionStore::read(model::TypeId type, std::string_view id) const {
  if (auto found = cache_.find(type, id)) return found;
  const Document seen = last_document();  // before the snapshot: what is replaced later is not put into the cache
  const std::uint64_t erasures = cache_.erasures();
  std::optional<Rendered> out;
  {
    const auto snapshot = engine_->snapshot();
    Record record;
    if (!find_as_of(*snapshot, types_.number(type), id, seen, record) || record.header.erased) return std::nullopt;
    out = render(record);
  }
  cache_.insert(*out, seen, erasures);
  return out;
}

std::optional<std::string> VersionStore::find_reply(std::string_view key) const {
  if (key.empty() || key.size() > max_reply_key) return std::nullopt;
  const Document seen = last_document();
  const auto snapshot = engine_->snapshot();
  auto reply = store::find_reply(*snapshot, key);
  if (!reply || reply->document > seen || expired(reply->time, options_.now(), options_.reply_milliseconds)) return std::nullopt;
  return std::move(reply->text);
}

std::optional<Blob> VersionStore::blob(Document document) const { return find_blob(*engine_->snapshot(), document); }

void VersionStore::read_blob(const Blob& blob, std::uint64_t offset, std::size_t bytes, std::string& out) const {
  const auto snapshot = engine_->snapshot();
  while (bytes > 0 && offset < blob.size) {
    const auto piece = find_piece(*snapshot, blob, offset / blob_piece).substr(offset % blob_piece).substr(0, bytes);
    out += piece;
    offset += piece.size();
    bytes -= piece.size();
  }
}

std::optional<std::string> VersionStore::meta(std::string_view name) const {
  const auto snapshot = engine_->snapshot();
  const auto value = snapshot->get(Space::meta, std::string("user.").append(name));
  if (!value) return std::nullopt;
  return std::string(*value);
}

model::Result<void> VersionStore::put_meta(std::string_view name, std::string_view value) {
  if (name.empty() || name.size() > max_meta_name) {
    return model::failure(model::FailureKind::internal, model::IssueCode::exception,
                          "a meta value needs a name of at most 400 bytes");
  }
  return writer_->put_meta(std::string("user.").append(name), std::string(value));
}

}  // namespace store
