#include "search/search.h"

#include <algorithm>
#include <chrono>

#include "resources-gen/formats/json.h"
#include "resources-gen/model/temporal.h"
#include "search/current_then.h"
#include "search/execute.h"
#include "search/include.h"
#include "search/index.h"
#include "search/page_run.h"
#include "search/query.h"

namespace search {
namespace {

class IndexedSearch final : public Search {
 public:
  IndexedSearch(store::Store& store, const model::Schema& schema, const PageKey& key, std::unique_ptr<const Extractor> extractor,
                std::unique_ptr<Index> index)
      : store_(store), schema_(schema), page_key_(key), extractor_(std::move(extractor)), index_(std::move(index)) {
    store_.listen(index_.get());
  }
  ~IndexedSearch() override { store_.listen(nullptr); }

  std::shared_ptr<const store::IndexEntry> extract(const model::Tree& tree) const override { return extractor_->extract(tree); }

  model::Result<std::shared_ptr<const Query>> parse(const Scope& scope, const std::vector<Argument>& arguments,
                                                    const ParseOptions& options) const override {
    const QueryContext context{schema_, *extractor_, page_key_, model::now_ms()};
    return parse_query(context, scope, arguments, options);
  }
  model::Result<Page> run(const Query& query, const Access& access) const override { return run_page(context(), query, access); }
  model::Result<std::string> explain(const Query& query, const Access& access) const override {
    std::string text;
    if (auto page = run_page(context(), query, access, &text); !page) return page.error();
    return text;
  }

  std::vector<store::Version> match(const Query& query, std::size_t limit, bool staged) const override;
  std::vector<store::Version> matches_since(const Query& query, store::Document since, std::size_t limit, bool staged,
                                            std::chrono::milliseconds time) const override;

  std::vector<store::Document> current_then(const CurrentThen& range, store::Order order, std::size_t limit) const override {
    return search::current_then(*index_->view(), range, order, limit);
  }
  std::uint64_t count_current_then(const CurrentThen& range) const override {
    return search::count_current_then(*index_->view(), range);
  }

  std::vector<Parameter> parameters(model::TypeId type) const override {
    std::vector<Parameter> out;
    const auto add = [&](model::ParameterId id) {
      const auto& row = schema_.search_parameters[id];
      out.push_back({id, schema_.text(row.code), row.type});
    };
    for (std::size_t i = 0; i < schema_.search_parameters.size(); ++i) {  // those that the store answers
      const auto code = schema_.text(schema_.search_parameters[i].code);
      if (code == "_id" || code == "_lastUpdated") add(static_cast<model::ParameterId>(i));
    }
    for (const model::ParameterId id : extractor_->parameters(type)) {
      const auto code = schema_.text(schema_.search_parameters[id].code);
      if (code != "_id" && code != "_lastUpdated") add(id);
    }
    return out;
  }
  std::vector<Parameter> common_parameters() const override {
    const auto types = resource_types(schema_);
    std::vector<Parameter> out{{no_parameter, types_parameter, model::ParameterType::token}};
    for (const Parameter& parameter : parameters(types.front())) {
      const auto has = [&](model::TypeId type) { return extractor_->parameter(type, parameter.code) == parameter.id; };
      if (std::all_of(types.begin(), types.end(), has)) out.push_back(parameter);
    }
    return out;
  }
  std::vector<std::string> includes(model::TypeId type) const override { return include_names(schema_, *extractor_, type); }
  std::vector<std::string> revincludes(model::TypeId type) const override { return revinclude_names(schema_, *extractor_, type); }

  void flush() override { index_->flush(); }
  std::vector<std::string> check() const override { return index_->check(); }
  std::vector<std::string> files() const override { return index_->files(); }

 private:
  RunContext context() const { return {schema_, *extractor_, store_, page_key_, index_->view()}; }
  void match_staged(const Query& query, std::vector<store::Version>& out) const;
  template <typename Next>
  void take(store::Document position, std::size_t limit, bool staged, const Next& next, std::vector<store::Version>& out) const;

