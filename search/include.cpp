#include "search/include.h"

#include <algorithm>
#include <set>
#include <string>
#include <unordered_set>

#include "search/value_types.h"

namespace search {
namespace {

// As a value of a query (R4 search.html#escaping).
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|' || c == ',' || c == '$' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

class Includer {
 public:
  Includer(const IncludeContext& context, const Query& query, const std::vector<store::Version>& matches)
      : context_(context), query_(query), matches_(matches) {
    for (const store::Version& match : matches) seen_.insert(match.document);
  }

  // False once there are too many.
  bool add(const Inclusion& inclusion) { return inclusion.reverse ? add_referring(inclusion) : add_referred(inclusion); }
  std::vector<store::Version> take() { return std::move(out_); }

 private:
  bool put(store::Version version) {
    if (!seen_.insert(version.document).second) return true;
    if (out_.size() == max_included) return false;
    out_.push_back(std::move(version));
    return true;
  }

  const Segment* segment_of(store::Document document) const {
    const auto all = context_.view->segments();
    const auto after = std::upper_bound(all.begin(), all.end(), document,
                                        [](store::Document d, const auto& segment) { return d < segment->base(); });
    return after == all.begin() ? nullptr : (after - 1)->get();
  }

  bool add_referred(const Inclusion& inclusion) {
    std::vector<std::uint32_t> ordinals;
    std::string term;
    for (const store::Version& match : matches_) {
      if (match.type != inclusion.source) continue;
      const Segment* segment = segment_of(match.document);
      if (segment == nullptr) continue;
      for (const model::ParameterId parameter : inclusion.parameters) {
        const int slot = segment->slot({match.type, parameter});
        if (slot < 0) continue;
        ordinals.clear();
        segment->ordinals_of(slot, static_cast<std::uint32_t>(match.document - segment->base()), ordinals);
        for (const std::uint32_t ordinal : ordinals) {
          term.clear();
          segment->append_term(slot, ordinal, term);
          if (!asked_.emplace(inclusion.target, parameter, term).second) continue;
          if (!add_target(term, parameter, inclusion.target)) return false;
        }
      }
    }
    return true;
  }

  // README.md, "Terms": \x02 Type/id, \x02 url, \x02 url \0 version of a canonical.
  bool add_target(std::string_view term, model::ParameterId parameter, model::TypeId wanted) {
    if (term.size() < 2 || term.front() != tag_value) return true;
    std::string_view text = term.substr(1);
    if (const auto end = text.find('\0'); end != std::string_view::npos) {
      const std::string_view url = text.substr(0, end), version = text.substr(end + 1);
      // "[base]/Questionnaire/q" names a resource here, whatever its `url`.
      return (!version.empty() || add_local(url, wanted)) && add_canonical(url, version, parameter, wanted);
    }
    return add_local(text, wanted);
  }

  bool add_local(std::string_view text, model::TypeId wanted) {
    text = below_base_url(query_.base_urls, text);
    const auto slash = text.find('/');
    if (slash == std::string_view::npos || text.find('/', slash + 1) != std::string_view::npos) return true;
    const model::TypeId type = context_.schema.resource_type(text.substr(0, slash));
    if (type == model::no_type || (wanted != model::no_type && type != wanted)) return true;
    auto version = version_at(context_.store, type, text.substr(slash + 1), context_.moment);
    return !version || put(std::move(*version));
  }

  // R4 references.html#canonical: the resource whose `url` it is; of several, and without a version, the newest.
  bool add_canonical(std::string_view url, std::string_view version, model::ParameterId parameter, model::TypeId wanted) {
    std::string value = escaped(url);
    if (!version.empty()) value.append("\\|").append(escaped(version));
    const model::Schema& schema = context_.schema;
    const auto& row = schema.search_parameters[parameter];
    for (std::size_t i = 0; i < schema.types.size(); ++i) {
      const auto target = static_cast<model::TypeId>(i);
      if (wanted != model::no_type && target != wanted) continue;
      if (schema.types[i].kind != model::TypeKind::resource || !refers_to(schema, row, target)) continue;
      const model::ParameterId by_url = context_.extractor.parameter(target, "url");
      if (by_url == no_parameter) continue;
      Clause clause;
      if (!scan(target, by_url, value, clause)) continue;
      for (store::Version& found : find(target, std::move(clause), 1)) {
        if (!put(std::move(found))) return false;
      }
    }
    return true;
  }

  bool add_referring(const Inclusion& inclusion) {
    for (const model::ParameterId parameter : inclusion.parameters) {
      context_.deadline.check();
      Clause clause;
      for (const store::Version& match : matches_) {
        if (inclusion.target != model::no_type && match.type != inclusion.target) continue;
        std::string value(context_.schema.type_name(match.type));
        value.append("/").append(match.id);
        scan(inclusion.source, parameter, value, clause);
        // Its own canonical, without a version and with its own; "url|" is the one without.
        if (!refers_to(context_.schema, context_.schema.search_parameters[parameter], match.type)) continue;
        const Canonical canonical = canonical_of(match);
        if (canonical.url.empty()) continue;
        const std::string url = escaped(canonical.url) + "|";
        scan(inclusion.source, parameter, url, clause);
        if (!canonical.version.empty()) scan(inclusion.source, parameter, url + escaped(canonical.version), clause);
      }
      for (store::Version& found : find(inclusion.source, std::move(clause), max_included + matches_.size() + 1)) {
        if (!put(std::move(found))) return false;
      }
    }
    return true;
  }

