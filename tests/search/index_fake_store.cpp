// FakeStore: versions in a vector, and in a log where they must outlive a kill.
#include <catch2/catch.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "search/segment_bytes.h"
#include "tests/search/index_support.h"

namespace index_test {

std::string body_of(const search::DocumentTerms* terms) {
  std::string body;
  if (terms)
    for (const auto& term : terms->terms) {
      search::put<std::uint16_t>(body, term.parameter);
      search::put_text(body, term.bytes);
    }
  return body;
}

std::shared_ptr<const search::DocumentTerms> terms_of(const store::Version& version, std::string_view body, store::Hole) {
  auto terms = std::make_shared<search::DocumentTerms>();
  terms->type = version.type;
  search::Input in{body.data(), body.data() + body.size()};
  while (in.left() > 0) {
    const auto parameter = in.fixed<std::uint16_t>();
    terms->terms.push_back({parameter, std::string(in.text())});
  }
  return terms;
}

FakeStore::FakeStore(std::string log) {
  if (log.empty()) return;
  log_ = ::open(log.c_str(), O_RDWR | O_CREAT | O_APPEND, 0600);
  REQUIRE(log_ >= 0);
  replay();
}

FakeStore::~FakeStore() {
  if (log_ >= 0) ::close(log_);
}

void FakeStore::log(char kind, const std::string& record) {
  if (log_ < 0) return;
  std::string bytes(1, kind);
  search::put<std::uint32_t>(bytes, static_cast<std::uint32_t>(record.size()));
  bytes += record;
  if (::write(log_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size())) return;
  std::perror("the log of a fake store");  // not REQUIRE: this may be a lane's thread
  std::abort();
}

void FakeStore::replay() {
  std::string all(static_cast<std::size_t>(::lseek(log_, 0, SEEK_END)), '\0');
  REQUIRE(::pread(log_, all.data(), all.size(), 0) == static_cast<ssize_t>(all.size()));
  search::Input in{all.data(), all.data() + all.size()};
  while (in.left() > 5) {
    const char* start = in.at;
    const char kind = static_cast<char>(in.fixed<std::uint8_t>());
    const std::string_view record = in.bytes(in.fixed<std::uint32_t>());
    if (in.bad) {  // cut off by a kill: as a store would, forget it
      REQUIRE(::ftruncate(log_, start - all.data()) == 0);
      return;
    }
    search::Input fields{record.data(), record.data() + record.size()};
    if (kind == 'M') {
      const std::string name(fields.text());
      meta_[name] = fields.text();
      continue;
    }
    while (fields.left() > 0) {
      Change change;
      change.type = fields.fixed<std::uint16_t>();
      change.id = fields.text();
      change.remove = fields.fixed<std::uint8_t>() != 0;
      keep({number(change, documents_.size() + 1), std::string(fields.text())});
    }
  }
}

store::Version FakeStore::number(const Change& change, Document document) const {
  store::Version version;
  version.type = change.type;
  version.id = change.id;
  version.document = document;
  version.commit = document;
  version.method = change.remove ? store::Method::remove : store::Method::put;
  const auto known = versions_.find({change.type, change.id});
  version.version = 1;
  if (known != versions_.end()) {
    version.previous = known->second.back();
    version.version = known->second.size() + 1;
  }
  return version;
}

void FakeStore::keep(Kept kept) {
  versions_[{kept.version.type, kept.version.id}].push_back(kept.version.document);
  documents_.push_back(std::move(kept));
}

Document FakeStore::commit(const std::vector<Change>& changes) {
  std::string record;
  {
    std::lock_guard lock(mutex_);
    for (const Change& change : changes) {
      Kept kept{number(change, documents_.size() + 1), body_of(change.remove ? nullptr : change.terms.get())};
      if (listener_) listener_->stage(kept.version, change.terms);
      search::put<std::uint16_t>(record, change.type);
      search::put_text(record, change.id);
      record.push_back(change.remove ? 1 : 0);
      search::put_text(record, kept.body);
      keep(std::move(kept));
    }
    log('D', record);
  }
  if (listener_) listener_->publish();
  return last_document();
}

void FakeStore::abandon(const std::vector<Change>& changes) {
  Document next = last_document() + 1;
  for (const Change& change : changes) listener_->stage(number(change, next++), change.terms);
  listener_->abandon();
}

std::optional<store::Version> FakeStore::at(Document document) const {
  std::lock_guard lock(mutex_);
  if (document == 0 || document > documents_.size() || erased_.contains(document)) return std::nullopt;
  return documents_[document - 1].version;
}

std::vector<Document> FakeStore::erased() const {
  const std::lock_guard lock(mutex_);
  return {erased_.begin(), erased_.end()};
}

Document FakeStore::replaced_by(Document document) const {
  const std::lock_guard lock(mutex_);
  return documents_.at(document - 1).version.previous;
}

void FakeStore::erase_documents(const std::vector<Document>& documents) {
  {
    const std::lock_guard lock(mutex_);
    erased_.insert(documents.begin(), documents.end());
  }
  listener_->erase(documents);
}

std::optional<store::Version> FakeStore::as_of(model::TypeId type, std::string_view id, Document document) const {
  std::lock_guard lock(mutex_);
  const auto known = versions_.find({type, std::string(id)});
  if (known == versions_.end()) return std::nullopt;
  const auto after = std::upper_bound(known->second.begin(), known->second.end(), document);
  if (after == known->second.begin()) return std::nullopt;
  if (erased_.contains(*std::prev(after))) return std::nullopt;
  return documents_[*std::prev(after) - 1].version;
}

void FakeStore::scan(Document first,
                     const std::function<bool(const store::Version&, std::string_view, store::Hole)>& visit) const {
  for (;; ++first) {
    Kept kept;
    {
      std::lock_guard lock(mutex_);
      if (first > documents_.size()) return;
      if (erased_.contains(first)) continue;
      kept = documents_[first - 1];
    }
    if (!visit(kept.version, kept.body, {})) return;
  }
}

Document FakeStore::last_document() const {
  std::lock_guard lock(mutex_);
  return documents_.size();
}

std::optional<std::string> FakeStore::meta(std::string_view name) const {
  std::lock_guard lock(mutex_);
  const auto found = meta_.find(name);
  return found == meta_.end() ? std::nullopt : std::optional(found->second);
}

model::Result<void> FakeStore::put_meta(std::string_view name, std::string_view value) {
  std::lock_guard lock(mutex_);
  if (refuse_meta) return model::failure(model::FailureKind::no_space, model::IssueCode::no_store, "the disk is full");
  std::string record;
  search::put_text(record, name);
  search::put_text(record, value);
  log('M', record);
  meta_[std::string(name)] = value;
  return {};
}

}  // namespace index_test
