#include "tests/store/model.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

namespace tests {

using store::Document;
using store::Version;

bool same(const Version& a, const Version& b) {
  return a.type == b.type && a.id == b.id && a.version == b.version && a.commit == b.commit && a.document == b.document &&
         a.previous == b.previous && a.last_updated == b.last_updated && a.method == b.method;
}

Version PlainStore::add(const std::string& type_name, const std::string& id, const std::string& text, store::Method method,
                        store::Commit commit, std::int64_t now) {
  auto& chain = resources[{type_name, id}];
  Version version;
  version.type = type(type_name);
  version.id = id;
  version.version = chain.size() + 1;
  version.commit = commit;
  version.document = documents.size() + 1;
  version.previous = chain.empty() ? 0 : chain.back();
  version.last_updated = now;
  version.method = method;
  chain.push_back(version.document);
  documents.push_back({version, type_name, text});
  return version;
}

std::optional<std::uint64_t> PlainStore::erase(const std::string& type_name, const std::string& id, store::Erasure::Extent extent,
                                               std::uint64_t version) {
  const auto found = resources.find({type_name, id});
  if (found == resources.end()) return std::nullopt;
  using Extent = store::Erasure::Extent;
  const auto& chain = found->second;
  if (extent == Extent::version && (version == 0 || version >= chain.size() || documents[chain[version - 1] - 1].erased))
    return std::nullopt;
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    if (extent == Extent::version ? i + 1 != version : extent == Extent::history && i + 1 == chain.size()) continue;
    count += documents[chain[i] - 1].erased ? 0 : 1;
    documents[chain[i] - 1].erased = true;
  }
  if (extent == Extent::all) resources.erase(found);
  return count;
}

const std::vector<Document>* PlainStore::chain(const std::string& type_name, const std::string& id) const {
  const auto found = resources.find({type_name, id});
  return found == resources.end() ? nullptr : &found->second;
}

namespace {

void require_same(const std::vector<Version>& found, const std::vector<Version>& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) REQUIRE(same(found[i], expected[i]));
}

void require_same(const std::optional<Version>& found, const Version* expected) {
  REQUIRE(found.has_value() == (expected != nullptr));
  if (found) REQUIRE(same(*found, *expected));
}

void require_rendered(const std::optional<store::Store::Rendered>& found, const PlainVersion* expected) {
  REQUIRE(found.has_value() == (expected != nullptr));
  if (!found) return;
  REQUIRE(same(found->version, expected->version));
  REQUIRE(*found->body == (expected->version.deleted()
                               ? std::string()
                               : sent_body(expected->type_name, expected->version.id, expected->text, expected->version)));
}

}  // namespace

// Ranges of documents: of all types, of one, of several.
void PlainStore::compare_ranges(const store::Store& store, std::mt19937_64& random, Document first, Document end,
                                std::size_t limit) const {
  const std::vector<std::string> names = {"Patient", "Observation", "Encounter", "Basic", "Slot"};
  std::vector<model::TypeId> types;
  for (std::size_t wanted = random() % 4; wanted > 0; --wanted) types.push_back(type(names[random() % names.size()]));
  std::vector<Version> all;
  for (Document d = std::max<Document>(first, 1); d < end && d <= documents.size(); ++d) {
    if (documents[d - 1].erased) continue;
    const Version& version = documents[d - 1].version;
    if (types.empty() || std::find(types.begin(), types.end(), version.type) != types.end()) all.push_back(version);
  }
  REQUIRE(store.count_documents(first, end, types) == all.size());
  for (const auto order : {store::Order::oldest_first, store::Order::newest_first}) {
    std::vector<Version> expected(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(std::min(limit, all.size())));
    require_same(store.documents(first, end, types, order, limit), expected);
    std::reverse(all.begin(), all.end());
  }
}

