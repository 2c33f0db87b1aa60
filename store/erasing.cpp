#include "store/erasing.h"

#include "store/blob_rows.h"
#include "store/erased.h"
#include "store/replies.h"

namespace store {

namespace {

model::Failure nothing(const std::string& what) {
  return model::failure(model::FailureKind::not_found, model::IssueCode::not_found, "there is nothing to erase: " + what);
}

// What stays of a document: its place among all, in its type and, while there is a resource, among that one's versions; and
// when it was, for the order of all.
Header placeholder(Header header, bool alone) {
  header.erased = true;
  header.hole = {};
  if (alone) {
    header.version = 0;
    header.previous = 0;
    header.jump = 0;
  }
  return header;
}

// How replies name what is erased: the resource, or those versions of it.
std::vector<std::string> names(std::string_view type, const Erasure& what, const std::vector<Header>& erased) {
  const std::string name = std::string(type) + "/" + what.id;
  if (what.extent == Erasure::Extent::all) return {name};
  std::vector<std::string> out;
  for (const Header& header : erased) out.push_back(name + "/_history/" + std::to_string(header.version));
  return out;
}

}  // namespace

model::Result<Erasing> Erasing::find(const Snapshot& snapshot, TypeNumber type, std::string_view name,
                                     const std::vector<std::string>& before, const Erasure& what) {
  if (type == 0 || what.id.empty() || what.id.size() > max_id_bytes) return nothing("no such resource");
  Erasing out;
  out.type_ = type;
  out.key_ = resource_key(type, what.id);
  if (!find_newest(snapshot, out.key_, out.newest_)) return nothing("no such resource");
  const std::uint64_t newest = out.newest_.version;
  if (what.extent == Erasure::Extent::version && what.version == newest) {
    return model::failure(
        model::FailureKind::conflict, model::IssueCode::conflict,
        "version " + std::to_string(newest) + " is the newest one: it can be erased with the whole resource only");
  }
  const bool all = what.extent == Erasure::Extent::all;
  Record record;
  for (Document document = out.newest_.document; document != 0;) {
    if (!find_record(snapshot, document, record)) throw EngineError("document " + std::to_string(document) + " is missing");
    const std::uint64_t version = record.header.version;
    const bool chosen = what.extent == Erasure::Extent::version ? version == what.version : all || version != newest;
    // Of a resource that goes wholly, also what was erased before stands alone now.
    if (chosen && (all || !record.header.erased)) {
      if (!record.header.erased) out.documents_.push_back(document);
      out.placeholders_.push_back(placeholder(record.header, all));
    }
    const bool jump = what.extent == Erasure::Extent::version && jump_version(version) >= what.version;
    document = what.extent == Erasure::Extent::version && version <= what.version ? 0
               : jump                                                             ? record.header.jump
                                                                                  : record.header.previous;
  }
  if (out.documents_.empty() && what.extent == Erasure::Extent::version) return nothing("no such version");
  out.newest_.erased += out.documents_.size();
  if (all) out.newest_ = {};
  for (const Document document : out.documents_) {
    if (const auto blob = find_blob(snapshot, document)) out.blobs_.push_back(blob->number);
  }
  if (!out.documents_.empty()) out.replies_ = replies_that_name(snapshot, names(name, what, out.placeholders_), before);
  return out;
}

void Erasing::carry_out(Transaction& out) const {
  for (const Header& header : placeholders_) {
    const auto key = document_key(header.document);
    out.put(Space::documents, view(key), encode_record(header, {}, {}));
    put_erased(out, header.type, header.document);
  }
  if (newest_.document == 0) {
    out.erase(Space::ids, key_);
  } else {
    out.put(Space::ids, key_, encode_newest(newest_));
  }
  for (const std::string& key : replies_) cut_reply(out, key);
  if (!blobs_.empty()) {
    for (const Document document : documents_) release_blob(out, document);
  }
  raise_format(out);
}

}  // namespace store
