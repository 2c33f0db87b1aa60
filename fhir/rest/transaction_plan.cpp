#include <algorithm>
#include <stdexcept>

#include "fhir/rest/transaction.h"

namespace rest {

using model::FailureKind;
using model::IssueCode;

// As many matches as decide: two, beyond those that the transaction itself deletes or updates.
Transaction::Resolution Transaction::resolve(store::WriteContext* writer) const {
  Resolution resolution;
  std::unordered_map<model::TypeId, std::size_t> touched;
  if (!searches_.empty()) {
    for (const auto& part : parts_) {
      if (part.kind == Part::Kind::remove || part.kind == Part::Kind::update) ++touched[part.target.type];
    }
  }
  for (const auto& search : searches_) {
    const auto own = touched.find(search.condition.type);
    const auto limit = 2 + (own == touched.end() ? 0 : own->second);
    resolution.matches.push_back(context_.search.match(*search.condition.query, limit, writer != nullptr));
  }
  for (const auto number : versioned_updates_) {
    const auto& part = parts_[number];
    const auto type = part.target.type;
    const auto current = writer ? writer->current(type, part.id) : context_.store.current(type, part.id);
    resolution.versions.push_back(current ? current->version : 0);
  }
  return resolution;
}

bool Transaction::same(const Resolution& a, const Resolution& b) const {
  const auto equal = [](const store::Version& x, const store::Version& y) { return x.document == y.document; };
  return a.versions == b.versions &&
         std::equal(a.matches.begin(), a.matches.end(), b.matches.begin(), b.matches.end(),
                    [&](const auto& x, const auto& y) { return std::equal(x.begin(), x.end(), y.begin(), y.end(), equal); });
}

// True if the transaction deletes that resource or, with `upto` update, replaces it: then its present content decides nothing.
bool Transaction::leaves(const store::Version& version, Part::Kind upto) const {
  if (identities_.empty()) return false;
  const auto found = identities_.find(std::string(context_.schema.type_name(version.type)) + "/" + version.id);
  if (found == identities_.end()) return false;
  return parts_[found->second].kind == Part::Kind::remove || upto == Part::Kind::update;
}

// Adds what the entry is about to write, as it was sent: links to other entries are not rewritten yet.
void Transaction::offer(BundleMatcher& matcher, const Part& part) const {
  const auto type = part.target.type;
  const bool wanted =
      std::any_of(searches_.begin(), searches_.end(), [&](const Search& search) { return search.condition.type == type; });
  if (!wanted) return;
  const auto read = formats::read_json(part.entry.resource.json(), context_.schema);
  if (!read.ok()) throw std::runtime_error("transaction: a resource that was read is refused when it stands alone");
  store::Version version;
  version.type = type;
  version.id = part.id;
  version.version = 1;
  matcher.add(part.entry.index, version, context_.search.extract(read.tree));
}

model::Result<void> Transaction::plan(const Resolution& resolution) {
  faults_ = {};
  BundleMatcher matcher;
  plan_creates(resolution, matcher);
  const auto references = plan_references(resolution, matcher);
  if (!faults_.empty()) return faults_.failure();
  for (auto& part : parts_) {
    const bool writes =
        part.kind == Part::Kind::update || (part.kind == Part::Kind::create && !part.matched && part.same_as == no_number);
    if (writes) prepare_part(part, resolution, references);
  }
  if (!faults_.empty()) return faults_.failure();
  return {};
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

// The targets of conditional references, by the number of their search; empty for searches that no reference makes.
std::vector<std::string> Transaction::plan_references(const Resolution& resolution, BundleMatcher& matcher) {
  std::vector<std::string> targets(searches_.size());
  const bool any = std::any_of(searches_.begin(), searches_.end(), [](const Search& search) { return search.of_reference; });
  if (!any || !faults_.empty()) return targets;
  for (const auto& part : parts_) {
    if (part.kind == Part::Kind::update) offer(matcher, part);
  }
  std::vector<std::string> troubles(searches_.size());
  std::vector<bool> several(searches_.size());
  for (std::size_t i = 0; i < searches_.size(); ++i) {
    if (!searches_[i].of_reference) continue;
    const auto& condition = searches_[i].condition;
    auto matches = resolution.matches[i];
    std::erase_if(matches, [&](const store::Version& version) { return leaves(version, Part::Kind::update); });
    const auto own = matcher.match(*condition.query);
    if (!own) {
      faults_.add(own.error(), searches_[i].expression);
      return targets;
    }
    const std::string type(context_.schema.type_name(condition.type));
    if (matches.size() + own->size() > 1) {
      troubles[i] = "The reference " + type + "?" + condition.text + " matches more than one " + type;
      several[i] = true;
    } else if (matches.size() == 1) {
      targets[i] = type + "/" + matches[0].id;
    } else if (own->size() == 1) {
      targets[i] = parts_[own->front()].what;
    } else {
      troubles[i] = "The reference " + type + "?" + condition.text + " matches no " + type;
    }
  }
  // R4 http.html#trules: the transaction fails; every place is named.
  for (const auto& part : parts_) {
    if (part.matched || part.same_as != no_number) continue;
    for (const auto& link : part.links) {
      if (link.kind != Link::Kind::search || troubles[link.search].empty()) continue;
      const auto path = model::NodeRef(bundle_->tree, link.node).path();
      if (several[link.search]) {
        faults_.add(FailureKind::precondition_failed, IssueCode::multiple_matches, troubles[link.search], path);
      } else {
        faults_.add(FailureKind::unprocessable, IssueCode::not_found, troubles[link.search], path);
      }
    }
  }
  return targets;
}

std::string Transaction::new_reference(const Pointer& pointer, const Resolution& resolution) const {
  const Part* part = &parts_[pointer.entry];
  std::uint64_t version = 1;
  if (part->same_as != no_number) part = &parts_[part->same_as];
  std::string text = part->what;
  if (part->matched) {
    text = std::string(context_.schema.type_name(part->matched->type)) + "/" + part->matched->id;
    version = part->matched->version;
  } else if (part->kind == Part::Kind::update && pointer.versioned) {
    const auto at = std::find(versioned_updates_.begin(), versioned_updates_.end(), pointer.entry) - versioned_updates_.begin();
    version = resolution.versions[static_cast<std::size_t>(at)] + 1;
  }
  if (pointer.versioned) text += "/_history/" + std::to_string(version);
  return text.append(pointer.fragment);
}

void Transaction::prepare_part(Part& part, const Resolution& resolution, const std::vector<std::string>& references) {
  const auto& node = part.entry.resource.node();
  std::vector<formats::Edit> edits;
  const auto reference_to = [&](const Pointer& pointer) { return new_reference(pointer, resolution); };
  for (const auto& link : part.links) {
    const model::NodeRef here(bundle_->tree, link.node);
    std::string text;
    switch (link.kind) {
      case Link::Kind::entry:
        text = reference_to(link.pointer);
        break;
      case Link::Kind::search:
        text = references[link.search];
        break;
      case Link::Kind::narrative:
        text = rewrite_narrative(here.text(), part.entry.full_url, full_urls_, context_.schema, reference_to);
        break;
    }
    formats::Edit edit{here.node().begin - node.begin, here.node().stop - node.begin, {}};
    formats::append_string(edit.text, text);
    edits.push_back(std::move(edit));
  }
  std::sort(edits.begin(), edits.end(), [](const formats::Edit& a, const formats::Edit& b) { return a.begin < b.begin; });
  // Read again, so that the index sees what will be stored.
  const auto text = part.entry.resource.json();
  const auto read = edits.empty() ? formats::read_json(text, context_.schema)
                                  : formats::read_json(formats::apply(text, edits), context_.schema);
  if (!read.ok()) {
    faults_.add({FailureKind::unprocessable, read.issues}, part.entry.expression("resource"));
    return;
  }
  const bool keep = exchange_->prefer.answer == Return::representation;
  part.prepared =
      prepare(context_, read.tree, part.id, part.kind == Part::Kind::create ? store::Method::post : store::Method::put, keep);
}

}  // namespace rest
