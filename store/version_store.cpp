#include "store/version_store.h"

#include <algorithm>
#include <future>

#include "resources-gen/formats/json.h"
#include "store/bytes.h"

namespace store {
namespace {

constexpr std::uint64_t format_version = 1;
constexpr std::size_t scan_slice = 256;  // documents copied under one snapshot

}  // namespace

model::Result<std::unique_ptr<Store>> Store::open(std::unique_ptr<Engine> engine, const model::Schema& schema, const StoreOptions& options) {
  auto store = std::make_unique<VersionStore>(std::move(engine), schema, options);
  if (auto loaded = store->load(); !loaded) return loaded.error();
  return std::unique_ptr<Store>(std::move(store));
}

model::Result<Commit> Store::write(Operation operation, Lane lane) {
  std::promise<model::Result<Commit>> promise;
  auto answer = promise.get_future();
  submit(std::move(operation), lane, [&promise](model::Result<Commit> result) { promise.set_value(std::move(result)); });
  return answer.get();
}

VersionStore::VersionStore(std::unique_ptr<Engine> engine, const model::Schema& schema, const StoreOptions& options)
    : engine_(std::move(engine)), schema_(schema), options_(options), cache_(options.cache_bytes), types_(schema) {}

model::Result<void> VersionStore::load() {
  const auto damaged = [&](const std::string& what) {
    return model::failure(model::FailureKind::internal, model::IssueCode::exception, "The store " + engine_->name() + " is damaged: " + what);
  };
  {
    const auto snapshot = engine_->snapshot();
    if (const auto format = snapshot->get(Space::meta, "format")) {
      ByteReader in(*format);
      const auto found = in.varint();
      if (!in.done()) return damaged("its format version does not read");
      if (found > format_version) {
        return model::failure(model::FailureKind::internal, model::IssueCode::not_supported,
                              "The store " + engine_->name() + " has format " + std::to_string(found) + "; this Kiln reads up to " +
                                  std::to_string(format_version) + ": use a newer one");
      }
    }
    if (const auto names = snapshot->get(Space::meta, "types"); names && !types_.decode(*names)) return damaged("its type names do not read");
    stored_types_ = types_.count();
    heads_.resize(stored_types_ + 1);
    if (const auto heads = snapshot->get(Space::meta, "heads")) {
      ByteReader in(*heads);
      for (std::size_t i = 1; i <= stored_types_; ++i) {
        heads_[i] = in.varint();
        types_.set_head(static_cast<TypeNumber>(i), heads_[i]);
      }
      if (!in.ok()) return damaged("the newest documents of its types do not read");
    }
    for (std::size_t number = 2;; ++number) {
      const auto dictionary = snapshot->get(Space::meta, "dictionary." + std::to_string(number));
      if (!dictionary) break;
      packer_.add_dictionary(*dictionary);
    }
    const auto cursor = snapshot->cursor(Space::documents);
    if (cursor->last()) {
      Record last;
      const auto document = parse_document_key(cursor->key());
      if (document == 0 || !decode_record(document, cursor->value(), last)) return damaged("its newest document does not read");
      last_document_ = document;
      last_commit_ = last.header.commit;
      last_updated_ = last.header.last_updated;
    }
  }
  if (last_document_ == 0) {
    std::string format;
    append_varint(format, format_version);
    if (auto written = engine_->write([&](Transaction& out) { out.put(Space::meta, "format", format); }); !written) return written;
  }
  published_ = last_document_;
  published_commit_ = last_commit_;
  writer_ = std::thread([this] { run_writer(); });
  return {};
}

VersionStore::~VersionStore() {
  {
    std::lock_guard lock(queue_mutex_);
    stopping_ = true;
  }
  queue_ready_.notify_all();
  if (writer_.joinable()) writer_.join();
  if (trainer_.joinable()) trainer_.join();
}

bool VersionStore::record(const Snapshot& snapshot, Document document, Record& out) const {
  if (document == 0) return false;
  const auto key = document_key(document);
  const auto value = snapshot.get(Space::documents, view(key));
  return value && decode_record(document, *value, out);
}

std::optional<Newest> VersionStore::newest(const Snapshot& snapshot, model::TypeId type, std::string_view id) const {
  const auto number = types_.number(type);
  if (number == 0 || id.empty() || id.size() > max_id_bytes) return std::nullopt;
  const auto value = snapshot.get(Space::ids, resource_key(number, id));
  Newest out;
  if (!value || !decode_newest(*value, out)) return std::nullopt;
  return out;
}

Version VersionStore::to_version(const Record& record) const {
  const auto& header = record.header;
  Version out;
  out.type = types_.type(header.type);
  out.id = record.id;
  out.version = header.version;
  out.commit = header.commit;
  out.document = header.document;
  out.previous = header.previous;
  out.last_updated = header.last_updated;
  out.method = header.method;
  return out;
}

std::optional<Version> VersionStore::current(model::TypeId type, std::string_view id) const {
  const auto snapshot = engine_->snapshot();
  const auto found = newest(*snapshot, type, id);
  Record out;
  if (!found || !record(*snapshot, found->document, out)) return std::nullopt;
  return to_version(out);
}

std::optional<Version> VersionStore::version(model::TypeId type, std::string_view id, std::uint64_t number) const {
  const auto snapshot = engine_->snapshot();
  const auto found = newest(*snapshot, type, id);
  if (!found || number == 0 || number > found->version) return std::nullopt;
  Record out;
  for (auto document = found->document; record(*snapshot, document, out);) {
    if (out.header.version == number) return to_version(out);
    document = jump_version(out.header.version) >= number ? out.header.jump : out.header.previous;
  }
  return std::nullopt;
}

std::optional<Version> VersionStore::at(Document document) const {
  const auto snapshot = engine_->snapshot();
  Record out;
  if (!record(*snapshot, document, out)) return std::nullopt;
  return to_version(out);
}

std::optional<Version> VersionStore::as_of(model::TypeId type, std::string_view id, Document limit) const {
  const auto snapshot = engine_->snapshot();
  const auto found = newest(*snapshot, type, id);
  if (!found) return std::nullopt;
  Record out;
  for (auto document = found->document; record(*snapshot, document, out);) {
    if (document <= limit) return to_version(out);
    document = out.header.jump > limit ? out.header.jump : out.header.previous;
  }
  return std::nullopt;
}

std::vector<Version> VersionStore::history(model::TypeId type, std::string_view id, Document before, std::size_t limit) const {
  std::vector<Version> out;
  const auto snapshot = engine_->snapshot();
  const auto found = newest(*snapshot, type, id);
  if (!found) return out;
  Record row;
  for (auto document = found->document; out.size() < limit && record(*snapshot, document, row);) {
    if (before == 0 || document < before) {
      out.push_back(to_version(row));
      document = row.header.previous;
    } else {
      document = row.header.jump >= before ? row.header.jump : row.header.previous;
    }
  }
  return out;
}

std::vector<Version> VersionStore::documents_before(Document before, Document least, model::TypeId type, std::size_t limit) const {
  std::vector<Version> out;
  const auto snapshot = engine_->snapshot();
  const auto published = last_document();
  auto document = before == 0 || before > published ? published : before - 1;
  Record row;
  if (type == model::no_type) {
    for (; document >= std::max<Document>(least, 1) && out.size() < limit; --document) {
      if (record(*snapshot, document, row)) out.push_back(to_version(row));
    }
    return out;
  }
  const auto number = types_.number(type);
  if (number == 0) return out;
  // Down the chain of the type's documents, from its newest, or from the nearest document at or below the start.
  auto next = types_.head(number);
  if (next > document) {
    for (next = document; next >= std::max<Document>(least, 1); --next) {
      if (record(*snapshot, next, row) && row.header.type == number) break;
    }
  }
  while (next != 0 && next >= least && out.size() < limit && record(*snapshot, next, row)) {
    out.push_back(to_version(row));
    next = row.header.type_previous;
  }
  return out;
}

std::vector<Version> VersionStore::by_id(model::TypeId type, std::string_view from, bool descending, std::size_t limit) const {
  std::vector<Version> out;
  const auto number = types_.number(type);
  if (number == 0) return out;
  const auto snapshot = engine_->snapshot();
  const auto cursor = snapshot->cursor(Space::ids);
  std::string prefix;
  append_type(prefix, number);
  bool valid = false;
  if (!descending) {
    valid = cursor->seek(prefix + std::string(from));
  } else if (from.empty()) {
    std::string end = prefix;
    end += '\xff';  // no id holds that byte
    valid = cursor->seek(end) ? cursor->previous() : cursor->last();
  } else {
    const auto start = prefix + std::string(from);
    valid = cursor->seek(start) ? (cursor->key() == start || cursor->previous()) : cursor->last();
  }
  for (; valid && out.size() < limit; valid = descending ? cursor->previous() : cursor->next()) {
    auto key = cursor->key();
    if (take_type(key) != number) break;
    Newest found;
    Record row;
    if (decode_newest(cursor->value(), found) && record(*snapshot, found.document, row)) out.push_back(to_version(row));
  }
  return out;
}

void VersionStore::scan(Document first, const std::function<bool(const Version&, std::string_view, Hole)>& visit) const {
  struct Row {
    Version version;
    std::string body;
    Hole hole;
  };
  const auto end = last_document();
  for (Document from = std::max<Document>(first, 1); from <= end;) {
    std::vector<Row> rows;
    {
      const auto snapshot = engine_->snapshot();
      Record out;
      for (std::size_t n = 0; n < scan_slice && from <= end; ++n, ++from) {
        if (!record(*snapshot, from, out)) continue;
        Row row{to_version(out), {}, out.header.hole};
        if (!packer_.unpack(out.packed, row.body)) throw EngineError("document " + std::to_string(from) + " does not unpack");
        rows.push_back(std::move(row));
      }
    }
    for (const auto& row : rows) {
      if (!visit(row.version, row.body, row.hole)) return;
    }
  }
}

Document VersionStore::first_since(std::int64_t milliseconds) const {
  const auto snapshot = engine_->snapshot();
  Document low = 1, high = last_document() + 1;
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    Record out;
    if (record(*snapshot, middle, out) && out.header.last_updated >= milliseconds) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

std::optional<Store::Rendered> VersionStore::render(const Record& record) const {
  Rendered out{to_version(record), nullptr};
  if (out.version.deleted()) {
    out.body = std::make_shared<const std::string>();
    return out;
  }
  thread_local std::string body;
  if (!packer_.unpack(record.packed, body)) throw EngineError("document " + std::to_string(record.header.document) + " does not unpack");
  const auto& hole = record.header.hole;
  const auto offset = std::min<std::size_t>(hole.offset, body.size());
  const auto meta = formats::hole_text(static_cast<formats::MetaHole>(hole.kind), record.header.version, record.header.last_updated);
  std::string rendered;
  rendered.reserve(body.size() + meta.size());
  rendered.append(body, 0, offset).append(meta).append(body, offset);
  out.body = std::make_shared<const std::string>(std::move(rendered));
  return out;
}

std::optional<Store::Rendered> VersionStore::render(Document document) const {
  const auto snapshot = engine_->snapshot();
  Record out;
  if (!record(*snapshot, document, out)) return std::nullopt;
  return render(out);
}

std::optional<Store::Rendered> VersionStore::read(model::TypeId type, std::string_view id) const {
  if (auto found = cache_.find(type, id)) return found;
  const auto seen = last_document();
  std::optional<Rendered> out;
  {
    const auto snapshot = engine_->snapshot();
    const auto found = newest(*snapshot, type, id);
    Record row;
    if (!found || !record(*snapshot, found->document, row)) return std::nullopt;
    out = render(row);
  }
  if (out) cache_.insert(*out, seen);
  return out;
}

std::optional<std::string> VersionStore::meta(std::string_view name) const {
  const auto snapshot = engine_->snapshot();
  const auto value = snapshot->get(Space::meta, "x." + std::string(name));
  if (!value) return std::nullopt;
  return std::string(*value);
}

model::Result<void> VersionStore::put_meta(std::string_view name, std::string_view value) {
  std::lock_guard lock(engine_mutex_);
  return engine_->write([&](Transaction& out) { out.put(Space::meta, "x." + std::string(name), value); });
}

Store::CheckReport VersionStore::check() const {
  CheckReport report;
  const auto end = last_document();
  const auto fault = [&](std::string what) {
    if (report.faults.size() < 1000) report.faults.push_back(std::move(what));
  };
  std::string body;
  for (Document from = 1; from <= end;) {
    const auto snapshot = engine_->snapshot();
    for (std::size_t n = 0; n < scan_slice && from <= end; ++n, ++from) {
      Record out, previous;
      const auto name = "document " + std::to_string(from);
      if (!record(*snapshot, from, out)) {
        fault(name + " is missing or damaged");
        continue;
      }
      ++report.documents;
      if (out.header.document != from) fault(name + " says it is another");
      const bool tombstone = out.header.method == Method::remove;
      if (!packer_.unpack(out.packed, body)) {
        fault(name + ": its body does not unpack");
      } else if (tombstone != body.empty()) {
        fault(name + (tombstone ? ": a deletion with a body" : ": no body"));
      }
      if (out.header.version == 1 && out.header.previous != 0) fault(name + ": a first version with one before it");
      if (out.header.version > 1) {
        const std::string id(out.id);
        const auto version = out.header.version;
        if (!record(*snapshot, out.header.previous, previous) || previous.header.version + 1 != version || previous.id != id) {
          fault(name + ": the version before it is not where it says");
        }
      }
    }
  }
  const auto snapshot = engine_->snapshot();
  const auto cursor = snapshot->cursor(Space::ids);
  for (bool valid = cursor->seek(std::string_view("\0", 1)); valid; valid = cursor->next()) {
    auto key = cursor->key();
    const auto number = take_type(key);
    Newest found;
    Record out;
    ++report.resources;
    const auto name = "id " + std::string(key);
    if (!decode_newest(cursor->value(), found) || !record(*snapshot, found.document, out)) {
      fault(name + " points at no document");
      continue;
    }
    if (out.header.type != number || out.id != key || out.header.version != found.version) fault(name + " points at another resource's document");
    if (found.method == Method::remove) ++report.deleted;
  }
  return report;
}

}  // namespace store
