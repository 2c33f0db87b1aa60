#include <algorithm>
#include <array>

#include "fhir/rest/bundle_elements.h"
#include "fhir/rest/header_text.h"
#include "fhir/rest/partial.h"
#include "fhir/rest/routes.h"
#include "fhir/rest/search.h"
#include "fhir/rest/transaction.h"
#include "resources-gen/model/temporal.h"
#include "search/query.h"

namespace rest {

using model::FailureKind;
using model::IssueCode;

namespace {

constexpr std::size_t longest_full_url = 1024;
constexpr std::size_t most_searched = 200000;  // some 200 bytes each

}  // namespace

Transaction::Transaction(const Context& context, ExchangePtr exchange, ReadBundle bundle, std::vector<Entry> entries)
    : context_(context), exchange_(std::move(exchange)), bundle_(std::move(bundle)), full_urls_(base_urls(context, *exchange_)) {
  parts_.resize(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) parts_[i].entry = entries[i];
}

model::Result<void> Transaction::check() {
  for (auto& part : parts_) check_part(part);
  check_identities();
  find_searches();
  if (!faults_.empty()) return faults_.failure();
  return {};
}

void Transaction::check_part(Part& part) {
  const auto& entry = part.entry;
  const auto fault = [&](FailureKind kind, IssueCode code, std::string text, std::string_view member) {
    faults_.add(kind, code, std::move(text), entry.expression(member));
  };
  if (!entry.has_request) return fault(FailureKind::bad_request, IssueCode::required, "The entry has no request", {});
  if (entry.method.empty() || entry.url.empty()) {
    return fault(FailureKind::bad_request, IssueCode::required, "The entry's request needs a method and a url", "request");
  }
  // R4 valueset-http-verb.html, in its own letters: "delete" is no DELETE.
  static constexpr std::array<std::string_view, 6> methods{"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"};
  if (std::find(methods.begin(), methods.end(), entry.method) == methods.end()) {
    return fault(FailureKind::bad_request, IssueCode::value,
                 "'" + std::string(entry.method.substr(0, 20)) + "' is no method: GET, HEAD, POST, PUT, PATCH or DELETE",
                 "request.method");
  }
  if (const auto wrong = trouble_of(entry); !wrong.empty()) {
    return fault(FailureKind::bad_request, IssueCode::value, wrong, "request");
  }
  auto target = parse_relative(below_base(context_, *exchange_, entry.url), context_.schema);
  if (!target) return faults_.add(target.error(), entry.expression("request.url"));

  part.target = std::move(*target);
  const auto& method = entry.method;
  const bool search = method == "POST" && takes_form(part.target.shape);
  if (method == "GET" || method == "HEAD" || search) return check_read(part);
  if (!check_address(part)) return;

  auto match = parse_tags(entry.if_match, "ifMatch");
  if (!match) return faults_.add(match.error(), entry.expression("request.ifMatch"));
  auto none_match = parse_tags(entry.if_none_match, "ifNoneMatch");
  if (!none_match) return faults_.add(none_match.error(), entry.expression("request.ifNoneMatch"));
  part.conditions = {std::move(*match), std::move(*none_match), {}};
  if (part.kind == Part::Kind::patch) {
    const auto document = patch_document(entry.resource);
    if (!document) return faults_.add(document.error(), entry.expression("resource"));
    auto patch = read_patch(context_, document->content_type, document->body);
    if (!patch) return faults_.add(patch.error(), entry.expression("resource"));
    part.patch = std::move(*patch);
  } else if (part.kind != Part::Kind::remove) {
    check_resource(part);
  }
}

// Where the entry's request goes: kind, id, or that it has criteria.
bool Transaction::check_address(Part& part) {
  const auto& entry = part.entry;
  struct MethodRow {
    std::string_view method;
    Part::Kind kind;
  };
  static constexpr std::array<MethodRow, 4> methods{
      {{"POST", Part::Kind::create}, {"PUT", Part::Kind::update}, {"PATCH", Part::Kind::patch}, {"DELETE", Part::Kind::remove}}};
  const auto row =
      std::find_if(methods.begin(), methods.end(), [&](const MethodRow& each) { return each.method == entry.method; });
  const bool with_criteria = !part.target.arguments.empty();
  const bool creates = row != methods.end() && row->kind == Part::Kind::create;
  const Shape wanted = creates || with_criteria ? Shape::type : Shape::instance;
  if (row == methods.end() || part.target.shape != wanted || (creates && with_criteria)) {
    faults_.add(FailureKind::bad_request, IssueCode::not_supported,
                std::string(entry.method) + " within a transaction goes to " +
                    (creates ? "[type]" : "[type]/[id] or [type]?[criteria]") + ", not to '" +
                    std::string(entry.url.substr(0, 100)) + "'",
                entry.expression("request.url"));
    return false;
  }
  part.kind = row->kind;
  writes_ = true;
  if (creates) {
    part.id = context_.ids.next();
  } else if (with_criteria) {
    part.target_ids.new_id = context_.ids.next();
    const auto criteria = entry.url.substr(entry.url.find('?') + 1);
    part.criteria = search_number(part.target.type, criteria, entry.method, entry.expression("request.url"));
    searches_[part.criteria].of_delete = searches_[part.criteria].of_delete || part.kind == Part::Kind::remove;
    return true;
  } else if (!is_id(part.target.id)) {
    faults_.add(FailureKind::bad_request, IssueCode::value, "'" + part.target.id.substr(0, 100) + "' is no id",
                entry.expression("request.url"));
    return false;
  } else {
    part.id = part.target.id;
  }
  part.what = std::string(context_.schema.type_name(part.target.type)) + "/" + part.id;
  return true;
}

// The resource of an entry that creates or updates.
void Transaction::check_resource(Part& part) {
  const auto& entry = part.entry;
  const auto fault = [&](FailureKind kind, IssueCode code, std::string text, std::string_view member) {
    faults_.add(kind, code, std::move(text), entry.expression(member));
  };
  if (!entry.resource) return fault(FailureKind::bad_request, IssueCode::required, "The entry has no resource to write", {});
  if (entry.resource.type() != part.target.type) {
    return fault(FailureKind::bad_request, IssueCode::invalid,
                 "The resource is a " + std::string(entry.resource.type_name()) + ", but the request is for a " +
                     std::string(context_.schema.type_name(part.target.type)),
                 "resource");
  }
  if (part.kind != Part::Kind::update) return;
  const auto id = entry.resource.child("id");
  const std::string_view text = id && id.has_value() ? id.text() : std::string_view();
  if (part.criteria != no_number) {
    part.target_ids.body_id = text;
  } else if (text != part.target.id) {
    fault(FailureKind::bad_request, IssueCode::invalid,
          "The resource's id is '" + std::string(text.substr(0, 64)) + "', but the request is for " + part.what, "resource.id");
  }
  if (const auto complete = check_complete(entry.resource); !complete) {
    const auto partial = complete.error();
    for (const auto& issue : partial.issues) faults_.add(partial.kind, issue.code, issue.diagnostics, issue.expression);
  }
}

void Transaction::check_read(Part& part) {
  reads_ = true;
  part.asked = exchange_for(context_, *exchange_, part.entry);
  part.asked->target = part.target;
  const auto& target = part.target;
  if (part.entry.method == "POST" && part.entry.resource) {
    return faults_.add(FailureKind::bad_request, IssueCode::not_supported,
                       "The criteria of a search stand in the entry's url: it has no body", part.entry.expression("resource"));
  }
  if (!is_search(target.shape)) return;
  auto arguments = target.arguments;
  std::erase_if(arguments, [](const search::Argument& each) { return each.name == "_format" || each.name == "_pretty"; });
  if (!searches_fit()) return;
  auto query = parse_search(context_, *part.asked, arguments);
  if (!query) return refuse_search(query.error(), part.entry.expression("request.url"));
  count_search(**query, part.entry.expression("request.url"));
  part.query = std::move(*query);
}

// R4 http.html#trules: a resource can only appear in a transaction once, by identity. bdl-7: so can a fullUrl.
void Transaction::check_identities() {
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    auto& part = parts_[i];
    auto& entry = part.entry;
    if (part.kind == Part::Kind::read) continue;
    if (entry.full_url.size() > longest_full_url) {  // relative references are read in its light, each
      faults_.add(FailureKind::bad_request, IssueCode::too_long,
                  "The fullUrl is longer than " + std::to_string(longest_full_url) + " bytes", entry.expression("fullUrl"));
      entry.full_url = {};
    }
    if (part.kind != Part::Kind::create && part.criteria == no_number && !part.what.empty()) {
      const auto [other, first] = identities_.emplace(part.what, i);
      if (!first) {
        faults_.add(FailureKind::bad_request, IssueCode::duplicate,
                    part.what + " is written by entry " + std::to_string(other->second) + " too; a resource can appear once only",
                    entry.expression("request.url"));
      }
    }
    // R4 bundle.html#Bundle.entry.fullUrl: it SHALL NOT disagree with the id; references to it would reach another record.
    const auto below = below_base_url(context_, *exchange_, entry.full_url);
    if (part.kind == Part::Kind::update && !part.what.empty() && below.size() < entry.full_url.size() && below != part.what) {
      faults_.add(FailureKind::bad_request, IssueCode::invalid,
                  "The fullUrl is that of another resource of this server: the request is for " + part.what,
                  entry.expression("fullUrl"));
    }
    if (part.kind != Part::Kind::remove && !entry.full_url.empty() && !full_urls_.add(entry.full_url, i)) {
      faults_.add(FailureKind::bad_request, IssueCode::duplicate,
                  "Another entry has the same fullUrl; references to it would be ambiguous", entry.expression("fullUrl"));
    }
  }
}

