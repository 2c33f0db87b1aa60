// A store with its search on top, for the tests of queries: resources in as JSON, pages out by URL.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "search/search.h"
#include "store/store.h"

namespace query_test {

class World {
 public:
  enum class Kind { memory, disk };
  explicit World(Kind kind = Kind::memory);
  ~World();

  // Writes a resource that has an id (or is given one); its document.
  store::Document put(std::string_view json, std::string_view id = {});
  void remove(std::string_view type, std::string_view id);
  // All in one operation: one commit, one instant.
  void put_together(const std::vector<std::string>& resources);
  void flush() { search_->flush(); }
  void reopen();  // disk only

  // "Patient?name=x", "?_type=A,B", "Patient/1/*", percent-encoded or not where it does not matter; a link of a page with what
  // stands before its `?`.
  model::Result<search::Page> get(std::string_view url, bool strict = false);
  search::Page page(std::string_view url);                       // must succeed
  std::vector<std::string> ids(std::string_view url);            // of the matches, in order, by following next to the end
  std::string fault(std::string_view url, bool strict = false);  // diagnostics of the failure, joined; must fail
  model::Result<std::shared_ptr<const search::Query>> parse(std::string_view url, bool strict = false);

  search::Search& search() { return *search_; }
  store::Store& store() { return *store_; }
  const model::Schema& schema() const { return model::r4(); }
  search::ParseOptions options;

  static std::atomic<std::int64_t> now;  // the store's clock, ms; each write moves it on by `tick`
  std::int64_t tick = 1000;

 private:
  void open();
  Kind kind_;
  std::filesystem::path directory_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<search::Search> search_;
};

std::string id_of(const search::Match& match, const model::Schema& schema = model::r4());  // "Patient/1"
std::vector<std::string> matches_of(const search::Page& page);                             // ids alone, without included ones
std::vector<std::string> included_of(const search::Page& page);                            // "Type/id", sorted
std::string percent_decoded(std::string_view text);

}  // namespace query_test
