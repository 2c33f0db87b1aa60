// composite: values that stand together (R4 search.html#composite).
//
//   \x02 frame frame ...        one frame (term_bytes.h) for each component's own term, in the definition's order
//
// Every combination of the components' values under one root element has a term. A query's first components, as long as each
// names one term, narrow the range; the next one is a range, or several; what follows is compared frame by frame.
#include "search/query_text.h"
#include "search/term_bytes.h"
#include "search/value_types.h"

namespace search {
namespace {

using ComponentScans = std::vector<Scans>;

bool selects(const Scans& scans, std::string_view term) {
  for (const Scan& scan : scans) {
    if (scan.selects(term)) return true;
  }
  return false;
}

// Compares the frames of components `from` on, which stand at `offset`; of the first of them, one scan only.
std::shared_ptr<const TermPredicate> frames_match(std::shared_ptr<const ComponentScans> components, std::size_t from,
                                                  std::size_t which, std::size_t offset) {
  const bool last = from + 1 == components->size();
  if (last && !(*components)[from][which].predicate) return nullptr;
  return std::make_shared<const TermPredicate>([components, from, which, offset](std::string_view term) {
    if (term.size() < offset) return false;
    term.remove_prefix(offset);
    std::string frame;
    for (std::size_t i = from; i < components->size(); ++i) {
      if (!take_frame(term, frame)) return false;
      const Scans& scans = (*components)[i];
      if (i == from ? !scans[which].selects(frame) : !selects(scans, frame)) return false;
    }
    return true;
  });
}

void narrow(const std::shared_ptr<const ComponentScans>& components, std::size_t at, const std::string& start, Scans& out) {
  const Scans& scans = (*components)[at];
  for (std::size_t which = 0; which < scans.size(); ++which) {
    const Scan& scan = scans[which];
    if (scan.unique) {
      std::string framed = start;
      put_frame(framed, scan.low);
      if (at + 1 == components->size()) {
        out.push_back(exact_scan(std::move(framed)));
      } else {
        narrow(components, at + 1, framed, out);
      }
      continue;
    }
    std::string low = start, high;
    put_escaped(low, scan.low);
    if (scan.high.empty()) {
      high = after_prefix(start);
    } else {
      high = start;
      put_escaped(high, scan.high);
    }
    out.push_back(range_scan(std::move(low), std::move(high), frames_match(components, at, which, start.size())));
  }
}

void combine(const std::vector<std::vector<Term>>& components, std::size_t at, const std::string& start, TermSink& sink,
             std::size_t& budget) {
  for (const Term& term : components[at]) {
    if (budget == 0) return;
    std::string framed = start;
    put_frame(framed, term.bytes);
    if (at + 1 < components.size()) {
      combine(components, at + 1, framed, sink, budget);
    } else {
      --budget;
      sink.put(std::move(framed));
    }
  }
}

}  // namespace

model::ParameterId component_parameter(const model::Schema& schema, const model::SearchParameterRow& composite,
                                       std::size_t index) {
  const std::span<const model::ComponentRow> rows = model::Schema::rows(schema.components, composite.components);
  // HL7's definition names the parameter of relatesTo.target (relatesto) for the component `code`, and that of the code for
  // `target`.
  if (schema.text(composite.id) == "DocumentReference-relationship") index = rows.size() - 1 - index;
  return rows[index].parameter;
}

void put_combinations(const std::vector<std::vector<Term>>& components, TermSink& sink, std::size_t& budget) {
  for (const std::vector<Term>& terms : components) {
    if (terms.empty()) return;
  }
  if (!components.empty()) combine(components, 0, std::string(1, tag_value), sink, budget);
}

model::Result<void> composite_scans(const ScanContext& context, std::string_view value, Form, Scans& out) {
  const std::span<const model::ComponentRow> rows = model::Schema::rows(context.schema.components, context.parameter.components);
  const std::vector<std::string_view> parts = split_unescaped(value, '$');
  if (parts.size() != rows.size()) {
    return bad_value(
        context, value,
        "has " + std::to_string(parts.size()) + " parts between '$'; the parameter takes " + std::to_string(rows.size()));
  }
  auto components = std::make_shared<ComponentScans>(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const model::ParameterId id = component_parameter(context.schema, context.parameter, i);
    const model::SearchParameterRow& parameter = context.schema.search_parameters[id];
    ScanContext inner{context.schema, parameter, id, context.base, context.base_urls};
    inner.now_ms = context.now_ms;
    if (parts[i].empty()) return bad_value(context, value, "has an empty part");
    if (auto made = value_type(parameter.type).scans(inner, parts[i], Form::component, (*components)[i]); !made) {
      return bad_value(context, value, "has a part without meaning. " + made.error().issues.list().front().diagnostics);
    }
  }
  narrow(components, 0, std::string(1, tag_value), out);
  return {};
}

}  // namespace search
