// Node: one data directory opened: engine, store, search and service, in the order they lean on each other.
#pragma once

#include <memory>
#include <string>

#include "fhir/rest/service.h"
#include "resources-gen/model/result.h"
#include "search/search.h"
#include "store/store.h"

namespace commands {

class Node {
 public:
  Node() = default;
  ~Node();  // what is queued is written, then the index, so that the next start is quick
  // Opens (or makes) the store in `directory`; empty: in memory, gone at exit. Fails if another process holds it, or it is of a
  // newer format.
  static model::Result<std::unique_ptr<Node>> open(const std::string& directory, const rest::ServiceOptions& options);
  // The same of a store that must be there: for commands that read or mend one.
  static model::Result<std::unique_ptr<Node>> open_existing(const std::string& directory);

  store::Store& store() { return *store_; }
  search::Search& search() { return *search_; }
  rest::Service& service() { return *service_; }

 private:
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<search::Search> search_;
  std::unique_ptr<rest::Service> service_;
};

// Fails, and makes nothing, where there is no store.
model::Result<void> must_exist(const std::string& directory);

// Prints a failure's issues to standard error, one a line, each with its place; returns 1, the exit status.
int report(const model::Failure& failure);

}  // namespace commands
