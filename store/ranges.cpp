// Ranges of versions: by document, by type, by id. All run in slices: no snapshot lives long, and documents never change in
// between.

#include <algorithm>
#include <limits>
#include <utility>

#include "store/version_store.h"

namespace store {

namespace {

constexpr std::size_t slice_documents = 1024;  // headers read under one snapshot
constexpr std::size_t slice_bodies = 256;      // bodies copied under one snapshot ...
constexpr std::size_t slice_bytes = 1u << 20;  // ... or so many bytes

}  // namespace

std::vector<TypeNumber> VersionStore::numbers_of(std::span<const model::TypeId> types) const {
  std::vector<TypeNumber> numbers;
  for (const model::TypeId type : types) {
    const TypeNumber number = types_.number(type);
    if (number != 0 && std::find(numbers.begin(), numbers.end(), number) == numbers.end()) numbers.push_back(number);
  }
  return numbers;
}

std::vector<Version> VersionStore::documents(Document first, Document end, std::span<const model::TypeId> types, Order order,
                                             std::size_t limit) const {
  std::vector<Version> out;
  first = std::max<Document>(first, 1);
  end = std::min(end, last_document() + 1);
  if (first >= end) return out;
  std::vector<TypeWalk> walks;
  for (const TypeNumber number : numbers_of(types)) walks.emplace_back(number, types_.head(number), first, end, order);
  const bool down = order == Order::newest_first;
  // The next document of the type whose turn it is; 0: the end.
  Document place = down ? end - 1 : first;  // of a walk over all types
  const auto next = [&](const Snapshot& snapshot) {
    if (types.empty()) {
      const Document document = place >= first && place < end ? place : 0;
      place += down ? Document(-1) : 1;
      return document;
    }
    TypeWalk* turn = nullptr;
    for (TypeWalk& walk : walks) {
      const Document at = walk.at(snapshot);
      if (at != 0 && (turn == nullptr || (down ? at > turn->at(snapshot) : at < turn->at(snapshot)))) turn = &walk;
    }
    return turn == nullptr ? Document{0} : turn->take();
  };
  for (bool more = true; more && out.size() < limit;) {
    const auto snapshot = engine_->snapshot();
    Record record;
    for (std::size_t i = 0; more && i < slice_documents && out.size() < limit; ++i) {
      const Document document = next(*snapshot);
      more = document != 0;
      if (!more) break;
      if (!find_record(*snapshot, document, record)) throw EngineError("document " + std::to_string(document) + " is missing");
      if (auto version = left(record)) out.push_back(std::move(*version));
    }
  }
  return out;
}

std::uint64_t VersionStore::count_documents(Document first, Document end, std::span<const model::TypeId> types) const {
  first = std::max<Document>(first, 1);
  end = std::min(end, last_document() + 1);
  if (first >= end) return 0;
  if (types.empty()) return end - first - erased_.count(first, end, {});  // documents are numbered without gaps
  const auto numbers = numbers_of(types);
  if (numbers.empty()) return 0;
  std::uint64_t sum = 0;
  const auto snapshot = engine_->snapshot();
  for (const TypeNumber number : numbers) {
    const TypeChain chain(*snapshot, number, types_.head(number));
    sum += chain.count_through(end - 1) - chain.count_through(first - 1);
  }
  return sum - erased_.count(first, end, numbers);
}

std::vector<Version> VersionStore::by_id(model::TypeId type, std::string_view from, bool descending, std::size_t limit) const {
  std::vector<Version> out;
  const TypeNumber number = types_.number(type);
  if (number == 0) return out;
  // What is committed, told of or not: the index shows a commit a little before last_document() does, and a caller that walks as
  // of its moment must not be given what that commit replaced.
  constexpr Document moment = std::numeric_limits<Document>::max();
  std::string key;  // to go on from
  append_type(key, number);
  const std::string type_end = [&] {
    std::string end;
    append_type(end, static_cast<TypeNumber>(number + 1));
    return end;
  }();
  const bool bounded = !from.empty();
  if (bounded) {
    key.append(from);
  } else if (descending) {
    key = type_end;
  }
  bool beyond = false;  // `key` itself was given
  for (bool more = true; more && out.size() < limit;) {
    const auto snapshot = engine_->snapshot();
    const auto cursor = snapshot->cursor(Space::ids);
    bool there = cursor->seek(key);
    if (descending) {
      if (!there) {
        there = cursor->last();
      } else if (cursor->key() != key || beyond) {
        there = cursor->previous();
      }
    } else if (there && beyond && cursor->key() == key) {
      there = cursor->next();
    }
    more = false;
    for (std::size_t i = 0; there && out.size() < limit; ++i, there = descending ? cursor->previous() : cursor->next()) {
      std::string_view id = cursor->key();
      if (take_type(id) != number) break;
      if (i == slice_documents) {
        more = true;
        break;
      }
      key = cursor->key();
      beyond = true;
      Newest newest;
      Record record;
      if (!decode_newest(cursor->value(), newest) || !find_record(*snapshot, newest.document, record)) {
        throw EngineError("the newest version of a resource is damaged");
      }
      if (!descend(*snapshot, moment, record)) continue;
      if (auto version = left(record)) out.push_back(std::move(*version));
    }
  }
  return out;
}

void VersionStore::scan(Document first, const std::function<bool(const Version&, std::string_view, Hole)>& visit) const {
  struct Row {
    Version version;
    Hole hole;
    std::string packed;
  };
  std::vector<Row> rows;
  std::string body;
  for (Document document = std::max<Document>(first, 1); document <= last_document();) {
    const Document last = last_document();
    rows.clear();
    {
      const auto snapshot = engine_->snapshot();
      Record record;
      for (std::size_t bytes = 0; document <= last && rows.size() < slice_bodies && bytes < slice_bytes; ++document) {
        if (!find_record(*snapshot, document, record)) throw EngineError("document " + std::to_string(document) + " is missing");
        bytes += record.packed.size() + 64;
        if (record.header.erased) continue;
        rows.push_back({to_version(record), record.header.hole, std::string(record.packed)});
      }
    }
    for (const Row& row : rows) {
      body.clear();
      if (!row.version.deleted() && !packer_.unpack(row.packed, body)) {
        throw EngineError("the body of document " + std::to_string(row.version.document) + " is damaged");
      }
      if (!visit(row.version, body, row.hole)) return;
    }
  }
}

Document VersionStore::first_where(const Snapshot& snapshot, Document end, const std::function<bool(const Header&)>& reached) {
  Document low = 1, high = end;
  Record record;
  while (low < high) {
    const Document middle = low + (high - low) / 2;
    if (!find_record(snapshot, middle, record)) throw EngineError("document " + std::to_string(middle) + " is missing");
    if (reached(record.header)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

Document VersionStore::first_since(std::int64_t milliseconds) const {
  const auto snapshot = engine_->snapshot();
  const auto cursor = snapshot->cursor(Space::documents);
  // What is committed, told of or not, as in by_id(): else a search of the moment in between would lack its newest documents.
  const Document end = cursor->last() ? parse_document_key(cursor->key()) + 1 : 1;
  return first_where(*snapshot, end, [=](const Header& header) { return header.last_updated >= milliseconds; });
}

Document VersionStore::first_after(Commit commit) const {
  const Document end = last_document() + 1;  // before the snapshot: a commit is told of as a whole
  const auto snapshot = engine_->snapshot();
  return first_where(*snapshot, end, [=](const Header& header) { return header.commit > commit; });
}

}  // namespace store
