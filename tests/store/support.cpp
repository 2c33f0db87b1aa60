#include "tests/store/support.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>

#include "resources-gen/formats/json.h"

namespace tests {

TemporaryDirectory::TemporaryDirectory() {
  // In memory where there is such a place: what is tested survives kills, not power cuts, and thousands of fsyncs take long.
  const std::filesystem::path memory = "/dev/shm";
  const bool usable = std::getenv("TMPDIR") == nullptr && access(memory.c_str(), W_OK) == 0;
  std::string pattern = ((usable ? memory : std::filesystem::temp_directory_path()) / "kiln-store-XXXXXX").string();
  REQUIRE(mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryDirectory::path(std::string_view below) const {
  return below.empty() ? path_.string() : (path_ / below).string();
}

std::uint64_t random_seed(std::string_view test) {
  const char* given = std::getenv("KILN_SEED");
  const std::uint64_t seed = given != nullptr
                                 ? std::strtoull(given, nullptr, 10)
                                 : static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  std::printf("%.*s: KILN_SEED=%llu\n", static_cast<int>(test.size()), test.data(), static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  return seed;
}

std::unique_ptr<store::Engine> open_engine(EngineKind kind, const std::string& directory) {
  if (kind == EngineKind::memory) return store::make_memory_engine();
  store::LmdbOptions options;
  options.directory = directory;
  auto opened = store::open_lmdb(options);
  if (!opened) FAIL(text(opened.error()));
  return std::move(*opened);
}

std::unique_ptr<store::Store> open_store(std::unique_ptr<store::Engine> engine, const store::StoreOptions& options) {
  auto opened = store::Store::open(std::move(engine), model::r4(), options);
  if (!opened) FAIL(text(opened.error()));
  return std::move(*opened);
}

std::unique_ptr<store::Store> open_lmdb_store(const std::string& directory, const store::StoreOptions& options) {
  return open_store(open_engine(EngineKind::lmdb, directory), options);
}

model::TypeId type(std::string_view name) { return model::r4().type(name); }

namespace {

std::string body_front(std::string_view type_name, std::string_view id) {
  return "{\"resourceType\":\"" + std::string(type_name) + "\",\"id\":\"" + std::string(id) + "\",";
}

}  // namespace

std::string stored_body(std::string_view type_name, std::string_view id, std::string_view text) {
  return body_front(type_name, id) + "\"text\":\"" + std::string(text) + "\"}";
}

store::Draft draft(const store::Store& store, std::string_view type_name, std::string_view id, std::string_view text,
                   store::Method method) {
  store::Draft out;
  out.type = type(type_name);
  out.id = id;
  out.method = method;
  out.body = store.pack(stored_body(type_name, id, text));
  out.hole = {static_cast<std::uint32_t>(body_front(type_name, id).size()),
              static_cast<std::uint8_t>(formats::MetaHole::new_meta)};
  return out;
}

store::Draft removal(std::string_view type_name, std::string_view id) {
  store::Draft out;
  out.type = type(type_name);
  out.id = id;
  out.method = store::Method::remove;
  return out;
}

store::Operation put(store::Draft draft) {
  return [draft = std::move(draft)](store::WriteContext& context) -> model::Result<void> {
    context.put(draft);
    return {};
  };
}

std::string sent_body(std::string_view type_name, std::string_view id, std::string_view text, const store::Version& version) {
  return body_front(type_name, id) + formats::hole_text(formats::MetaHole::new_meta, version.version, version.last_updated) +
         "\"text\":\"" + std::string(text) + "\"}";
}

std::string text(const model::Failure& failure) {
  std::string out;
  for (const model::Issue& issue : failure.issues) out.append(issue.diagnostics).append(" ");
  return out;
}

void FailingEngine::each_commit(std::function<void()> before) {
  const std::lock_guard lock(mutex_);
  before_ = std::move(before);
}

model::Result<void> FailingEngine::write(const std::function<void(store::Transaction&)>& fn) {
  const auto before = [this] {
    const std::lock_guard lock(mutex_);
    return before_;
  }();
  if (before) before();
  if (failing) return model::failure(model::FailureKind::no_space, model::IssueCode::no_store, "the disk is full, says the test");
  ++commits;
  return engine_->write(fn);
}

struct Hold::State {
  std::mutex mutex;
  std::condition_variable changed;
  bool inside = false, released = false, answered = false;
};

Hold::Hold(store::Store& store, store::Lane lane) : state_(std::make_shared<State>()) {
  store.submit(
      [state = state_](store::WriteContext&) -> model::Result<void> {
        std::unique_lock lock(state->mutex);
        state->inside = true;
        state->changed.notify_all();
        state->changed.wait(lock, [&] { return state->released; });
        return {};
      },
      lane,
      [state = state_](const model::Result<store::Commit>&) {
        std::lock_guard lock(state->mutex);
        state->answered = true;
        state->changed.notify_all();
      });
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [this] { return state_->inside; });
}

void Hold::release() {
  std::unique_lock lock(state_->mutex);
  state_->released = true;
  state_->changed.notify_all();
  state_->changed.wait(lock, [this] { return state_->answered; });
}

}  // namespace tests
