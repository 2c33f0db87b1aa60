// Transaction: a Bundle whose entries are all done, or none of them, as one operation of the store.
//
// R4 http.html#trules. A worker checks the entries (transaction_check.cpp), resolves their conditions against what is on disk,
// and from that prepares what is to be written (transaction_plan.cpp). The writer resolves the conditions again, with what
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
#include "fhir/rest/write.h"

namespace rest {

inline constexpr std::size_t no_number = ~std::size_t{0};

// One entry: what it asks, what is planned, what came of it.
struct Part {
  enum class Kind : std::uint8_t { remove, create, update, read };
  Entry entry;
  Kind kind = Kind::read;
  Target target;
  ExchangePtr asked;  // of kind read: answered once the rest is on disk
  std::string what;   // "Patient/1"
  Preconditions conditions;
  std::size_t if_none_exist = no_number;  // of kind create: number of the search
  std::vector<Link> links;
  std::string id;                              // of create: the id that it gets if it is carried out
  std::shared_ptr<const search::Query> query;  // of a read that is a search

  // Planned:
  std::optional<store::Version> matched;  // a create whose condition found this
  std::size_t same_as = no_number;        // a create whose condition found what another entry creates
  Prepared prepared;

  // Done:
  std::optional<store::Version> version;  // written
  bool created = false;
};

class Transaction : public std::enable_shared_from_this<Transaction> {
 public:
  Transaction(const Context& context, ExchangePtr exchange, ReadBundle bundle, std::vector<Entry> entries);

  void run(Done done);

 private:
  // What the store answered to the conditions, in the order of searches_, and the current versions of updated resources that
  // links want by version.
  struct Resolution {
    std::vector<std::vector<store::Version>> matches;
    std::vector<std::uint64_t> versions;
  };

  struct Search {
    Condition condition;
    bool of_reference = false;  // else, or also, of an ifNoneExist
    std::string expression;     // where it stood first
  };

  // transaction_check.cpp
  model::Result<void> check();
  void check_part(Part& part);
  void check_read(Part& part);
  void check_identities();
  void find_searches();
  std::size_t search_number(model::TypeId type, std::string_view criteria, std::string_view what, const std::string& expression,
                            bool of_reference);

  // transaction_plan.cpp
  Resolution resolve(store::WriteContext* writer) const;  // null: from what is on disk
  bool same(const Resolution& a, const Resolution& b) const;
  model::Result<void> plan(const Resolution& resolution);
  void plan_creates(const Resolution& resolution, BundleMatcher& matcher);
  std::vector<std::string> plan_references(const Resolution& resolution, BundleMatcher& matcher);
  void prepare_part(Part& part, const Resolution& resolution, const std::vector<std::string>& references);
  void offer(BundleMatcher& matcher, const Part& part) const;
  std::string new_reference(const Pointer& pointer, const Resolution& resolution) const;
  bool leaves(const store::Version& version, Part::Kind upto) const;

  // transaction.cpp
  model::Result<void> write(store::WriteContext& writer);
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
  std::unordered_map<std::string, std::size_t> search_numbers_;  // by type and criteria
  std::unordered_map<std::string, std::size_t> identities_;      // "Patient/1" -> the entry that deletes or updates it
  std::vector<std::size_t> versioned_updates_;                   // updates that links want by version
  Faults faults_;
  Resolution planned_;
  bool exclusive_ = true;  // the writer may plan anew
  bool changed_ = false;   // it may not, and would have had to
  bool writes_ = false;
  bool reads_ = false;
  store::Document moment_ = 0;  // the transaction's own moment: what its reads see
};

}  // namespace rest
