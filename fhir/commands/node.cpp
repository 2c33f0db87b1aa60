#include "fhir/commands/node.h"

#include <cstdio>
#include <filesystem>

#include "resources-gen/model/schema.h"

namespace commands {

model::Result<std::unique_ptr<Node>> Node::open(const std::string& directory, const rest::ServiceOptions& options) {
  const auto& schema = model::r4();
  std::unique_ptr<store::Engine> engine;
  std::string segments;
  if (directory.empty()) {
    engine = store::make_memory_engine();
  } else {
    std::error_code trouble;
    std::filesystem::create_directories(directory, trouble);
    if (trouble) {
      return model::failure(model::FailureKind::internal, model::IssueCode::exception,
                            "The data directory '" + directory + "' cannot be made: " + trouble.message());
    }
    store::LmdbOptions lmdb;
    lmdb.directory = directory;
    auto opened = store::open_lmdb(lmdb);
    if (!opened) return opened.error();
    engine = std::move(*opened);
    segments = directory + "/segments";
  }
  auto node = std::make_unique<Node>();
  store::StoreOptions store_options;
  store_options.reply_milliseconds = std::int64_t{options.idempotency_hours} * 3'600'000;
  auto store = store::Store::open(std::move(engine), schema, store_options);
  if (!store) return store.error();
  node->store_ = std::move(*store);
  auto search = search::Search::open(*node->store_, schema, segments);
  if (!search) return search.error();
  node->search_ = std::move(*search);
  node->service_ = std::make_unique<rest::Service>(schema, *node->store_, *node->search_, options);
  return node;
}

model::Result<void> must_exist(const std::string& directory) {
  std::error_code trouble;
  const auto size = std::filesystem::file_size(directory + "/data.mdb", trouble);
  if (trouble || size == 0) {
    return model::failure(model::FailureKind::not_found, model::IssueCode::not_found,
                          "There is no store in '" + directory + "': data.mdb is " + (trouble ? "not there" : "empty"));
  }
  return {};
}

model::Result<std::unique_ptr<Node>> Node::open_existing(const std::string& directory) {
  if (auto there = must_exist(directory); !there) return there.error();
  return open(directory, {});
}

Node::~Node() {
  service_.reset();
  if (store_ == nullptr) return;
  // An operation in each lane that writes nothing ends after all before it: then the index, which needs the store, may go.
  for (const auto lane : {store::Lane::normal, store::Lane::bulk}) {
    (void)store_->write([](store::WriteContext&) -> model::Result<void> { return {}; }, lane);
  }
  search_.reset();
}

int report(const model::Failure& failure) {
  for (const auto& issue : failure.issues) {
    std::string line = "kiln: " + issue.diagnostics;
    if (!issue.expression.empty()) line += " (" + issue.expression + ")";
    if (issue.line != 0) line += " at line " + std::to_string(issue.line) + ", column " + std::to_string(issue.column);
    std::fprintf(stderr, "%s\n", line.c_str());
  }
  return 1;
}

}  // namespace commands