  store::Store& store_;
  const model::Schema& schema_;
  const PageKey page_key_;
  const std::unique_ptr<const Extractor> extractor_;
  const std::unique_ptr<Index> index_;
};

// What the group has staged, newest first: asked by the condition whose terms are the rarest kind, checked against all.
void IndexedSearch::match_staged(const Query& query, std::vector<store::Version>& out) const {
  const Clause* narrow = nullptr;
  for (const Condition& condition : query.conditions) {
    if (!condition.positive() || condition.kind != Condition::Kind::terms || condition.any.size() != 1 || condition.itself)
      continue;
    const auto& scans = condition.any[0].scans;
    if (std::all_of(scans.begin(), scans.end(), [](const Scan& scan) { return scan.unique; })) {
      narrow = &condition.any[0];
      break;
    }
  }
  std::vector<const Index::Staged*> candidates;
  if (narrow != nullptr) index_->staged(*narrow, candidates);
  for (std::size_t i = 0; i < query.types.size() && narrow == nullptr; ++i) {
    Clause everything;
    everything.key = {query.types[i], every_document};
    everything.scans.push_back(exact_scan(""));
    index_->staged(everything, candidates);
  }
  for (const Index::Staged* candidate : candidates) {
    const auto holds = [&](const Condition& condition) { return matches(candidate->version, *candidate->terms, condition); };
    if (candidate->terms == nullptr || !query.is_over(candidate->version.type) ||
        index_->staged_superseded(candidate->version.document)) {
      continue;
    }
    if (std::all_of(query.conditions.begin(), query.conditions.end(), holds)) out.push_back(candidate->version);
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.document > b.document; });
  out.erase(std::unique(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.document == b.document; }),
            out.end());
}

// Adds what `next(position, wanted)` finds beyond `position`, but for what the group writes anew, until `out` has `limit`.
template <typename Next>
void IndexedSearch::take(store::Document position, std::size_t limit, bool staged, const Next& next,
                         std::vector<store::Version>& out) const {
  while (out.size() < limit) {
    const std::size_t wanted = limit - out.size();
    const auto found = next(position, wanted);
    for (const store::Document document : found) {
      position = document;
      if (staged && index_->staged_superseded(document)) continue;
      if (auto version = store_.at(document)) out.push_back(std::move(*version));
    }
    if (found.size() < wanted || position == 0) break;  // from 0 it would begin again
  }
}

std::vector<store::Version> IndexedSearch::match(const Query& query, std::size_t limit, bool staged) const {
  std::vector<store::Version> out;
  if (staged) match_staged(query, out);
  if (out.size() >= limit) {
    out.resize(limit);
    return out;
  }
  auto view = index_->view();
  const store::Document moment = view->last();
  const std::chrono::milliseconds time(std::min<std::uint32_t>(query.max_milliseconds, 1000));  // the writer may be waiting
  Execution execution(query, Access{}, std::move(view), store_, moment, Deadline(time));
  take(
      0, limit, staged, [&](auto below, auto wanted) { return execution.newest(below, wanted); }, out);
  return out;
}

std::vector<store::Version> IndexedSearch::matches_since(const Query& query, store::Document since, std::size_t limit,
                                                         bool staged, std::chrono::milliseconds time) const {
  std::vector<store::Version> out;
  if (staged) match_staged(query, out);
  if (out.size() > limit) out.resize(limit);
  auto view = index_->view();
  const store::Document moment = view->last();
  if (moment <= since) return out;
  Execution execution(query, Access{}, std::move(view), store_, moment, Deadline(time));
  take(
      since, limit, staged, [&](auto after, auto wanted) { return execution.oldest(after, wanted); }, out);
  return out;
}

}  // namespace

model::Result<std::unique_ptr<Search>> Search::open(store::Store& store, const model::Schema& schema,
                                                    const std::string& directory) {
  auto extractor = std::make_unique<const Extractor>(schema);
  if (!extractor->faults().empty()) {
    model::Failure failure{model::FailureKind::internal, {}};
    for (const std::string& fault : extractor->faults()) failure.issues.error(model::IssueCode::processing, fault);
    return failure;
  }
  auto key = PageKey::of(store);
  if (!key) return key.error();
  Index::Options options;
  options.directory = directory;
  // The extractor lives as long as the index: both in IndexedSearch, the index below it.
  auto index =
      Index::open(store, schema, options,
                  [extractor = extractor.get(), &schema](const store::Version&, std::string_view stored_body, store::Hole) {
                    return extractor->extract(formats::read_json(stored_body, schema).tree);
                  });
  if (!index) return index.error();
  return std::unique_ptr<Search>(std::make_unique<IndexedSearch>(store, schema, *key, std::move(extractor), std::move(*index)));
}

}  // namespace search
