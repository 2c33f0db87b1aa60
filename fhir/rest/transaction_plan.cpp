#include <algorithm>
#include <unordered_set>

#include "fhir/rest/transaction.h"

namespace rest {

using model::FailureKind;
using model::IssueCode;

model::Result<void> Transaction::plan(const Resolution& resolution, store::WriteContext* writer) {
  faults_ = {};
  if (exchange_->once) exchange_->once->quoted.clear();
  claimed_ = identities_;
  BundleMatcher matcher;
  plan_deletes(resolution);
  plan_creates(resolution, matcher);
  plan_updates(resolution, matcher, writer);
  const auto references = plan_references(resolution, matcher);
  if (!faults_.empty()) {
    // So that those faults are named too; what a patch meets was.
    for (auto& part : parts_) {
      if (part.kind != Part::Kind::patch) check_conditions(part, writer);
    }
    return faults_.failure();
  }
  for (auto& part : parts_) {
    if (part.kind != Part::Kind::remove && part.writes()) prepare_part(part, references);
  }
  if (!faults_.empty()) return faults_.failure();
  return {};
}

// The targets of conditional references, by the number of their search; empty for searches that no reference makes.
std::vector<std::string> Transaction::plan_references(const Resolution& resolution, BundleMatcher& matcher) {
  std::vector<std::string> targets(searches_.size());
  const bool any = std::any_of(searches_.begin(), searches_.end(), [](const Search& search) { return search.of_reference; });
  if (!any || !faults_.empty()) return targets;
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

std::string Transaction::new_reference(const Pointer& pointer) const {
  const Part* part = &parts_[pointer.entry];
  if (part->same_as != no_number) part = &parts_[part->same_as];
  std::string text = part->matched ? name_of(*part->matched) : part->what;
  if (pointer.versioned) {
    const auto version = part->matched ? part->matched->version : part->base ? part->base->version + 1 : 1;
    text += "/_history/" + std::to_string(version);
  }
  return text.append(pointer.fragment);
}

// A resource of the entry's with its links rewritten.
std::string Transaction::rewritten(const Part& part, model::NodeRef resource, const std::vector<Link>& links,
                                   const std::vector<std::string>& references) const {
  const auto& node = resource.node();
  std::vector<formats::Edit> edits;
  const auto reference_to = [&](const Pointer& pointer) { return new_reference(pointer); };
  for (const auto& link : links) {
    const model::NodeRef here(resource.tree(), link.node);
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
  return formats::apply(resource.json(), edits);
}

// Where a patch has put the fullUrl of another entry as a link. What a string of a patch is, only the resource tells that it has
// come to stand in. What stood there before stays as it was; so does what `references` has put. False: there was a fault.
bool Transaction::rewrite_patched(Part& part, const std::vector<std::string>& references) {
  const auto& tree = part.patched->tree;
  std::size_t criteria = 0;
  const auto links_in = [&](const model::Tree& in) {
    return find_links(context_, *exchange_, in.root(), part.entry.full_url, full_urls_,
                      [&](model::TypeId, std::string_view, model::NodeRef) { return criteria++; });
  };
  auto links = links_in(tree);
  if (links.empty()) return true;
  // A relative reference may have moved; an absolute one that has is this Bundle's as well as one that is new.
  std::unordered_set<std::string> known;
  const auto key = [](model::NodeRef node) {
    const auto text = node.text();
    return text.find(':') == std::string_view::npos ? std::string(text) : node.path() + " " + std::string(text);
  };
  const auto before = formats::read_json(*part.base_body, context_.schema);
  if (!before.tree.empty()) {
    for (const auto& link : links_in(before.tree)) known.insert(key(model::NodeRef(before.tree, link.node)));
  }
  for (const auto& link : part.links) known.insert(references[link.search]);
  std::erase_if(links, [&](const Link& link) { return known.contains(key(model::NodeRef(tree, link.node))); });
  const auto faults = faults_.count();
  for (const auto& link : links) {
    if (link.kind != Link::Kind::search) continue;
    const model::NodeRef node(tree, link.node);
    faults_.add(FailureKind::unprocessable, IssueCode::not_supported,
                "The patch puts " + std::string(node.text()) + " at " + node.path() +
                    ": which resource that is, is only found out for a value of type Reference in a FHIRPath Patch",
                part.entry.expression("resource"));
  }
  if (faults_.count() != faults) return false;
  if (links.empty()) return true;
  auto read = formats::read_json(rewritten(part, tree.root(), links, {}), context_.schema);
  if (!read.ok()) {
    faults_.add({FailureKind::unprocessable, read.issues}, part.entry.expression("resource"));
    return false;
  }
  part.patched = std::move(read);
  return true;
}

void Transaction::prepare_part(Part& part, const std::vector<std::string>& references) {
  const bool keep = exchange_->prefer.answer == Return::representation;
  if (part.kind == Part::Kind::patch) {
    if (!part.links.empty()) {  // conditional references among the values of a FHIRPath Patch
      const auto patch =
          read_patch(context_, "application/fhir+json", rewritten(part, part.entry.resource, part.links, references));
      if (!patch) return faults_.add(patch.error(), part.entry.expression("resource"));
      auto patched = apply_patch(context_, **patch, *part.base_body);
      if (!patched) return faults_.add(patched.error(), part.entry.expression("resource"));
      part.patched = std::move(*patched);
    }
    if (!rewrite_patched(part, references)) return;
    part.prepared = prepare(context_, part.patched->tree, part.id, store::Method::patch, keep);
    return;
  }
  // Read again, so that the index sees what will be stored.
  const auto read = part.links.empty()
                        ? formats::read_json(part.entry.resource.json(), context_.schema)
                        : formats::read_json(rewritten(part, part.entry.resource, part.links, references), context_.schema);
  if (!read.ok()) {
    faults_.add({FailureKind::unprocessable, read.issues}, part.entry.expression("resource"));
    return;
  }
  part.prepared =
      prepare(context_, read.tree, part.id, part.kind == Part::Kind::create ? store::Method::post : store::Method::put, keep);
}

}  // namespace rest