void Transaction::find_searches() {
  std::vector<bool> wanted(parts_.size());
  const auto look_up = [&](std::size_t number) {
    if (!wanted[number]) looked_up_.push_back(number);
    wanted[number] = true;
  };
  const auto look_up_version = [&](std::size_t number) {  // of an entry that others name with its version
    const auto& part = parts_[number];
    if (part.kind == Part::Kind::update && part.criteria == no_number) look_up(number);
  };
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    auto& part = parts_[i];
    const auto& entry = part.entry;
    if (part.kind == Part::Kind::create && !entry.if_none_exist.empty()) {
      part.if_none_exist =
          search_number(part.target.type, entry.if_none_exist, "ifNoneExist", entry.expression("request.ifNoneExist"));
    }
    if ((part.kind == Part::Kind::patch && part.criteria == no_number) || !part.target_ids.body_id.empty()) look_up(i);
    if (part.kind == Part::Kind::remove || part.kind == Part::Kind::read || !entry.resource) continue;
    part.links = find_links(context_, *exchange_, entry.resource, entry.full_url, full_urls_,
                            [&](model::TypeId type, std::string_view criteria, model::NodeRef node) {
                              const auto number = search_number(type, criteria, "the reference", node.path());
                              searches_[number].of_reference = true;
                              return number;
                            });
    // Which strings of a patch are links to entries shows when it is applied.
    if (part.kind == Part::Kind::patch)
      std::erase_if(part.links, [](const Link& link) { return link.kind != Link::Kind::search; });
    for (const auto& link : part.links) std::for_each(link.versions_of.begin(), link.versions_of.end(), look_up_version);
  }
  check_criteria();
  // A patch tells only when it is applied which versions it names.
  const bool patches = std::any_of(parts_.begin(), parts_.end(), [](const Part& part) { return part.kind == Part::Kind::patch; });
  for (std::size_t i = 0; patches && !full_urls_.empty() && i < parts_.size(); ++i) look_up_version(i);
}

