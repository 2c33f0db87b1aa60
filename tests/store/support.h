// What the store's tests share: stores on both engines, drafts, operations, an engine that fails on demand.
#pragma once

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "resources-gen/model/schema.h"
#include "store/store.h"

namespace tests {

// A directory of its own, removed at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  std::string path(std::string_view below = {}) const;

 private:
  std::filesystem::path path_;
};

// From KILN_SEED, else the clock; printed, so that a failure can be run again.
std::uint64_t random_seed(std::string_view test);

enum class EngineKind { memory, lmdb };
std::unique_ptr<store::Engine> open_engine(EngineKind kind, const std::string& directory);

// Opens a store; fails the test if it does not open.
std::unique_ptr<store::Store> open_store(std::unique_ptr<store::Engine> engine, const store::StoreOptions& options = {});
std::unique_ptr<store::Store> open_lmdb_store(const std::string& directory, const store::StoreOptions& options = {});

model::TypeId type(std::string_view name);

// The stored form of a small resource: `{"resourceType":..,"id":..,` hole `"text":..}`.
std::string stored_body(std::string_view type_name, std::string_view id, std::string_view text);
store::Draft draft(const store::Store& store, std::string_view type_name, std::string_view id, std::string_view text,
                   store::Method method = store::Method::put);
store::Draft removal(std::string_view type_name, std::string_view id);

// An operation of one put.
store::Operation put(store::Draft draft);
// What a version's resource looks like when sent.
std::string sent_body(std::string_view type_name, std::string_view id, std::string_view text, const store::Version& version);

std::string text(const model::Failure& failure);  // all diagnostics

// An engine over another whose commits fail while `failing` is set, nothing of them remaining.
class FailingEngine : public store::Engine {
 public:
  explicit FailingEngine(std::unique_ptr<store::Engine> engine) : engine_(std::move(engine)) {}
  std::unique_ptr<store::Snapshot> snapshot() const override { return engine_->snapshot(); }
  model::Result<void> write(const std::function<void(store::Transaction&)>& fn) override;
  model::Result<void> backup(const std::string& directory) const override { return engine_->backup(directory); }
  std::uint64_t size_bytes() const override { return engine_->size_bytes(); }
  std::string name() const override { return "failing " + engine_->name(); }

  std::atomic<bool> failing{false};
  std::atomic<int> commits{0};
  // `before` is called before each commit from now on; may be null.
  void each_commit(std::function<void()> before);

 private:
  std::mutex mutex_;  // guards before_: the writer may be at its next group
  std::function<void()> before_;
  std::unique_ptr<store::Engine> engine_;
};

// Holds the writer inside an operation, so that what is submitted meanwhile is the next group.
class Hold {
 public:
  explicit Hold(store::Store& store, store::Lane lane = store::Lane::normal);
  ~Hold() { release(); }
  void release();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace tests

template <typename T>
struct Catch::StringMaker<model::Result<T>> {
  static std::string convert(const model::Result<T>& result) { return result ? "success" : tests::text(result.error()); }
};
