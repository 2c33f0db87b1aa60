#include <algorithm>
#include <span>

#include "resources-gen/fhirpath/reference.h"
#include "search/extractor_plans.h"
#include "search/parameter_types.h"
#include "search/value_types.h"

namespace search {
namespace {

using model::NodeRef;
using model::ParameterId;
using model::TypeId;

struct NamedParameter {
  std::string_view code;
  ParameterId id;
};

struct TypePlans {
  PathTrie paths;                       // a slot for each parameter, in the order of `plans` as they were added
  std::vector<ParameterPlans> plans;    // by parameter id, ascending
  std::vector<NamedParameter> by_code;  // sorted; _id and _lastUpdated among them
  std::vector<ParameterId> indexed;     // sorted by code, without those
};

// The planner answers these from the store.
bool answered_by_store(std::string_view code) { return code == "_id" || code == "_lastUpdated"; }

bool has_content(NodeRef node) { return node.node().kind == model::ValueKind::object || node.has_value(); }

bool put_value(NodeRef node, const ValueType& type, Extraction& extraction) {
  return type.extract(node, extraction) && has_content(node);
}

// Puts the values that the plans select from `focus`; true if there was one that the parameter's type searches.
bool put_values(const std::vector<fhirpath::Plan>& plans, NodeRef focus, const fhirpath::Environment& environment,
                const ValueType& type, Extraction& extraction) {
  thread_local std::vector<NodeRef> nodes;
  bool present = false;
  for (const fhirpath::Plan& plan : plans) {
    nodes.clear();
    if (plan.evaluate_nodes(focus, environment, nodes)) {
      for (const NodeRef node : nodes) present |= put_value(node, type, extraction);
      continue;
    }
    fhirpath::Collection items;
    if (!plan.evaluate(focus, environment, items)) continue;
    for (const fhirpath::Item& item : items) {
      if (item.kind == fhirpath::ItemKind::node) {
        present |= put_value(item.node, type, extraction);
      } else if (item.kind == fhirpath::ItemKind::boolean && type.type == model::ParameterType::token) {
        put_token_text(item.boolean ? "true" : "false", extraction.sink);
        present = true;
      }
    }
  }
  return present;
}

void sort_unique(std::vector<Term>& terms, std::size_t start) {
  if (terms.size() - start < 2) return;
  const auto first = terms.begin() + static_cast<std::ptrdiff_t>(start);
  std::sort(first, terms.end(), [](const Term& a, const Term& b) { return a.bytes < b.bytes; });
  terms.erase(std::unique(first, terms.end(), [](const Term& a, const Term& b) { return a.bytes == b.bytes; }), terms.end());
}

}  // namespace

struct Extractor::Impl {
  Impl(const model::Schema& s, std::vector<std::string> bases)
      : schema(s), base_urls(std::move(bases)), datatypes(s), types(s.types.size()) {}

  void compile();
  void add(TypeId type, ParameterId parameter);
  void put_composite(const CompositePlans& plans, NodeRef root, const fhirpath::Environment& environment, std::size_t& budget,
                     TermSink& sink) const;
  void put_parameter(const ParameterPlans& plans, const PathResults& paths, NodeRef root,
                     const fhirpath::Environment& environment, std::vector<Term>& terms) const;
  const PathResults& walk(const model::Tree& tree) const;

