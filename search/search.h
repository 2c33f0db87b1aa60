// Search: the index over versions and the queries on it.
//
// R4 search.html. Extraction runs on workers; the index follows the store's writer as its listener; queries see one frozen
// moment. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "resources-gen/model/result.h"
#include "resources-gen/model/tree.h"
#include "store/store.h"

namespace search {

// One name=value of a query, percent-decoded, in the order sent. `name` may carry a modifier ("name:exact").
struct Argument {
  std::string name;
  std::string value;
};
inline constexpr std::size_t max_arguments = 1000;  // of one query; Search::parse refuses more

// Whose records may be seen: today everything. Later a compartment and scopes, which become clauses of every query.
struct Access {};

// What a search is over. R4 http.html#search, #vsearch: the resources of a type; those of all types, or of the types that `_type`
// names; of these, those in one compartment (compartment.h).
struct Scope {
  Scope() = default;
  Scope(model::TypeId one) : type(one) {}
  model::TypeId type = model::no_type;         // no_type: all types, and `_type` may name some
  model::TypeId compartment = model::no_type;  // "Patient" of the compartment Patient/1; no_type: of none
  std::string id;                              // "1"
};

struct ParseOptions {
  bool strict = false;                 // Prefer: handling=strict: an unknown parameter is an error, else a warning
  std::vector<std::string> base_urls;  // "http://127.0.0.1:8080/fhir": absolute references below them are local
  std::uint32_t default_count = 20;
  std::uint32_t max_count = 1000;
  std::uint32_t max_milliseconds = 5000;              // that one page may take; then it fails with too-costly
  std::shared_ptr<const std::atomic<bool>> given_up;  // may be null; the search ends soon after it was set
};

enum class Total : std::uint8_t { automatic, none, estimate, accurate };

// Documents [first, end) that were current and not deleted just after `moment` was written, of some types (none named: of all).
struct CurrentThen {
  store::Document moment = 0;
  store::Document first = 1, end = 0;
  std::span<const model::TypeId> types;
};

class Query;  // query.h: the parsed form

struct Match {
  store::Version version;
  bool included = false;  // Bundle.entry.search.mode include, else match
};

struct Page {
  std::vector<Match> matches;               // matches in order, then included ones, each resource once
  std::optional<std::uint64_t> total;       // of matches, at the page's moment
  std::string self;                         // query string of what was applied, percent-encoded, without '?'
  std::string first, next, previous, last;  // query strings of the links; empty if there is none
  model::Issues warnings;                   // what was ignored, and why
};

class Search {
 public:
  // Opens the index beside the store and catches up with it; becomes the store's listener.
  // `directory` holds the segment files; empty: memory only (with the memory engine).
  static model::Result<std::unique_ptr<Search>> open(store::Store& store, const model::Schema& schema,
                                                     const std::string& directory);
  virtual ~Search() = default;  // joins the background lane; writes what is in memory, so that the next start is quick

  // The terms of one resource, for Draft::index. Any thread.
  virtual std::shared_ptr<const store::IndexEntry> extract(const model::Tree& tree) const = 0;

  // Errors: unknown modifier, bad value, unknown type, unknown parameter when strict, all of them at once; a scope that is none.
  virtual model::Result<std::shared_ptr<const Query>> parse(const Scope& scope, const std::vector<Argument>& arguments,
                                                            const ParseOptions& options) const = 0;
  // Runs it: first page, or the page its link names.
  virtual model::Result<Page> run(const Query& query, const Access& access) const = 0;
  // _explain: the plan with each clause's estimates, counts and times, as text lines.
  virtual model::Result<std::string> explain(const Query& query, const Access& access) const = 0;

  // The current versions that match, newest first, at most `limit`: for conditional interactions. From within an operation (on
  // the writer's thread) `staged` adds what earlier operations of the group wrote, so that the answer is serializable.
  // Throws QueryTimeout (execute_deadline.h) where that takes more than a second.
  virtual std::vector<store::Version> match(const Query& query, std::size_t limit, bool staged) const = 0;

  // What of match() was written after `since`, in no order, at most `limit`. Costs what the documents since then do, not all.
  // Throws QueryTimeout where that takes more than `time`.
  virtual std::vector<store::Version> matches_since(const Query& query, store::Document since, std::size_t limit, bool staged,
                                                    std::chrono::milliseconds time) const = 0;

  // For the history of a period: what it began with. At most `limit`, from the first or the last on; their number.
  virtual std::vector<store::Document> current_then(const CurrentThen& range, store::Order order, std::size_t limit) const = 0;
  virtual std::uint64_t count_current_then(const CurrentThen& range) const = 0;

  // What the CapabilityStatement lists: parameters that are indexed and can be searched, from the same table that parse() uses.
  struct Parameter {
    model::ParameterId id;
    std::string_view code;
    model::ParameterType type;
  };
  virtual std::vector<Parameter> parameters(model::TypeId type) const = 0;
  virtual std::vector<Parameter> common_parameters() const = 0;             // of a search over all types
  virtual std::vector<std::string> includes(model::TypeId type) const = 0;  // "Observation:subject"
  virtual std::vector<std::string> revincludes(model::TypeId type) const = 0;

  virtual void flush() = 0;  // writes memory segments to disk now
  virtual std::vector<std::string> check()
      const = 0;  // faults found comparing segments with checksums and the store; empty if sound
  // The segment files that the newest manifest names, to be copied by a backup.
  virtual std::vector<std::string> files() const = 0;
};

}  // namespace search
