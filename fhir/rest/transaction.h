// Transaction: a Bundle whose entries are all done, or none of them, as one operation of the store.
//
// R4 http.html#trules. A worker checks the entries (transaction_check.cpp), resolves their conditions against what is on disk,
// settles which resource each entry is about (transaction_targets.cpp), and from that prepares what is to be written
// (transaction_plan.cpp). The writer resolves the conditions again, with what
// earlier operations of its group wrote; where the outcome differs, the plan is made anew: in the writer if the Bundle is small,
// by the worker if it is large, so that others need not wait.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "fhir/rest/bundle.h"
#include "fhir/rest/bundle_matcher.h"
#include "fhir/rest/bundle_text.h"
#include "fhir/rest/condition.h"
#include "fhir/rest/conditional.h"
#include "fhir/rest/links.h"
#include "fhir/rest/patch_body.h"
#include "fhir/rest/write.h"

namespace rest {

inline constexpr std::size_t no_number = ~std::size_t{0};

// One entry: what it asks, what is planned, what came of it.
struct Part {
  enum class Kind : std::uint8_t { remove, create, update, patch, read };
  Entry entry;
  Kind kind = Kind::read;
  Target target;
  ExchangePtr asked;  // of kind read: answered once the rest is on disk
  Preconditions conditions;
  std::size_t if_none_exist = no_number;  // of kind create: number of the search
  std::size_t criteria = no_number;       // of a conditional update, patch or delete: number of the search
  UpdateTarget target_ids;                // of a conditional update
  patch::PatchPtr patch;                  // of kind patch
  std::vector<Link> links;
  std::shared_ptr<const search::Query> query;  // of a read that is a search

  // Known from the entry, but of conditional entries planned:
  std::string id;    // of create: the id that it gets if it is carried out
  std::string what;  // "Patient/1"

  // Planned:
  std::optional<store::Version> matched;         // a create whose condition found this
  std::size_t same_as = no_number;               // a create whose condition found what another entry creates
  std::vector<store::Version> removals;          // what a conditional delete found
  std::optional<store::Version> base;            // what is patched; what is updated, where that was looked up
  std::shared_ptr<const std::string> base_body;  // of what is patched
  std::optional<formats::ReadResult> patched;
  Prepared prepared;

  // Done:
  std::vector<store::Version> removed;
  std::optional<store::Version> version;  // written
  bool created = false;

  bool writes() const { return kind != Kind::read && !matched && same_as == no_number; }
};

class Transaction : public std::enable_shared_from_this<Transaction> {
 public:
  Transaction(const Context& context, ExchangePtr exchange, ReadBundle bundle, std::vector<Entry> entries);

  void run(Done done);

 private:
  // What the store answered to the conditions, in the order of searches_, and the current versions of looked_up_. Nothing that
  // was written up to `moment` is missing.
  struct Resolution {
    store::Document moment = 0;
    std::vector<std::vector<store::Version>> matches;
    std::vector<std::optional<store::Version>> versions;
  };

  struct Search {
    Condition condition;
    bool of_reference = false;  // else, or also, of an entry's request
    bool of_delete = false;     // all matches are wanted
    std::string expression;     // where it stood first
  };

  // transaction_check.cpp
  model::Result<void> check();
  void check_part(Part& part);
  bool check_address(Part& part);
  void check_resource(Part& part);
  void check_read(Part& part);
  void check_identities();
  void find_searches();
  std::size_t search_number(model::TypeId type, std::string_view criteria, std::string_view what, const std::string& expression);
  bool searches_fit() const;
  void refuse_search(const model::Failure& failure, const std::string& expression);
  void check_criteria();
  void count_search(const search::Query& query, const std::string& expression);

  // transaction_targets.cpp
  model::Result<Resolution> resolve(store::WriteContext* writer) const;  // null: from what is on disk
  std::vector<bool> version_matters() const;
  bool still_holds(Resolution& resolution, store::WriteContext& writer);
  void plan_deletes(const Resolution& resolution);
  void plan_creates(const Resolution& resolution, BundleMatcher& matcher);
  void plan_updates(const Resolution& resolution, BundleMatcher& matcher, store::WriteContext* writer);
  void plan_update(Part& part, const Resolution& resolution, BundleMatcher& matcher);
  void plan_patch(Part& part, store::WriteContext* writer);
  bool claim(std::size_t number, const std::string& what);
  void offer(BundleMatcher& matcher, const Part& part) const;
  bool leaves(const store::Version& version, Part::Kind upto) const;
  std::string name_of(const store::Version& version) const;

  // transaction_plan.cpp
  model::Result<void> plan(const Resolution& resolution, store::WriteContext* writer);
  std::vector<std::string> plan_references(const Resolution& resolution, BundleMatcher& matcher);
  void prepare_part(Part& part, const std::vector<std::string>& references);
  bool rewrite_patched(Part& part, const std::vector<std::string>& references);
  std::string rewritten(const Part& part, model::NodeRef resource, const std::vector<Link>& links,
                        const std::vector<std::string>& references) const;
  std::string new_reference(const Pointer& pointer) const;

  // transaction.cpp
  model::Result<void> plan_anew();
  model::Result<void> write(store::WriteContext& writer);
  void check_conditions(Part& part, store::WriteContext* writer);  // null: against what is on disk
  void put_removals(Part& part, store::WriteContext& writer);
  Response answer();      // to what was done: now, or when the Idempotency-Key was sent before
  Response answer_now();  // to what was done now, or restored
  Response refused(const model::Failure& failure);
  void answer_part(BundleText& text, Part& part);
  void answer_read(BundleText& text, Part& part);

  // transaction_once.cpp
  std::string marker() const;
  bool restore(std::string_view marker);  // false: a version that it names has been erased
  model::Result<void> write_once(store::WriteContext& writer, const store::Operation& writing);
  Response answer_again();
  Response refuse_once(const model::Failure& failure);

  const Context& context_;
  ExchangePtr exchange_;
  ReadBundle bundle_;
  std::vector<Part> parts_;
  FullUrls full_urls_;
  std::vector<Search> searches_;
  std::size_t searches_size_ = 0;                                // of the queries of all entries (Query::size)
  std::unordered_map<std::string, std::size_t> search_numbers_;  // by type and criteria
  std::unordered_map<std::string, std::size_t> identities_;      // "Patient/1" -> the entry that writes it, by its address
  std::unordered_map<std::string, std::size_t> claimed_;         // the same, with what conditions found
  std::vector<std::size_t> looked_up_;                           // entries that need the current version of what they name
  Faults faults_;
  Resolution planned_;
  bool exclusive_ = true;  // the writer may plan anew
  bool changed_ = false;   // it may not, and would have had to
  bool writes_ = false;
  bool reads_ = false;
  store::Document moment_ = 0;  // the transaction's own moment: what its reads see
};

}  // namespace rest