std::size_t Transaction::search_number(model::TypeId type, std::string_view criteria, std::string_view what,
                                       const std::string& expression) {
  const auto name = context_.schema.type_name(type);
  if (criteria.starts_with(name) && criteria.substr(name.size()).starts_with('?')) criteria.remove_prefix(name.size() + 1);
  if (criteria.starts_with('?')) criteria.remove_prefix(1);
  const auto [known, first] = search_numbers_.emplace(std::string(name) + "?" + std::string(criteria), searches_.size());
  if (!first) return known->second;
  searches_.push_back({{}, false, false, expression});
  if (!searches_fit()) return known->second;
  auto condition = parse_condition(context_, *exchange_, type, criteria, what);
  if (!condition) {
    refuse_search(condition.error(), expression);
  } else {
    count_search(*condition->query, expression);
    searches_.back().condition = std::move(*condition);
  }
  return known->second;
}

// A reference to another entry's URN matches nothing: what is to be made once would be made each time.
void Transaction::check_criteria() {
  const auto parameters = context_.schema.search_parameters;
  for (const auto& search : searches_) {
    if (!search.condition.query || full_urls_.empty()) continue;
    for (const auto& condition : search.condition.query->conditions) {
      if (condition.any.empty()) continue;
      const auto parameter = condition.any.front().key.parameter;
      if (parameter >= parameters.size() || parameters[parameter].type != model::ParameterType::reference) continue;
      std::string_view values = condition.label;
      values.remove_prefix(std::min(values.find('=') + 1, values.size()));
      while (!values.empty()) {
        const auto value = next_part(values, ',');
        Pointer pointer;
        if (!value.starts_with("urn:") || !full_urls_.find(value, {}, context_.schema, pointer)) continue;
        faults_.add(FailureKind::bad_request, IssueCode::not_supported,
                    "The criteria ask for references to " + std::string(value) +
                        ", an entry of this Bundle, and there can be none yet; give that resource an id that you know, by "
                        "PUT [type]/[id]",
                    search.expression);
      }
    }
  }
}

// Queries are kept until the whole is done. Where they do not fit, one alone is too much, or there are more faults than are
// told, no further one is read.
bool Transaction::searches_fit() const { return searches_size_ <= most_searched && !faults_.full(); }

void Transaction::refuse_search(const model::Failure& failure, const std::string& expression) {
  faults_.add(failure, expression);
  for (const auto& issue : failure.issues) {
    if (issue.code == IssueCode::too_costly) searches_size_ = most_searched + 1;
  }
}

void Transaction::count_search(const search::Query& query, const std::string& expression) {
  searches_size_ += query.size;
  if (searches_fit()) return;
  faults_.add(FailureKind::bad_request, IssueCode::too_costly,
              "The searches of the entries up to here look for more than " + std::to_string(most_searched) +
                  " terms in all; send fewer at once, or searches of fewer values and types",
              expression);
}

}  // namespace rest
