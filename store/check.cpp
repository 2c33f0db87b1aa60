// Checking a store from end to end, in slices, while it is read and written.

#include <string>
#include <utility>
#include <vector>

#include "store/blob_rows.h"
#include "store/replies.h"
#include "store/version_store.h"

namespace store {

namespace {

constexpr std::size_t slice_documents = 256;
constexpr std::size_t max_faults = 1000;

struct Checking {
  const Packer& packer;
  const TypeNumbers& types;
  Store::CheckReport report;
  Header before;      // of the document before
  WriterState state;  // heads and counts so far
  std::uint64_t marks = 0;
  std::uint64_t alone = 0;  // placeholders of resources that are gone
  std::string body;

  void fault(const std::string& what) {
    if (report.faults.size() < max_faults) report.faults.push_back(what);
  }
  void document(const Snapshot& snapshot, Document document);
  void body_of(const Record& record, const std::string& name);
  void chain_of(const Snapshot& snapshot, const Record& record, const std::string& name);
};

bool decode_at(const Snapshot& snapshot, Document document, Record& out) {
  const auto key = document_key(document);
  const auto value = snapshot.get(Space::documents, view(key));
  return value && decode_record(document, *value, out);
}

bool marked(const Snapshot& snapshot, const Mark& mark) {
  Mark found;
  const auto key = mark_key(mark.type, mark.document);
  const auto value = snapshot.get(Space::marks, key);
  return value && decode_mark(key, *value, found) && found.rank == mark.rank;
}

void Checking::document(const Snapshot& snapshot, Document document) {
  const std::string name = "document " + std::to_string(document);
  const auto key = document_key(document);
  const auto value = snapshot.get(Space::documents, view(key));
  Record record;
  if (!value) return fault(name + " is missing");
  if (!decode_record(document, *value, record)) return fault(name + " is damaged: its checksum or form does not hold");
  ++report.documents;
  const Header& header = record.header;
  if (before.document + 1 == document) {
    if (header.commit != before.commit && header.commit != before.commit + 1)
      fault(name + ": its commit does not follow the one before");
    if (header.last_updated < before.last_updated) fault(name + ": it was last updated before the one before");
  }
  before = header;
  if (header.type > types.count()) {
    fault(name + ": its type has no name");
  } else {
    const Document type_previous = header.type < state.heads.size() ? state.heads[header.type] : 0;
    if (type_previous != header.type_previous) fault(name + ": the document before it of its type is not the one it names");
    if (count_document(state, header.type, document)) {
      ++marks;
      if (!marked(snapshot, {header.type, document, state.counts[header.type]})) fault(name + ": its mark is not there or wrong");
    }
  }
  const bool listed = snapshot.get(Space::erased, view(key)).has_value();
  if (listed != header.erased)
    fault(name + (listed ? ": it is listed as erased, but there" : ": it is erased, but not listed so"));
  if (header.erased) {
    ++report.erased;
    if (header.version == 0) ++alone;
  } else {
    body_of(record, name);
  }
  chain_of(snapshot, record, name);
}

void Checking::body_of(const Record& record, const std::string& name) {
  if (record.header.method == Method::remove) {
    if (!record.packed.empty()) fault(name + ": a delete with a body");
    return;
  }
  if (!packer.unpack(record.packed, body)) return fault(name + ": its body does not unpack");
  if (body.empty() || body.front() != '{' || body.back() != '}') fault(name + ": its body is no JSON object");
  if (record.header.hole.offset > body.size()) fault(name + ": the place for its meta is outside its body");
}

void Checking::chain_of(const Snapshot& snapshot, const Record& record, const std::string& name) {
  const Header& header = record.header;
  const auto leads = [&](Document to, std::uint64_t version) {
    if (version == 0) return to == 0;
    Record other;
    return to != 0 && decode_at(snapshot, to, other) && other.header.version == version && other.header.type == header.type &&
           (other.id == record.id || other.header.erased || header.erased);
  };
  if (header.erased && header.version == 0) {
    if (header.previous != 0 || header.jump != 0) fault(name + ": it is of no resource, but points at one's versions");
    return;
  }
  if (!leads(header.previous, header.version - 1)) fault(name + ": the version before it is not the one it names");
  if (!leads(header.jump, jump_version(header.version)))
    fault(name + ": its jump does not lead to version " + std::to_string(jump_version(header.version)));
}

}  // namespace

Store::CheckReport VersionStore::check() const {
  const Document last = last_document();
  Checking checking{packer_, types_, {}, {}, {}, 0, 0, {}};
  const auto guarded = [&](const std::string& where, const auto& fn) {
    try {
      fn();
    } catch (const EngineError& error) {
      checking.fault(where + ": " + error.what());
    }
  };
  for (Document document = 1; document <= last;) {
    const auto snapshot = engine_->snapshot();
    for (std::size_t i = 0; i < slice_documents && document <= last; ++i, ++document) {
      guarded("document " + std::to_string(document), [&] { checking.document(*snapshot, document); });
    }
  }
  for (TypeNumber number = 1; number < checking.state.heads.size(); ++number) {
    if (types_.head(number) < checking.state.heads[number])
      checking.fault("the newest document of type number " + std::to_string(number) + " is forgotten");
  }
  guarded("the space of erased documents", [&] {
    const auto snapshot = engine_->snapshot();
    const auto cursor = snapshot->cursor(Space::erased);
    std::uint64_t found = 0;
    for (bool there = cursor->seek(std::string_view("\0", 1)); there; there = cursor->next()) {
      found += parse_document_key(cursor->key()) > last ? 0 : 1;
    }
    if (found != checking.report.erased) checking.fault("documents are listed as erased that are not there");
  });
  guarded("the space of marks", [&] {
    const auto snapshot = engine_->snapshot();
    const auto cursor = snapshot->cursor(Space::marks);
    std::uint64_t found = 0;
    for (bool there = cursor->seek(std::string_view("\0", 1)); there; there = cursor->next()) {
      Mark mark;
      found += decode_mark(cursor->key(), cursor->value(), mark) && mark.document > last ? 0 : 1;
    }
    if (found != checking.marks) {
      checking.fault("there are " + std::to_string(found) + " marks, but " + std::to_string(checking.marks) + " are due");
    }
  });
  // Every resource's versions number 1 to its newest, and chains hold: so if the newest versions' numbers add up to the
  // documents, none is lost.
  std::uint64_t versions = checking.alone, erased = checking.alone;
  std::string key("\0", 1);
  for (bool more = true; more;) {
    more = false;
    guarded("the space of ids", [&] {
      const auto snapshot = engine_->snapshot();
      const auto cursor = snapshot->cursor(Space::ids);
      bool there = cursor->seek(key);
      for (std::size_t i = 0; there; ++i, there = cursor->next()) {
        key = cursor->key();
        if (i == slice_documents) {
          more = true;
          return;
        }
        std::string_view id = key;
        const TypeNumber number = take_type(id);
        const std::string name = "resource " + std::to_string(number) + "/" + std::string(id);
        Newest newest;
        Record record;
        if (!decode_newest(cursor->value(), newest)) {
          checking.fault(name + ": its newest version does not read");
          continue;
        }
        if (!decode_at(*snapshot, newest.document, record)) {
          checking.fault(name + ": its newest version is not there or damaged");
          continue;
        }
        const Header& header = record.header;
        if (header.type != number || record.id != id || header.version != newest.version || header.method != newest.method) {
          checking.fault(name + ": its newest version is not the one it names");
          continue;
        }
        if (!descend(*snapshot, last, record)) continue;  // made since
        ++checking.report.resources;
        if (record.header.method == Method::remove) ++checking.report.deleted;
        versions += record.header.version;
        erased += newest.erased;
      }
    });
  }
  if (versions != last) {
    checking.fault("the resources have " + std::to_string(versions) + " versions, the documents are " + std::to_string(last));
  }
  key.clear();
  for (bool more = true; more;) {
    more = false;
    guarded("the space of replies", [&] {
      more = check_replies(*engine_->snapshot(), key, slice_documents, checking.report.replies, checking.report.faults);
    });
  }
  const auto is_version = [](const Snapshot& snapshot, Document document) {
    Record record;
    return decode_at(snapshot, document, record) && record.header.method != Method::remove;
  };
  guarded("the space of blobs", [&] {
    const auto count = check_blobs(*engine_, is_version, [&](const std::string& what) { checking.fault(what); });
    checking.report.blobs = count.blobs;
    checking.report.blob_bytes = count.bytes;
  });
  if (erased != checking.report.erased) {
    checking.fault("the resources say that " + std::to_string(erased) + " versions are erased, the documents that " +
                   std::to_string(checking.report.erased) + " are");
  }
  return std::move(checking.report);
}

}  // namespace store
