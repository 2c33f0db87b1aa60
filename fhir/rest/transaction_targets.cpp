// Which resource each entry of a transaction is about. R4 http.html#trules, in its order: deletes, creates, updates and patches.

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "fhir/rest/conditional.h"
#include "fhir/rest/read.h"
#include "fhir/rest/transaction.h"
#include "resources-gen/model/temporal.h"
#include "resources-gen/model/thread_clock.h"
#include "search/execute_deadline.h"

namespace rest {

using model::failure;
using model::FailureKind;
using model::IssueCode;

namespace {

constexpr auto most_time = std::chrono::seconds(5);                   // of CPU, for all conditions
constexpr auto most_time_of_writer = std::chrono::milliseconds(100);  // for which all other writes wait
constexpr std::size_t most_newer = 100;
constexpr std::size_t most_matches = 200'000;  // of all conditions: what is kept of each is some 100 bytes

}  // namespace

// As many matches as decide: two, or all that may be deleted, beyond those that the transaction itself deletes or updates.
model::Result<Transaction::Resolution> Transaction::resolve(store::WriteContext* writer) const {
  Resolution resolution;
  resolution.moment = writer ? writer->next_document() - 1 : context_.store.last_document();
  const auto begun = model::ThreadClock::now();
  std::size_t kept = 0;
  std::unordered_map<model::TypeId, std::size_t> touched;  // of each type, how many matches may be struck out
  if (!searches_.empty()) {
    for (const auto& part : parts_) {
      if (part.kind != Part::Kind::create && part.kind != Part::Kind::read) ++touched[part.target.type];
    }
  }
  resolution.matches.resize(searches_.size());
  for (const bool deletes : {true, false}) {  // first those, as the others are to find what is left
    for (std::size_t i = 0; i < searches_.size(); ++i) {
      const auto& search = searches_[i];
      if (search.of_delete != deletes) continue;
      const auto own = touched.find(search.condition.type);
      const auto others = own == touched.end() ? 0 : own->second;
      auto found = deletes ? matches_to_delete(context_, search.condition, others, writer != nullptr)
                           : find_matches(context_, search.condition, 2 + others, writer != nullptr);
      if (found && model::ThreadClock::now() - begun > most_time) {
        found = failure(FailureKind::timeout, IssueCode::too_costly,
                        "What the transaction's conditions match takes too long to find; use exact criteria such as "
                        "identifier=[system]|[value], or smaller transactions");
      } else if (found && (kept += found->size()) > most_matches) {
        found = failure(FailureKind::bad_request, IssueCode::too_costly,
                        "The transaction's conditions match more than " + std::to_string(most_matches) +
                            " resources together; use criteria that match one, or smaller transactions");
      }
      if (!found) {
        Faults faults;
        faults.add(found.error(), search.expression);
        return faults.failure();
      }
      if (deletes) touched[search.condition.type] += found->size();
      resolution.matches[i] = std::move(*found);
    }
  }
  for (const auto number : looked_up_) {
    const auto& part = parts_[number];
    const auto& id = part.criteria == no_number ? part.id : part.target_ids.body_id;
    const auto type = part.target.type;
    resolution.versions.push_back(writer ? writer->current(type, id) : context_.store.current(type, id));
  }
  return resolution;
}

// Of which searches it matters which version of a match is current; of the others only which resources match.
std::vector<bool> Transaction::version_matters() const {
  std::vector<bool> matters(searches_.size());
  std::vector<bool> pointed_at(parts_.size());  // by a reference that names a version
  for (const auto& part : parts_) {
    if (part.criteria != no_number) matters[part.criteria] = true;
    if (part.kind == Part::Kind::patch && !full_urls_.empty())
      std::fill(pointed_at.begin(), pointed_at.end(), true);  // by what it puts, perhaps
    for (const auto& link : part.links) {
      for (const auto entry : link.versions_of) pointed_at[entry] = true;
    }
  }
  for (const auto& part : parts_) {
    if (part.if_none_exist != no_number && pointed_at[part.entry.index]) matters[part.if_none_exist] = true;
  }
  return matters;
}

// Whether the plan made from the resolution still holds, by what was written since: nothing new matches, and what it found does
// as it did, in newer versions perhaps where those do as well, which are taken then. Where the writer cannot find out quickly,
// no.
bool Transaction::still_holds(Resolution& resolution, store::WriteContext& writer) {
  const bool others_wrote = resolution.moment + 1 != writer.next_document();  // else there may have been an erasure yet
  const auto document = [](const std::optional<store::Version>& version) { return version ? version->document : 0; };
  for (std::size_t i = 0; i < looked_up_.size(); ++i) {
    const auto& part = parts_[looked_up_[i]];
    const auto& id = part.criteria == no_number ? part.id : part.target_ids.body_id;
    if (document(writer.current(part.target.type, id)) != document(resolution.versions[i])) return false;
  }
  const auto begun = model::ThreadClock::now();
  std::vector<bool> matters;
  std::vector<store::Version> newer;
  try {
    for (std::size_t i = 0; i < searches_.size(); ++i) {
      if (model::ThreadClock::now() - begun > most_time_of_writer) return false;
      newer.clear();
      if (others_wrote) {
        newer = context_.search.matches_since(*searches_[i].condition.query, resolution.moment, most_newer, true,
                                              most_time_of_writer);
      }
      if (newer.size() == most_newer) return false;
      for (auto& match : resolution.matches[i]) {
        const auto current = document(writer.current(match.type, match.id));
        const auto found =
            std::find_if(newer.begin(), newer.end(), [&](const auto& version) { return version.document == current; });
        const bool known = current == match.document;
        if (!known && found == newer.end()) return false;
        if (found != newer.end()) {
          match = std::move(*found);
          newer.erase(found);
        }
        if (known) continue;
        if (matters.empty()) matters = version_matters();
        if (matters[i]) return false;
      }
      if (!newer.empty()) return false;
    }
  } catch (const search::QueryTimeout&) {
    return false;
  }
  if (!matters.empty()) {
    for (auto& part : parts_) {
      if (!part.matched) continue;
      for (const auto& match : resolution.matches[part.if_none_exist]) {
        if (match.type == part.matched->type && match.id == part.matched->id) part.matched = match;
      }
    }
  }
  return true;
}

std::string Transaction::name_of(const store::Version& version) const {
  return std::string(context_.schema.type_name(version.type)) + "/" + version.id;
}

// True if the transaction deletes that resource or, with `upto` update, replaces it: then its present content decides nothing.
bool Transaction::leaves(const store::Version& version, Part::Kind upto) const {
  if (claimed_.empty()) return false;
  const auto found = claimed_.find(name_of(version));
  if (found == claimed_.end()) return false;
  return parts_[found->second].kind == Part::Kind::remove || upto == Part::Kind::update;
}

// R4 http.html#trules: if identities overlap, those that conditions resolve to included, the transaction fails.
bool Transaction::claim(std::size_t number, const std::string& what) {
  const auto [other, first] = claimed_.emplace(what, number);
  if (first || other->second == number) return true;
  faults_.add(FailureKind::bad_request, IssueCode::duplicate,
              "Entry " + std::to_string(number) + " is about " + what + ", which entry " + std::to_string(other->second) +
                  " writes too; a resource can appear once only",
              parts_[number].entry.expression("request.url"));
  return false;
}

// Adds what the entry is about to write, as it was sent: links to other entries are not rewritten yet.
void Transaction::offer(BundleMatcher& matcher, const Part& part) const {
  const auto type = part.target.type;
  const bool wanted =
      std::any_of(searches_.begin(), searches_.end(), [&](const Search& search) { return search.condition.type == type; });
  if (!wanted) return;
  store::Version version;
  version.type = type;
  version.id = part.id;
  version.version = 1;
  version.last_updated = model::now_ms();
  if (part.patched) return matcher.add(part.entry.index, version, context_.search.extract(part.patched->tree));
  const auto read = formats::read_json(part.entry.resource.json(), context_.schema);
  if (!read.ok()) throw std::runtime_error("transaction: a resource that was read is refused when it stands alone");
  matcher.add(part.entry.index, version, context_.search.extract(read.tree));
}

void Transaction::plan_deletes(const Resolution& resolution) {
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    auto& part = parts_[i];
    part.removals.clear();
    if (part.kind != Part::Kind::remove || part.criteria == no_number) continue;
    for (const auto& match : resolution.matches[part.criteria]) {
      if (claim(i, name_of(match))) part.removals.push_back(match);
    }
    if (part.removals.size() <= context_.options.max_conditional_deletes) continue;
    faults_.add(FailureKind::precondition_failed, IssueCode::multiple_matches,
                "The criteria match more than " + std::to_string(context_.options.max_conditional_deletes) +
                    " resources, which is what one conditional delete may delete",
                part.entry.expression("request.url"));
  }
}