  struct Canonical {
    std::string url, version;
  };
  // By the terms of `url` (uri.cpp): the url, and "url|version" of a resource that has one. Nothing where the term was cut.
  Canonical canonical_of(const store::Version& match) const {
    Canonical out;
    const model::ParameterId by_url = context_.extractor.parameter(match.type, "url");
    const Segment* segment = by_url == no_parameter ? nullptr : segment_of(match.document);
    const int slot = segment == nullptr ? -1 : segment->slot({match.type, by_url});
    if (slot < 0) return out;
    std::vector<std::uint32_t> ordinals;
    segment->ordinals_of(slot, static_cast<std::uint32_t>(match.document - segment->base()), ordinals);
    std::string term;
    std::sort(ordinals.begin(), ordinals.end());  // in the order of terms: the url is the beginning of the other
    for (const std::uint32_t ordinal : ordinals) {
      term.clear();
      segment->append_term(slot, ordinal, term);
      if (term.size() < 2 || term.front() != tag_value || term.size() == max_term_bytes) continue;
      if (out.url.empty()) {
        out.url = term.substr(1);
      } else if (term.compare(1, out.url.size(), out.url) == 0 && term[out.url.size() + 1] == '|') {
        out.version = term.substr(out.url.size() + 2);
      }
    }
    return out;
  }

  // Adds the scans of a value; false if it has none.
  bool scan(model::TypeId type, model::ParameterId parameter, std::string_view value, Clause& clause) {
    clause.key = {type, parameter};
    const ScanContext scans{context_.schema, context_.schema.search_parameters[parameter], parameter, type, query_.base_urls};
    auto found = value_scans(scans, value);
    if (!found) return false;
    for (Scan& one : found->scans) clause.scans.push_back(std::move(one));
    return true;
  }

  std::vector<store::Version> find(model::TypeId type, Clause clause, std::size_t limit) {
    std::vector<store::Version> out;
    if (clause.scans.empty()) return out;
    Query query;
    query.types = {type};
    query.conditions.emplace_back().any.push_back(std::move(clause));
    Execution execution(query, context_.access, context_.view, context_.store, context_.moment, context_.deadline);
    for (const store::Document document : execution.newest(0, limit)) {
      if (auto version = context_.store.at(document)) out.push_back(std::move(*version));
    }
    return out;
  }

  const IncludeContext& context_;
  const Query& query_;
  const std::vector<store::Version>& matches_;
  std::unordered_set<store::Document> seen_;
  std::set<std::tuple<model::TypeId, model::ParameterId, std::string>> asked_;
  std::vector<store::Version> out_;
};

std::string name_of(const model::Schema& schema, model::TypeId type, model::ParameterId parameter) {
  return std::string(schema.type_name(type)) + ":" + std::string(schema.text(schema.search_parameters[parameter].code));
}

}  // namespace

std::vector<store::Version> included(const IncludeContext& context, const Query& query,
                                     const std::vector<store::Version>& matches, model::Issues& warnings) {
  Includer includer(context, query, matches);
  for (const Inclusion& inclusion : query.inclusions) {
    if (includer.add(inclusion)) continue;
    warnings.warn(model::IssueCode::incomplete, "More than " + std::to_string(max_included) + " resources would be included by " +
                                                    inclusion.label +
                                                    "; this page holds the first of them: ask for fewer matches");
    break;
  }
  return includer.take();
}

bool refers_to(const model::Schema& schema, const model::SearchParameterRow& parameter, model::TypeId type) {
  const auto targets = model::Schema::rows(schema.parameter_bases, parameter.targets);
  return targets.empty() || std::any_of(targets.begin(), targets.end(), [&](model::TypeId t) { return schema.is_a(type, t); });
}

std::vector<std::string> include_names(const model::Schema& schema, const Extractor& extractor, model::TypeId type) {
  std::vector<std::string> names;
  for (const model::ParameterId id : extractor.parameters(type)) {
    if (schema.search_parameters[id].type == model::ParameterType::reference) names.push_back(name_of(schema, type, id));
  }
  return names;
}

std::vector<std::string> revinclude_names(const model::Schema& schema, const Extractor& extractor, model::TypeId type) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < schema.types.size(); ++i) {
    const auto source = static_cast<model::TypeId>(i);
    if (schema.types[i].kind != model::TypeKind::resource || schema.types[i].abstract) continue;
    for (const model::ParameterId id : extractor.parameters(source)) {
      const auto& row = schema.search_parameters[id];
      if (row.type == model::ParameterType::reference && refers_to(schema, row, type))
        names.push_back(name_of(schema, source, id));
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace search
