#include "search/query.h"

#include <algorithm>
#include <limits>

#include "resources-gen/model/bounded_issues.h"
#include "resources-gen/model/temporal.h"
#include "search/query_arguments.h"
#include "search/query_parser.h"
#include "search/query_text.h"

namespace search {
namespace {

constexpr std::size_t max_values = 10000;   // alternatives of a whole query
constexpr std::size_t max_looked = 200000;  // the same, times the types that are searched
constexpr std::size_t max_scans = 100000;   // that they stand for: an id alone, of a reference to any type, for some 300
constexpr std::size_t max_conditions = 200;
constexpr std::size_t max_label = 200;  // bytes; a query over many types keeps many
constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t greatest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t ticks = 10000;  // of 100 ns in a millisecond

std::int64_t floor_ms(std::int64_t value) { return value >= 0 ? value / ticks : -((-(value + 1)) / ticks) - 1; }
std::int64_t ceil_ms(std::int64_t value) {
  const std::int64_t floor = floor_ms(value);
  return floor * ticks == value ? floor : floor + 1;
}

// R4 search.html#prefix, for a target that is one instant of millisecond precision: [t, t + 1 ms) against [low, high) of the
// value.
void add_ranges(Prefix prefix, const model::Temporal& value, std::int64_t now_ms, std::vector<TimeRange>& out) {
  std::int64_t low = value.low(), high = value.high();
  const TimeRange equal{ceil_ms(low), floor_ms(high)};
  switch (prefix) {
    case Prefix::eq:
      out.push_back(equal);
      break;
    case Prefix::ne:
      if (equal.from >= equal.to) {
        out.push_back({least, greatest});
      } else {
        out.push_back({least, equal.from});
        out.push_back({equal.to, greatest});
      }
      break;
    case Prefix::ge:
      out.push_back({floor_ms(low), greatest});
      break;
    case Prefix::gt:
      out.push_back({floor_ms(high), greatest});
      break;
    case Prefix::le:
      out.push_back({least, ceil_ms(high)});
      break;
    case Prefix::lt:
      out.push_back({least, ceil_ms(low)});
      break;
    case Prefix::sa:
      out.push_back({ceil_ms(high), greatest});
      break;
    case Prefix::eb:
      out.push_back({least, floor_ms(low)});
      break;
    case Prefix::ap: {
      // R4: "the recommended value is 10 % of the gap between now and the date"; overlapping is enough.
      const std::int64_t from = floor_ms(low), to = ceil_ms(high);
      const std::int64_t gap = now_ms < from ? from - now_ms : now_ms > to ? now_ms - to : 0;
      out.push_back({from - gap / 10, to + gap / 10});
      break;
    }
  }
}

std::vector<TimeRange> united(std::vector<TimeRange> ranges) {
  std::erase_if(ranges, [](const TimeRange& range) { return range.from >= range.to; });
  std::sort(ranges.begin(), ranges.end(), [](const TimeRange& a, const TimeRange& b) { return a.from < b.from; });
  std::vector<TimeRange> out;
  for (const TimeRange& range : ranges) {
    if (!out.empty() && range.from <= out.back().to) {
      out.back().to = std::max(out.back().to, range.to);
    } else {
      out.push_back(range);
    }
  }
  return out;
}

std::string label_of(const Argument& argument) {
  std::string label = argument.name.substr(0, max_label) + "=";
  if (label.size() < max_label) label.append(argument.value, 0, max_label - label.size());
  return label;
}

}  // namespace

bool Condition::positive() const {
  if (kind == Kind::id) return !negated;
  return kind == Kind::terms && std::none_of(any.begin(), any.end(), [](const Clause& clause) { return clause.negated; });
}

bool matches(const store::Version& version, const DocumentTerms& terms, const Condition& condition) {
  switch (condition.kind) {
    case Condition::Kind::id:
      return std::binary_search(condition.ids.begin(), condition.ids.end(), version.id) != condition.negated;
    case Condition::Kind::last_updated:
      return std::any_of(condition.ranges.begin(), condition.ranges.end(), [&](const TimeRange& range) {
        return range.from <= version.last_updated && version.last_updated < range.to;
      });
    case Condition::Kind::terms:
      break;
  }
  if (condition.itself && condition.itself->type == version.type && condition.itself->id == version.id) return true;
  return std::any_of(condition.any.begin(), condition.any.end(), [&](const Clause& clause) { return matches(terms, clause); });
}

bool Query::is_over(model::TypeId type) const { return std::binary_search(types.begin(), types.end(), type); }

QueryParser::QueryParser(const QueryContext& context, const Scope& scope, const ParseOptions& options)
    : context_(context), scope_(scope), options_(options), query_(std::make_shared<Query>()) {
  query_->count = std::min(options.default_count, options.max_count);
  query_->base_urls = options.base_urls;
  query_->max_milliseconds = options.max_milliseconds;
  query_->given_up = options.given_up;
  query_->now_ms = context.now_ms;
  begin_scope();
}

void QueryParser::leave_out(std::string diagnostics) { complain(diagnostics, "; it was left out of this search"); }
void QueryParser::complain(const std::string& diagnostics, std::string_view when_lenient) {
  if (options_.strict) {
    fault(diagnostics, model::IssueCode::not_supported);
  } else {
    tell(query_->warnings,
         {model::Severity::warning, model::IssueCode::not_supported, diagnostics + std::string(when_lenient), {}});
  }
}
void QueryParser::fault(std::string diagnostics, model::IssueCode code) {
  tell(faults_, {model::Severity::error, code, std::move(diagnostics), {}});
}
void QueryParser::tell(model::Issues& issues, model::Issue issue) {
  if (issues.size() > model::most_issues || !told_.emplace(issue.severity, issue.diagnostics).second) return;
  model::add_bounded(issues, std::move(issue));
}
void QueryParser::applied(std::string_view name, std::string_view value) {
  if (applied_.emplace(name, value).second) append_argument(query_->normal, name, value);
}

void QueryParser::argument(const Argument& argument) {
  const auto [name, modifier] = split_name(argument.name);
  // R4 search.html does not say what an empty value means; R5 does: it is ignored. So it is here, and `self` does not show it. A
  // list of none is one.
  if (argument.value.find_first_not_of(',') == std::string::npos) {
    if (name == "_page") fault("_page has no value: the link to the page has been cut off");  // not the first page again
    return;
  }
  if (types_argument(name, modifier, argument) || result_argument(name, modifier, argument)) return;
  condition(name, modifier, argument);
}

// Said twice, a condition and most else means what it means said once.
bool QueryParser::is_new(const Argument& argument) { return taken_.emplace(argument.name, argument.value).second; }

void QueryParser::condition(std::string_view name, std::string_view modifier, const Argument& argument) {
  if (!is_new(argument)) return;
  if (name == "_id") return id_condition(modifier, argument);
  if (name == "_lastUpdated") return updated_condition(modifier, argument);
  if (argument.name.find('.') != std::string::npos || name == "_has") {
    // "subject:Patient.name": a chain, whose first link may be a known parameter
    return leave_out("Chained searches are not supported: " + argument.name);
  }
  const ParameterIds parameters = parameters_named(name, {}, argument.name);
  if (!parameters.empty()) terms_condition(parameters, modifier, argument);
}

std::vector<std::string> QueryParser::take_values(const Argument& argument) {
  auto values = split_alternatives(argument.value, max_values + 1 - values_);
  values_ += values.size();
  return values;
}

void QueryParser::terms_condition(const ParameterIds& parameters, std::string_view modifier, const Argument& argument) {
  const auto values = take_values(argument);
  if (modifier == "missing" && values.size() > 1) {  // R4 search.html#modifiers
    return fault("The modifier :missing takes true or false, not both: " + argument.name + "=" + argument.value.substr(0, 60));
  }
  if (values_ > max_values || values_ * query_->types.size() > max_looked) return;  // finish() says so
  if (query_->size > max_scans) return;                                             // as has_room() has said
  Condition condition;
  condition.label = label_of(argument);
  bool failed = false;
  std::size_t last = 0;  // clauses of the type before
  for (std::size_t i = 0; i < parameters.size() && query_->size <= max_scans; ++i) {
    const model::TypeId type = query_->types[i];
    const std::size_t before = condition.any.size();
    ScanContext scan{context_.schema, context_.schema.search_parameters[parameters[i]], parameters[i], type, query_->base_urls};
    if (i > 0 && parameters[i] == parameters[i - 1]) {  // scans are the parameter's, whatever the type
      for (std::size_t c = last; c < before && !failed; ++c) {
        if (!has_room(scan, condition.any[c].scans.size())) failed = true;
        condition.any.push_back(condition.any[c]);
        condition.any.back().key.type = type;
      }
    } else {
      scan.now_ms = query_->now_ms;
      if (!take_modifier(scan, modifier, argument) || !add_clauses(scan, values, condition)) failed = true;
    }
    last = before;
  }
  if (failed || values.empty()) return;
  add(std::move(condition), argument);
}

bool QueryParser::take_modifier(ScanContext& scan, std::string_view modifier, const Argument& argument) {
  if (modifier.empty() && !argument.name.ends_with(':')) return true;
  // R4 search.html#modifiers: servers SHALL reject a modifier that they do not support for the parameter.
  const auto named = modifier_named(modifier);
  if (named) {
    scan.modifier = *named;
  } else {
    scan.modifier = Modifier::type;
    scan.modifier_type = context_.schema.resource_type(modifier);
  }
  if ((named || scan.modifier_type != model::no_type) && takes(scan.parameter.type, scan.modifier)) return true;
  fault("The parameter " + std::string(context_.schema.text(scan.parameter.code)) +
            " does not take the modifier :" + std::string(modifier),
        model::IssueCode::not_supported);
  return false;
}

bool QueryParser::has_room(const ScanContext& scan, std::size_t scans) {
  query_->size += scans;
  if (query_->size <= max_scans) return true;
  const bool reference = scan.parameter.type == model::ParameterType::reference;
  fault("The parameter " + std::string(context_.schema.text(scan.parameter.code)) +
            " has too many values for one search, which looks for at most " + std::to_string(max_scans) +
            " terms of the index in all" +
            (reference ? "; an id alone stands for one in each type that is referred to, Type/id for that one only" : ""),
        model::IssueCode::too_costly);
  return false;
}

bool QueryParser::add_clauses(const ScanContext& scan, const std::vector<std::string>& values, Condition& condition) {
  Clause positive, negated;
  positive.key = negated.key = {scan.base, scan.parameter_id};
  negated.negated = true;
  positive.label = negated.label = condition.label;
  bool any_positive = false, any_negated = false, failed = false;
  const auto first = static_cast<std::ptrdiff_t>(condition.any.size());
  for (const std::string& value : values) {
    auto scans = value_scans(scan, value);
    if (!scans) {
      failed = true;
      for (const model::Issue& issue : scans.error().issues) fault(issue.diagnostics, issue.code);
      continue;
    }
    if (!has_room(scan, scans->scans.size())) return false;
    // `:not=a,b` excludes both (R5 says so of R4's open point); any other mixture is an OR of its parts.
    const bool apart = scans->negated && scan.modifier != Modifier::not_;
    if (apart) {
      Clause clause = negated;
      clause.scans = std::move(scans->scans);
      condition.any.push_back(std::move(clause));
      continue;
    }
    Clause& clause = scans->negated ? negated : positive;
    (scans->negated ? any_negated : any_positive) = true;
    clause.scans.insert(clause.scans.end(), std::make_move_iterator(scans->scans.begin()),
                        std::make_move_iterator(scans->scans.end()));
  }
  if (any_positive) condition.any.insert(condition.any.begin() + first, std::move(positive));
  if (any_negated) condition.any.push_back(std::move(negated));
  return !failed;
}

// The modifiers of the two parameters that the store answers. False if the argument is dealt with.
bool QueryParser::special_modifier(std::string_view name, std::string_view modifier, const Argument& argument, bool takes_not,
                                   bool& missing) {
  missing = modifier == "missing";
  if (missing) {
    if (argument.value == "true" || argument.value == "false") return true;
    fault(argument.name + " is true or false, not '" + argument.value + "'");
    return false;
  }
  if (argument.name.size() == name.size() || (takes_not && modifier == "not")) return true;
  fault("The parameter " + std::string(name) + " does not take the modifier :" + std::string(modifier),
        model::IssueCode::not_supported);
  return false;
}

void QueryParser::id_condition(std::string_view modifier, const Argument& argument) {
  bool missing = false;
  if (!special_modifier("_id", modifier, argument, true, missing)) return;
  Condition condition;
  condition.kind = Condition::Kind::id;
  condition.label = label_of(argument);
  if (missing) {
    condition.negated = argument.value == "false";  // all but none of them
  } else {
    condition.negated = modifier == "not";
    if (!is_escaped(argument.value)) return fault("_id: the value '" + argument.value + "' " + std::string(illegal_escape));
    for (const std::string& value : take_values(argument)) condition.ids.push_back(unescape(value));
    if (condition.ids.empty() || values_ > max_values) return;
    std::sort(condition.ids.begin(), condition.ids.end());
    condition.ids.erase(std::unique(condition.ids.begin(), condition.ids.end()), condition.ids.end());
  }
  add(std::move(condition), argument);
}

void QueryParser::updated_condition(std::string_view modifier, const Argument& argument) {
  bool missing = false;
  if (!special_modifier("_lastUpdated", modifier, argument, false, missing)) return;
  Condition condition;
  condition.kind = Condition::Kind::last_updated;
  condition.label = label_of(argument);
  if (missing) {
    if (argument.value == "false") condition.ranges.push_back({least, greatest});
    return add(std::move(condition), argument);
  }
  bool failed = false;
  const auto alternatives = take_values(argument);
  if (values_ > max_values) return;
  for (const std::string& value : alternatives) {
    std::string_view text = value;
    const Prefix prefix = take_prefix(text);
    const auto time = model::Temporal::parse_search(text);
    if (time) {
      add_ranges(prefix, *time, query_->now_ms, condition.ranges);
    } else {
      failed = true;
      fault("_lastUpdated: '" + value + "' is no date or time");
    }
  }
  if (failed || alternatives.empty()) return;
  condition.ranges = united(std::move(condition.ranges));
  add(std::move(condition), argument);
}

void QueryParser::add(Condition condition, const Argument& argument) {
  if (query_->conditions.size() == max_conditions) {
    return fault("A search takes at most " + std::to_string(max_conditions) + " conditions", model::IssueCode::too_costly);
  }
  query_->conditions.push_back(std::move(condition));
  applied(argument.name, argument.value);
}

model::Result<std::shared_ptr<const Query>> QueryParser::finish() {
  if (values_ > max_values) {
    fault("A search takes at most " + std::to_string(max_values) + " values in all; this one has more",
          model::IssueCode::too_costly);
  }
  if (values_ <= max_values && values_ * query_->types.size() > max_looked) {
    fault("A search over " + std::to_string(query_->types.size()) + " types takes at most " +
              std::to_string(max_looked / query_->types.size()) + " values in all; name fewer types, or fewer values",
          model::IssueCode::too_costly);
  }
  check_subset();
  finish_scope();
  if (faults_.empty() && query_->position && query_->position->query_hash != context_.page_key.hash(query_->address())) {
    fault("_page is a token of another search: its parameters are not those that the token was made for");
  }
  if (!faults_.empty()) return model::Failure{model::FailureKind::bad_request, std::move(faults_)};
  query_->size += query_->inclusions.size() + query_->warnings.size();
  // Document order is the order of lastUpdated: as the last key it costs no look-up, and nothing can follow an id within a type.
  auto& sort = query_->sort;
  if (const auto id = std::find_if(sort.begin(), sort.end(), [](const SortKey& key) { return key.kind == SortKey::Kind::id; });
      one_type() && id != sort.end()) {
    sort.erase(id + 1, sort.end());
  }
  if (!sort.empty() && sort.back().kind == SortKey::Kind::last_updated) {
    query_->oldest_first = !sort.back().descending;
    sort.pop_back();
  }
  return std::shared_ptr<const Query>(std::move(query_));
}

model::Result<std::shared_ptr<const Query>> parse_query(const QueryContext& context, const Scope& scope,
                                                        const std::vector<Argument>& arguments, const ParseOptions& options) {
  if (arguments.size() > max_arguments) {
    return model::failure(model::FailureKind::bad_request, model::IssueCode::too_costly,
                          "A search takes at most " + std::to_string(max_arguments) + " arguments");
  }
  QueryParser parser(context, scope, options);
  // The page's instant is what `ap` is relative to, so it is known before any value is read; so are the types.
  for (const bool first : {true, false}) {
    for (const Argument& argument : arguments) {
      if (QueryParser::comes_first(argument) == first) parser.argument(argument);
    }
  }
  return parser.finish();
}

}  // namespace search