// Which creates are carried out. Creates come after deletes and before updates. Those without a condition are made in any case;
// the others, in their order, only if neither the store nor an entry already made has a match: two entries with the same criteria
// make one resource.
void Transaction::plan_creates(const Resolution& resolution, BundleMatcher& matcher) {
  if (!searches_.empty()) {
    for (const auto& part : parts_) {
      if (part.kind == Part::Kind::create && part.if_none_exist == no_number) offer(matcher, part);
    }
  }
  for (auto& part : parts_) {
    part.matched.reset();
    part.same_as = no_number;
    if (part.kind != Part::Kind::create || part.if_none_exist == no_number) continue;
    const auto& condition = searches_[part.if_none_exist].condition;
    auto matches = resolution.matches[part.if_none_exist];
    std::erase_if(matches, [&](const store::Version& version) { return leaves(version, Part::Kind::remove); });
    const auto expression = part.entry.expression("request.ifNoneExist");
    auto own = matcher.match(*condition.query);
    if (!own) {
      faults_.add(own.error(), expression);
      return;
    }
    if (matches.size() + own->size() > 1) {
      for (const auto number : *own) {
        store::Version version;
        version.id = "(entry " + std::to_string(number) + ")";
        matches.push_back(version);
      }
      faults_.add(FailureKind::precondition_failed, IssueCode::multiple_matches, several_matches(context_, condition, matches),
                  expression);
    } else if (matches.size() == 1) {
      part.matched = matches[0];
    } else if (own->size() == 1) {
      part.same_as = own->front();
    } else {
      offer(matcher, part);
    }
  }
}

