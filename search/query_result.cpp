#include <algorithm>
#include <charconv>

#include "search/include.h"
#include "search/query_arguments.h"
#include "search/query_parser.h"

namespace search {
namespace {

constexpr std::size_t max_sort_keys = 8;
constexpr std::size_t max_sort_names = 100;  // what is left out, and what is there already, included
constexpr std::size_t max_inclusions = 200;
constexpr std::size_t max_elements = 1000;

std::vector<std::string_view> parts_of(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  for (;;) {
    const auto end = text.find(separator);
    out.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

// R4 search.html#return. Names that are not here and are no search parameter of the type are unknown: `_contained`,
// `_containedType`, `_text`, `_content`, `_list`, `_filter`, `_score` ... come with issues of their own.
const QueryParser::ResultParameter QueryParser::result_parameters[] = {
    {"_count", &QueryParser::take_count, Repeat::once, ""},
    {"_sort", &QueryParser::take_sort, Repeat::many, ""},
    {"_total", &QueryParser::take_total, Repeat::once, ""},
    {"_summary", &QueryParser::take_summary, Repeat::once, ""},
    {"_elements", &QueryParser::take_elements, Repeat::many, ""},
    {"_include", &QueryParser::take_include, Repeat::many, ""},
    {"_revinclude", &QueryParser::take_include, Repeat::many, ""},
    {"_page", &QueryParser::take_page, Repeat::once, ""},
    {"_query", &QueryParser::take_query, Repeat::once, ""},
    {"_format", &QueryParser::skip, Repeat::many, ""},  // these three are the endpoint's
    {"_pretty", &QueryParser::skip, Repeat::many, ""},
    {"_explain", &QueryParser::skip, Repeat::many, ""},
};

bool QueryParser::result_argument(std::string_view name, std::string_view modifier, const Argument& argument) {
  for (const ResultParameter& row : result_parameters) {
    if (row.name != name) continue;
    if (argument.name.size() != name.size() && modifier != row.modifiers) {
      fault("The parameter " + std::string(name) + " does not take the modifier :" + std::string(modifier),
            model::IssueCode::not_supported);
    } else if (row.repeat == Repeat::once && !seen_.insert(row.name).second) {
      fault("The parameter " + std::string(name) + " is given more than once");
    } else if (row.repeat == Repeat::once || is_new(argument)) {
      (this->*row.take)(argument);
    }
    return true;
  }
  return false;
}

void QueryParser::take_count(const Argument& argument) {
  const std::string& text = argument.value;
  if (text.find_first_not_of("0123456789") != std::string::npos) {
    return fault("_count is a whole number from 0 on, not '" + text + "'");
  }
  std::uint32_t count = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), count).ec != std::errc()) count = options_.max_count;
  if (count == 0) query_->count_only = true;  // R4 search.html#count: as _summary=count
  query_->count = std::min(count, options_.max_count);
  applied("_count", std::to_string(query_->count));
}

void QueryParser::take_total(const Argument& argument) {
  static constexpr std::pair<std::string_view, Total> rows[] = {
      {"none", Total::none}, {"estimate", Total::estimate}, {"accurate", Total::accurate}};
  for (const auto& [text, total] : rows) {
    if (argument.value != text) continue;
    query_->total = total;
    return applied("_total", text);
  }
  fault("_total is none, estimate or accurate, not '" + argument.value + "'");
}

// R4 search.html#summary
void QueryParser::take_summary(const Argument& argument) {
  const auto kind = formats::summary_kind(argument.value);
  if (!kind && argument.value != "count") {
    return fault("_summary is true, text, data, count or false, not '" + argument.value + "'");
  }
  if (!kind) {
    query_->count_only = true;
  } else if (*kind != formats::Subset::Kind::whole) {
    summary_ = *kind;
  }
  applied("_summary", argument.value);
}

// R4 search.html#elements
void QueryParser::take_elements(const Argument& argument) {
  element_names_ += 1 + static_cast<std::size_t>(std::count(argument.value.begin(), argument.value.end(), ','));
  if (element_names_ > max_elements) {
    return fault("_elements takes at most " + std::to_string(max_elements) + " names", model::IssueCode::too_costly);
  }
  auto list = formats::read_elements(argument.value, context_.schema, one_type() ? query_->types.front() : model::no_type);
  for (const std::string& unknown : list.unknown) complain(unknown, {});
  if (list.names.empty()) return;
  auto& elements = query_->subset.elements;
  for (formats::Subset::Name& name : list.names) {
    const auto same = [&](const formats::Subset::Name& each) { return each.name == name.name && each.type == name.type; };
    if (std::none_of(elements.begin(), elements.end(), same)) elements.push_back(std::move(name));
  }
  query_->subset.kind = formats::Subset::Kind::elements;
  applied("_elements", list.applied);
}

void QueryParser::check_subset() {
  using Kind = formats::Subset::Kind;
  if (summary_ == Kind::whole) return;
  // R4 gives the two parameters a meaning each, and none together.
  if (!query_->subset.whole())
    fault("_elements and _summary each choose what is shown of a resource: only one of them can be given");
  if (summary_ == Kind::text && !query_->inclusions.empty()) {
    fault("_include and _revinclude cannot be mixed with _summary=text");  // R4 search.html#summary
  }
  query_->subset.kind = summary_;
}

bool QueryParser::sort_key(std::string_view text, SortKey& out) {
  std::string_view name = text;
  if (name.starts_with('-')) {
    out.descending = true;
    name.remove_prefix(1);
  }
  if (name == "_id") {
    out.kind = SortKey::Kind::id;
  } else if (name == "_lastUpdated") {
    out.kind = SortKey::Kind::last_updated;
  } else {
    out.parameters = parameters_named(name, "_sort: ", std::string(name));
    if (out.parameters.empty()) return false;
    const auto type_of = [&](model::ParameterId id) { return context_.schema.search_parameters[id].type; };
    out.type = type_of(out.parameters.front());
    if (std::any_of(out.parameters.begin(), out.parameters.end(), [&](auto id) { return type_of(id) != out.type; })) {
      leave_out("_sort: " + std::string(name) + " is of another type of parameter in some of the types searched");
      return false;
    }
    if (out.type == model::ParameterType::composite || out.type == model::ParameterType::special) {
      leave_out("_sort: " + std::string(name) + " has no order, being of type " +
                (out.type == model::ParameterType::special ? "special" : "composite"));
      return false;
    }
  }
  return true;
}

void QueryParser::take_sort(const Argument& argument) {
  std::string taken;
  const auto names = split_alternatives(argument.value, max_sort_names + 1 - sort_names_);
  sort_names_ += names.size();
  for (const std::string& text : names) {
    SortKey key;
    if (!sort_key(text, key)) continue;
    if (!taken.empty()) taken.push_back(',');
    taken += text;
    const auto same = [&](const SortKey& other) { return other.kind == key.kind && other.parameters == key.parameters; };
    if (std::none_of(query_->sort.begin(), query_->sort.end(), same)) query_->sort.push_back(key);
  }
  if (query_->sort.size() > max_sort_keys || sort_names_ > max_sort_names) {
    fault("_sort takes at most " + std::to_string(max_sort_keys) + " keys", model::IssueCode::too_costly);
  }
  if (!taken.empty()) applied("_sort", taken);
}

void QueryParser::take_page(const Argument& argument) {
  auto position = context_.page_key.open(argument.value);
  if (!position) {
    for (const model::Issue& issue : position.error().issues) faults_.add(issue);
    return;
  }
  query_->position = *position;
  query_->now_ms = position->now_ms;
}

// R4 search.html#query: "Servers SHALL refuse to process a search with a _query value that they do not recognize", and there are
// none to recognize.
void QueryParser::take_query(const Argument& argument) {
  fault("_query: there is no named query '" + argument.value + "' here", model::IssueCode::not_supported);
}

void QueryParser::take_include(const Argument& argument) { inclusion(argument, argument.name == "_revinclude"); }

// R4 search.html#include: Type:parameter, Type:parameter:Target; `*` for all reference parameters.
void QueryParser::inclusion(const Argument& argument, bool reverse) {
  if (++inclusions_ > max_inclusions) {
    return fault("A search takes at most " + std::to_string(max_inclusions) + " _include and _revinclude in all",
                 model::IssueCode::too_costly);
  }
  const model::Schema& schema = context_.schema;
  const auto parts = parts_of(argument.value, ':');
  const std::string text = argument.name + "=" + argument.value;
  const auto no_type_searched = [&] {
    leave_out(text + " can include nothing: this search finds resources of " + (one_type() ? "type " : "") + types_text() +
              " only");
  };
  Inclusion out;
  out.reverse = reverse;
  out.label = text;
  if (argument.value == "*" && !reverse) {
    for (const model::TypeId type : query_->types) {
      out.source = type;
      out.parameters = references(type, {});
      include(out);
    }
    return applied(argument.name, argument.value);
  }
  if (parts.size() < 2 || parts.size() > 3) return fault(text + ": it is Type:parameter or Type:parameter:TargetType");
  out.source = schema.resource_type(parts[0]);
  if (out.source == model::no_type) return fault(text + ": " + std::string(parts[0]) + " is no resource type");
  if (!reverse && !query_->is_over(out.source)) return no_type_searched();
  if (parts.size() == 3) {
    out.target = schema.resource_type(parts[2]);
    if (out.target == model::no_type) return fault(text + ": " + std::string(parts[2]) + " is no resource type");
    if (reverse && !query_->is_over(out.target)) return no_type_searched();
  }
  // What the parameter has to lead to; nothing named: to anything.
  std::vector<model::TypeId> targets;
  if (out.target != model::no_type) targets = {out.target};
  if (reverse && targets.empty()) targets = query_->types;
  if (parts[1] == "*") {
    out.parameters = references(out.source, targets);
  } else {
    const model::ParameterId id = context_.extractor.parameter(out.source, parts[1]);
    if (id == no_parameter || schema.search_parameters[id].type != model::ParameterType::reference) {
      return leave_out(text + ": " + std::string(schema.type_name(out.source)) + " has no reference parameter " +
                       std::string(parts[1]));
    }
    if (!leads_to(id, targets)) {
      return leave_out(text + " can include nothing: " + std::string(parts[1]) + " does not refer to " +
                       (targets.size() == 1 ? std::string(schema.type_name(targets.front())) : types_text()));
    }
    out.parameters.push_back(id);
  }
  include(std::move(out));
  applied(argument.name, argument.value);
}

void QueryParser::include(Inclusion inclusion) {
  const auto same = [&](const Inclusion& other) {
    return other.reverse == inclusion.reverse && other.source == inclusion.source && other.target == inclusion.target &&
           other.parameters == inclusion.parameters;
  };
  auto& all = query_->inclusions;
  if (std::none_of(all.begin(), all.end(), same)) all.push_back(std::move(inclusion));
}

bool QueryParser::leads_to(model::ParameterId parameter, const std::vector<model::TypeId>& targets) const {
  const auto& row = context_.schema.search_parameters[parameter];
  return targets.empty() || std::any_of(targets.begin(), targets.end(),
                                        [&](model::TypeId target) { return refers_to(context_.schema, row, target); });
}

QueryParser::ParameterIds QueryParser::references(model::TypeId source, const std::vector<model::TypeId>& targets) const {
  ParameterIds out;
  for (const model::ParameterId id : context_.extractor.parameters(source)) {
    const bool reference = context_.schema.search_parameters[id].type == model::ParameterType::reference;
    if (reference && leads_to(id, targets)) out.push_back(id);
  }
  return out;
}

}  // namespace search
