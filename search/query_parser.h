// QueryParser: turns arguments into a Query, one table row a result parameter. Used by parse_query only.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "search/query.h"

namespace search {

class QueryParser {
 public:
  QueryParser(const QueryContext& context, const Scope& scope, const ParseOptions& options);
  // `_page` and `_type` are to come first: what the others mean depends on them.
  static bool comes_first(const Argument& argument) { return argument.name == "_page" || argument.name == types_parameter; }
  void argument(const Argument& argument);
  model::Result<std::shared_ptr<const Query>> finish();

 private:
  enum class Repeat : std::uint8_t { once, many };
  struct ResultParameter {
    std::string_view name;
    void (QueryParser::*take)(const Argument&);
    Repeat repeat;
    std::string_view modifiers;  // the one that is taken; none today
  };
  static const ResultParameter result_parameters[];
  using ParameterIds = std::vector<model::ParameterId>;  // by Query::types

  // query_scope.cpp
  void begin_scope();
  bool types_argument(std::string_view name, std::string_view modifier, const Argument& argument);
  void finish_scope();
  // The parameter of that name of each type; none, and it is left out, where one of them does not have it. `what` stands before
  // the diagnostics.
  ParameterIds parameters_named(std::string_view name, std::string_view what, const std::string& as_sent);
  std::string types_text() const;  // "Patient", "the types searched"

  // query_result.cpp
  bool result_argument(std::string_view name, std::string_view modifier, const Argument& argument);
  void take_count(const Argument&);
  void take_sort(const Argument&);
  void take_total(const Argument&);
  void take_summary(const Argument&);
  void take_elements(const Argument&);
  void take_include(const Argument&);
  void take_page(const Argument&);
  void take_query(const Argument&);
  void skip(const Argument&) {}
  bool sort_key(std::string_view text, SortKey& out);
  void inclusion(const Argument&, bool reverse);
  void include(Inclusion inclusion);                                                             // unless it is there
  bool leads_to(model::ParameterId parameter, const std::vector<model::TypeId>& targets) const;  // to one of them; none: anywhere
  ParameterIds references(model::TypeId source, const std::vector<model::TypeId>& targets) const;

  // query.cpp
  bool is_new(const Argument& argument);  // an equal one has not come before
  void condition(std::string_view name, std::string_view modifier, const Argument& argument);
  // The alternatives, counted; of too many only so many that it shows.
  std::vector<std::string> take_values(const Argument& argument);
  void terms_condition(const ParameterIds& parameters, std::string_view modifier, const Argument& argument);
  bool take_modifier(ScanContext& scan, std::string_view modifier, const Argument& argument);
  bool has_room(const ScanContext& scan, std::size_t scans);  // counts them; false: there are too many, and it was said
  // The clauses of one type. False: some value has no meaning, or there are too many.
  bool add_clauses(const ScanContext& scan, const std::vector<std::string>& values, Condition& condition);
  void id_condition(std::string_view modifier, const Argument& argument);
  void updated_condition(std::string_view modifier, const Argument& argument);
  bool special_modifier(std::string_view name, std::string_view modifier, const Argument& argument, bool takes_not,
                        bool& missing);
  void add(Condition condition, const Argument& argument);
  void check_subset();

  // Not known or not supported: an error under strict handling, else left out with a warning.
  void leave_out(std::string diagnostics);
  void complain(const std::string& diagnostics, std::string_view when_lenient);  // the same, said in other words
  void fault(std::string diagnostics, model::IssueCode code = model::IssueCode::value);
  void tell(model::Issues& issues, model::Issue issue);         // once, and not too many
  void applied(std::string_view name, std::string_view value);  // `self` has it once, however it was said again
  bool one_type() const { return query_->types.size() == 1; }

  const QueryContext& context_;
  const Scope& scope_;
  const ParseOptions& options_;
  std::shared_ptr<Query> query_;
  model::Issues faults_;
  std::set<std::string_view> seen_;  // result parameters met, by their rows' names
  std::set<std::pair<model::Severity, std::string>> told_;
  std::set<std::pair<std::string, std::string>> applied_;
  std::set<std::pair<std::string_view, std::string_view>> taken_;  // arguments, which outlive this
  std::size_t values_ = 0;
  std::size_t inclusions_ = 0, sort_names_ = 0, element_names_ = 0;  // given
  formats::Subset::Kind summary_ = formats::Subset::Kind::whole;
};

}  // namespace search