// Updates and patches come after deletes and creates, and see what those made.
void Transaction::plan_updates(const Resolution& resolution, BundleMatcher& matcher, store::WriteContext* writer) {
  for (auto& part : parts_) {
    part.base.reset();
    part.patched.reset();
  }
  for (std::size_t i = 0; i < looked_up_.size(); ++i) parts_[looked_up_[i]].base = resolution.versions[i];
  for (auto& part : parts_) {
    if (part.criteria != no_number) continue;
    if (part.kind == Part::Kind::patch) plan_patch(part, writer);
    if (part.kind == Part::Kind::update || part.patched) offer(matcher, part);
  }
  for (auto& part : parts_) {
    if (part.criteria == no_number || part.kind == Part::Kind::remove) continue;
    plan_update(part, resolution, matcher);
    if (part.id.empty()) continue;
    if (part.kind == Part::Kind::patch) plan_patch(part, writer);
    if (part.kind == Part::Kind::update || part.patched) offer(matcher, part);
  }
}

// What a conditional update or patch is about: sets id, what and base; an empty id where there is a fault.
void Transaction::plan_update(Part& part, const Resolution& resolution, BundleMatcher& matcher) {
  const auto number = part.entry.index;
  const auto expression = part.entry.expression("request.url");
  const auto& condition = searches_[part.criteria].condition;
  const auto own_current = std::exchange(part.base, std::nullopt);  // of the id in the body
  part.id.clear();
  auto matches = resolution.matches[part.criteria];
  std::erase_if(matches, [&](const store::Version& version) { return leaves(version, Part::Kind::remove); });
  const auto own = matcher.match(*condition.query);
  if (!own) return faults_.add(own.error(), expression);
  for (const auto other : *own) {  // what another entry writes, unless the store has an older version that matches too
    const auto& what = parts_[other].what;
    if (std::any_of(matches.begin(), matches.end(), [&](const store::Version& match) { return name_of(match) == what; }))
      continue;
    store::Version version;
    version.type = condition.type;
    version.id = parts_[other].id;
    matches.push_back(version);
    if (matches.size() == 1) {
      claimed_.emplace(what, other);  // a create has claimed nothing
    }
  }
  if (part.kind == Part::Kind::patch && matches.empty()) {
    return faults_.add(
        FailureKind::not_found, IssueCode::not_found,
        std::string(context_.schema.type_name(condition.type)) + "?" + condition.text + " matches nothing to patch", expression);
  }
  const auto id = choose_target(context_, condition, matches, part.target_ids, [&](const std::string&) {
    return own_current && leaves(*own_current, Part::Kind::remove) ? std::nullopt : own_current;
  });
  if (!id) return faults_.add(id.error(), expression);
  const auto what = std::string(context_.schema.type_name(condition.type)) + "/" + *id;
  if (!claim(number, what)) return;
  part.id = *id;
  part.what = what;
  if (!matches.empty()) {
    part.base = matches[0];
  } else if (own_current && own_current->id == *id) {
    part.base = own_current;
  }
}

void Transaction::plan_patch(Part& part, store::WriteContext* writer) {
  const auto expression = part.entry.expression("request.url");
  if (!part.base) return faults_.add(unknown_resource(context_.schema, part.target.type, part.id), expression);
  if (part.base->deleted()) return faults_.add(deleted_resource(context_.schema, *part.base), expression);
  if (auto refused = rest::check(part.conditions, part.what, part.base))
    return faults_.add(*refused, part.entry.expression("request"));
  part.base_body =
      writer ? context_.store.rendered(writer->stored(*part.base)).body : context_.store.render(part.base->document).value().body;
  if (exchange_->once) exchange_->once->quoted.push_back(version_path(context_.schema, *part.base));
  auto patched = apply_patch(context_, *part.patch, *part.base_body);
  if (!patched) return faults_.add(patched.error(), part.entry.expression("resource"));
  part.patched = std::move(*patched);
}

}  // namespace rest