  const model::Schema& schema;
  std::vector<std::string> base_urls;
  Datatypes datatypes;
  std::vector<TypePlans> types;  // by TypeId; empty but for concrete resource types
  std::vector<std::string> faults;
};

void Extractor::Impl::add(TypeId type, ParameterId parameter) {
  const std::string_view code = schema.text(schema.search_parameters[parameter].code);
  types[type].by_code.push_back({code, parameter});
  if (answered_by_store(code)) return;
  TypePlans& plans = types[type];
  if (plans.plans.empty()) plans.paths = PathTrie(schema, type);
  plans.plans.push_back(
      compile_parameter(schema, parameter, type, static_cast<std::uint16_t>(plans.plans.size()), plans.paths, faults));
}

void Extractor::Impl::compile() {
  for (std::size_t i = 0; i < schema.search_parameters.size(); ++i) {
    const model::SearchParameterRow& row = schema.search_parameters[i];
    if (row.expression.length == 0) continue;
    for (const TypeId base : model::Schema::rows(schema.parameter_bases, row.bases)) {
      if (!schema.types[base].abstract) {
        add(base, static_cast<ParameterId>(i));
        continue;
      }
      for (std::size_t t = 0; t < schema.types.size(); ++t) {
        const model::TypeRow& type = schema.types[t];
        if (type.kind == model::TypeKind::resource && !type.abstract && schema.is_a(static_cast<TypeId>(t), base)) {
          add(static_cast<TypeId>(t), static_cast<ParameterId>(i));
        }
      }
    }
  }
  for (TypePlans& type : types) {
    std::sort(type.plans.begin(), type.plans.end(),
              [](const ParameterPlans& a, const ParameterPlans& b) { return a.parameter < b.parameter; });
    std::sort(type.by_code.begin(), type.by_code.end(),
              [](const NamedParameter& a, const NamedParameter& b) { return a.code < b.code; });
    for (const NamedParameter& named : type.by_code) {
      if (!answered_by_store(named.code)) type.indexed.push_back(named.id);
    }
  }
}

void Extractor::Impl::put_composite(const CompositePlans& plans, NodeRef root, const fhirpath::Environment& environment,
                                    std::size_t& budget, TermSink& sink) const {
  std::vector<NodeRef> roots;
  if (!plans.roots.evaluate_nodes(root, environment, roots)) return;
  std::vector<std::vector<Term>> components(plans.components.size());
  for (const NodeRef element : roots) {
    // The last first: whether there is a value of the type asked for tells most roots apart.
    bool all = true;
    for (std::size_t i = components.size(); all && i-- > 0;) {
      const ComponentPlans& component = plans.components[i];
      const model::SearchParameterRow& row = schema.search_parameters[component.parameter];
      components[i].clear();
      Extraction extraction{datatypes, base_urls, row, Form::component, false, TermSink(components[i], component.parameter)};
      put_values(component.plans, element, environment, value_type(row.type), extraction);
      sort_unique(components[i], 0);
      all = !components[i].empty();
    }
    if (all) put_combinations(components, sink, budget);
  }
}

const PathResults& Extractor::Impl::walk(const model::Tree& tree) const {
  thread_local PathResults results;
  const TypePlans& type = types[tree.root().type()];
  results.clear(type.plans.size());
  if (!type.plans.empty()) type.paths.walk(tree, results);
  return results;
}

void Extractor::Impl::put_parameter(const ParameterPlans& plans, const PathResults& paths, NodeRef root,
                                    const fhirpath::Environment& environment, std::vector<Term>& terms) const {
  const model::SearchParameterRow& row = schema.search_parameters[plans.parameter];
  const std::size_t start = terms.size();
  TermSink sink(terms, plans.parameter);
  if (row.type == model::ParameterType::composite) {
    std::size_t budget = max_combinations;
    for (const CompositePlans& branch : plans.composites) put_composite(branch, root, environment, budget, sink);
  } else {
    const bool phonetic = row.type == model::ParameterType::string && schema.text(row.code) == "phonetic";
    Extraction extraction{datatypes, base_urls, row, Form::whole, phonetic, sink};
    const ValueType& type = value_type(row.type);
    bool present = false;
    paths.each(plans.slot, [&](model::NodeIndex node) { present |= put_value(NodeRef(root.tree(), node), type, extraction); });
    if (!plans.plans.empty()) present |= put_values(plans.plans, root, environment, type, extraction);
    if (present) sink.put(std::string(1, tag_present));
  }
  sort_unique(terms, start);
}

Extractor::Extractor(const model::Schema& schema, std::vector<std::string> base_urls)
    : impl_(std::make_unique<Impl>(schema, std::move(base_urls))) {
  impl_->compile();
}

Extractor::~Extractor() = default;

std::shared_ptr<const DocumentTerms> Extractor::extract(const model::Tree& tree) const {
  auto result = std::make_shared<DocumentTerms>();
  if (tree.empty()) return result;
  const NodeRef root = tree.root();
  result->type = root.type();
  result->terms.reserve(96);
  fhirpath::References references;
  const fhirpath::Environment environment{root, root, &references};
  const PathResults& paths = impl_->walk(tree);
  for (const ParameterPlans& plans : impl_->types[root.type()].plans)
    impl_->put_parameter(plans, paths, root, environment, result->terms);
  result->terms.push_back({every_document, {}});
  return result;
}

std::span<const ParameterId> Extractor::parameters(TypeId type) const { return impl_->types[type].indexed; }

ParameterId Extractor::parameter(TypeId type, std::string_view code) const {
  const std::vector<NamedParameter>& all = impl_->types[type].by_code;
  const auto less = [](const NamedParameter& named, std::string_view key) { return named.code < key; };
  const auto at = std::lower_bound(all.begin(), all.end(), code, less);
  return at != all.end() && at->code == code ? at->id : no_parameter;
}

const std::vector<std::string>& Extractor::faults() const { return impl_->faults; }

std::vector<Extractor::Target> Extractor::targets(const model::Tree& tree, ParameterId parameter) const {
  std::vector<Target> result;
  if (tree.empty() || impl_->schema.search_parameters[parameter].type != model::ParameterType::reference) return result;
  const NodeRef root = tree.root();
  fhirpath::References references;
  const fhirpath::Environment environment{root, root, &references};
  std::vector<NodeRef> nodes;
  const PathResults& paths = impl_->walk(tree);
  for (const ParameterPlans& plans : impl_->types[root.type()].plans) {
    if (plans.parameter != parameter) continue;
    paths.each(plans.slot, [&](model::NodeIndex node) { nodes.emplace_back(tree, node); });
    for (const fhirpath::Plan& plan : plans.plans) plan.evaluate_nodes(root, environment, nodes);
  }
  for (const NodeRef node : nodes) {
    const Datatype kind = impl_->datatypes.of(node);
    const NodeRef holder = kind == Datatype::reference ? node.child("reference") : node;
    LocalReference target;
    if (!holder || kind == Datatype::resource || !local_reference(impl_->schema, impl_->base_urls, holder.text(), target))
      continue;
    const auto same = [&](const Target& t) { return t.type == target.type && t.id == target.id; };
    if (std::none_of(result.begin(), result.end(), same)) result.push_back({target.type, std::string(target.id)});
  }
  return result;
}

}  // namespace search