void PlainStore::compare(const store::Store& store, std::uint64_t seed, int reads) const {
  std::mt19937_64 random(seed);
  const Document last = documents.size();
  REQUIRE(store.last_document() == last);
  REQUIRE(store.last_commit() == (last == 0 ? 0 : documents.back().version.commit));
  const std::vector<std::string> types = {"Patient", "Observation", "Encounter", "Basic"};
  const auto version_at = [&](Document document) {
    return document == 0 || document > last || documents[document - 1].erased ? nullptr : &documents[document - 1].version;
  };
  for (int i = 0; i < reads; ++i) {
    const std::string type_name = types[random() % types.size()];
    const model::TypeId type_id = type(type_name);
    const std::string id = "r" + std::to_string(random() % 40);
    const std::vector<Document>* own = chain(type_name, id);
    const Document document = random() % (last + 3), least = random() % 3 == 0 ? random() % (last + 1) : 0;
    const std::size_t limit = 1 + random() % 20;
    require_same(store.current(type_id, id), own ? version_at(own->back()) : nullptr);
    require_same(store.at(document), version_at(document));
    require_rendered(store.render(document), version_at(document) == nullptr ? nullptr : &documents[document - 1]);
    const auto read = store.read(type_id, id);
    require_rendered(read, own ? &documents[own->back() - 1] : nullptr);
    if (own) require_rendered(store.cached(type_id, id), &documents[own->back() - 1]);
    const std::uint64_t number = random() % ((own ? own->size() : 0) + 2);
    require_same(store.version(type_id, id, number),
                 own && number >= 1 && number <= own->size() ? version_at((*own)[number - 1]) : nullptr);
    std::vector<Version> history;
    const Version* then = nullptr;
    if (own) {
      bool found = false;
      for (auto d = own->rbegin(); d != own->rend(); ++d) {
        if (*d <= document && !found) then = version_at(*d);
        found = found || *d <= document;
        if ((document == 0 || *d < document) && history.size() < limit && version_at(*d)) history.push_back(*version_at(*d));
      }
    }
    require_same(store.as_of(type_id, id, document), then);
    require_same(store.history(type_id, id, document, limit), history);
    std::vector<Version> onwards;
    std::uint64_t counted = 0;
    for (const Document d : own ? *own : std::vector<Document>()) {
      if (version_at(d) == nullptr) continue;
      if (d > document && onwards.size() < limit) onwards.push_back(*version_at(d));
      counted += d >= least && d < document ? 1 : 0;
    }
    require_same(store.history_after(type_id, id, document, limit), onwards);
    REQUIRE(store.count_history(type_id, id, least, document) == counted);
    compare_ranges(store, random, least, document, limit);
    for (const bool descending : {false, true}) {
      std::vector<Version> by_id;
      const std::string from = random() % 3 == 0 ? "" : "r" + std::to_string(random() % 50);
      for (const auto& [key, chain] : resources) {
        if (key.first != type_name || (!from.empty() && (descending ? key.second > from : key.second < from))) continue;
        by_id.push_back(*version_at(chain.back()));
      }
      if (descending) std::reverse(by_id.begin(), by_id.end());
      if (by_id.size() > limit) by_id.resize(limit);
      require_same(store.by_id(type_id, from, descending, limit), by_id);
    }
    const std::int64_t since =
        last == 0 ? 0 : documents[random() % last].version.last_updated + static_cast<std::int64_t>(random() % 3) - 1;
    Document first = 1;
    while (first <= last && documents[first - 1].version.last_updated < since) ++first;
    REQUIRE(store.first_since(since) == first);
    const store::Commit commit = random() % (store.last_commit() + 3);
    first = 1;
    while (first <= last && documents[first - 1].version.commit <= commit) ++first;
    REQUIRE(store.first_after(commit) == first);
  }
  Document next = 1 + random() % (last + 1);
  const Document stop = next + random() % 600;
  const auto pass_erased = [&] {
    while (next <= last && documents[next - 1].erased) ++next;
  };
  pass_erased();
  store.scan(next, [&](const Version& version, std::string_view body, store::Hole) {
    REQUIRE(same(version, *version_at(next)));
    const PlainVersion& expected = documents[next - 1];
    REQUIRE(body == (version.deleted() ? std::string() : stored_body(expected.type_name, version.id, expected.text)));
    ++next;
    pass_erased();
    return next < stop;
  });
  REQUIRE(next >= std::min(stop, last + 1));
}

}  // namespace tests
