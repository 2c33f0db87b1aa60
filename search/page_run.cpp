#include "search/page_run.h"

#include <algorithm>

#include "search/execute.h"
#include "search/explain.h"
#include "search/include.h"
#include "search/query_arguments.h"
#include "search/sort.h"

namespace search {
namespace {

class PageRun {
 public:
  PageRun(const RunContext& context, const Query& query, const Access& access, const Position& at)
      : context_(context),
        query_(query),
        access_(access),
        at_(at),
        execution_(query, access, context.view, context.store, at.moment,
                   Deadline(std::chrono::milliseconds(query.max_milliseconds), query.given_up.get())) {}

  Page run(std::string* report) {
    Explanation explanation(report, query_, *context_.view, at_);
    page_.warnings = query_.warnings;
    page_.self = query_.position ? link(at_) : query_.normal;
    find_total();
    explanation.step("total", page_.total ? std::to_string(*page_.total) : "not asked for, and not cheap");
    if (!query_.count_only) {
      find_documents();
      explanation.step("page", std::to_string(documents_.size()) + " matches");
      make_links();
      std::vector<store::Version> versions;
      versions.reserve(documents_.size());
      for (const store::Document document : documents_) {
        if (auto version = context_.store.at(document)) versions.push_back(std::move(*version));
      }
      explanation.step("versions", std::to_string(versions.size()) + " read");
      std::vector<store::Version> others;
      if (!query_.inclusions.empty()) {
        const IncludeContext include{context_.schema, context_.extractor, context_.store,       access_,
                                     context_.view,   at_.moment,         execution_.deadline()};
        others = included(include, query_, versions, page_.warnings);
        explanation.step("includes", std::to_string(others.size()) + " resources");
      }
      page_.matches.reserve(versions.size() + others.size());
      for (store::Version& version : versions) page_.matches.push_back({std::move(version), false});
      for (store::Version& version : others) page_.matches.push_back({std::move(version), true});
    }
    explanation.details(sorter_ ? sorter_->report() : std::string(), execution_.report());
    return std::move(page_);
  }

 private:
  std::string link(const Position& position) const {
    std::string text = query_.normal;
    append_argument(text, "_page", context_.page_key.seal(position, query_.address()));
    return text;
  }
  std::string link(Position::Kind kind, store::Document document) const {
    return link(Position{kind, at_.moment, document, page_.total, at_.now_ms, 0});
  }

  void find_total() {
    const bool exact = query_.count_only || query_.total == Total::accurate;
    page_.total = at_.total;  // as of the same moment, so the same
    if (!page_.total && exact && query_.count_only) page_.total = execution_.count();
    if (page_.total || query_.count_only) return;
    // A sorted page needs the whole set anyway.
    if (!query_.sort.empty() || exact || (query_.total != Total::none && execution_.bounded(cheap_total))) {
      set_ = execution_.all();
      if (query_.total != Total::none) page_.total = set_->count();
    } else if (query_.total == Total::estimate) {
      page_.total = execution_.estimate();
    }
  }

  void find_documents() {
    const bool backward = at_.kind == Position::Kind::before || at_.kind == Position::Kind::last;
    const std::size_t count = query_.count;
    std::size_t wanted = count;
    if (at_.kind == Position::Kind::last && page_.total && *page_.total > 0) wanted = (*page_.total - 1) % count + 1;
    if (!query_.sort.empty() && !set_) set_ = execution_.all();
    if (set_) {
      sorter_.emplace(execution_, query_, context_.store);
      documents_ = sorter_->page(*set_, at_.document, backward, wanted + 1);
    } else if (query_.oldest_first == backward) {
      documents_ = execution_.newest(at_.document, wanted + 1);
    } else {
      documents_ = execution_.oldest(at_.document, wanted + 1);
    }
    const bool more = documents_.size() > wanted;
    if (more) documents_.pop_back();
    if (backward) std::reverse(documents_.begin(), documents_.end());
    has_next_ = backward ? at_.kind == Position::Kind::before : more;
    has_previous_ = backward ? more : at_.kind == Position::Kind::after;
    // The whole result is on this page.
    if (!page_.total && query_.total == Total::automatic && !has_next_ && !has_previous_) page_.total = documents_.size();
  }

  void make_links() {
    if (!has_next_ && !has_previous_) return;
    page_.first = link(Position::Kind::first, 0);
    if (documents_.empty()) return;
    if (has_next_) page_.next = link(Position::Kind::after, documents_.back());
    if (has_previous_) page_.previous = link(Position::Kind::before, documents_.front());
    if (page_.total && query_.total != Total::estimate) page_.last = link(Position::Kind::last, 0);
  }

  const RunContext& context_;
  const Query& query_;
  const Access& access_;
  const Position at_;
  Execution execution_;
  std::optional<DocumentSet> set_;
  std::optional<Sorter> sorter_;
  std::vector<store::Document> documents_;
  bool has_next_ = false, has_previous_ = false;
  Page page_;
};

}  // namespace

model::Result<Page> run_page(const RunContext& context, const Query& query, const Access& access, std::string* report) {
  Position at;
  at.moment = context.view->last();
  at.now_ms = query.now_ms;
  if (query.position) at = *query.position;
  if (at.moment > context.view->last()) {
    return model::failure(model::FailureKind::bad_request, model::IssueCode::expired,
                          "_page was made when this server held more than it does now; begin the search again");
  }
  // The place of a sorted page is its document's values: with them it is gone.
  if (!query.sort.empty() && at.document != 0 && !context.store.at(at.document)) {
    return model::failure(model::FailureKind::gone, model::IssueCode::expired,
                          "The resource beside which this page stood has been erased; begin the search again");
  }
  try {
    return PageRun(context, query, access, at).run(report);
  } catch (const QueryTimeout& timeout) {
    return model::failure(model::FailureKind::timeout, model::IssueCode::too_costly, timeout.what());
  }
}

}  // namespace search
