#include "resources-gen/fhirpath/run.h"

#include "resources-gen/fhirpath/functions.h"
#include "resources-gen/fhirpath/number.h"
#include "resources-gen/fhirpath/operators.h"
#include "resources-gen/fhirpath/walk.h"

namespace fhirpath {
namespace {

constexpr std::uint64_t look_every = 1000;  // ticks: the clock is a system call

// Collects a walk's nodes as Values; carries System values through the steps that are left.
struct ValueSink {
  Values& out;
  Walk<ValueSink>* walk = nullptr;

  void node(const model::Tree& tree, model::NodeIndex index) { out.push_back(Value::of(model::NodeRef(tree, index))); }
  void value(const model::Tree& tree, model::NodeIndex index, const Step* step) {
    if (const auto value = system_value(Value::of(model::NodeRef(tree, index)))) from(*value, step);
  }
  void from(Value value, const Step* step) {
    for (; step != walk->end(); ++step) {
      if (step->kind == StepKind::at) {
        if (!walk->is_item(*step)) return;
      } else if (step->kind == StepKind::named && value.kind == ItemKind::type &&
                 (step->text == "name" || step->text == "namespace")) {
        value = Value::of(ItemKind::string, step->text == "name" ? value.text : value.unit);
      } else {
        return;  // System values have no children, and are of no FHIR type
      }
    }
    out.push_back(value);
  }
};

}  // namespace

Run::Run(const Plan::Body& body, model::NodeRef focus, const Environment& environment)
    : body_(body), environment_(environment), arena_(max_memory) {
  root_.self = Value::of(focus);
  if (!environment_.resource) environment_.resource = focus.resource();
  if (!environment_.references) environment_.references = &own_references_;
  if (!environment_.root_resource) environment_.root_resource = root_resource(environment_.resource);
}

bool Run::fail(std::string message) {
  if (message_.empty()) message_ = std::move(message);
  return false;
}

bool Run::charge(std::uint64_t ticks) {
  ticks_ += ticks;
  bool late = false;
  if (environment_.end && ticks_ >= next_look_) {
    next_look_ = ticks_ + look_every;
    late = model::ThreadClock::now() >= *environment_.end;
  }
  if (ticks_ <= max_ticks && !late) return true;
  too_costly_ = true;
  return fail("the evaluation takes too long");
}

std::optional<model::Failure> Run::failure() const {
  if (message_.empty()) return std::nullopt;
  model::Failure failure = failure_at(body_.ast->text, position_, message_);
  failure.kind = model::FailureKind::unprocessable;
  if (!too_costly_) return failure;
  model::Issue issue = *failure.issues.begin();
  issue.code = model::IssueCode::too_costly;
  model::Failure costly{model::FailureKind::unprocessable, {}};
  costly.issues.add(std::move(issue));
  return costly;
}

std::string_view Run::now() {
  if (now_.empty()) now_ = date_time_text(utc_now());
  return now_;
}

bool Run::evaluate(OpId id, const Scope& scope, Values& out) {
  if (!charge(1)) return false;
  const Op& op = body_.ops[id];
  const auto result = [&]() -> bool {
    switch (op.kind) {
      case OpKind::path:
        return path(op, scope, out);
      case OpKind::literal:
        out.push_back(body_.literals[op.first]);
        return true;
      case OpKind::empty:
        return true;
      case OpKind::self:
        if (!scope.empty) out.push_back(scope.self);
        return true;
      case OpKind::index:
        out.push_back(Value::of(scope.index));
        return true;
      case OpKind::total:
        if (scope.total) out.insert(out.end(), scope.total->begin(), scope.total->end());
        return true;
      case OpKind::resource:
        out.push_back(Value::of(environment_.resource));
        return true;
      case OpKind::root_resource:
        out.push_back(Value::of(environment_.root_resource));
        return true;
      case OpKind::context:
        out.push_back(root_.self);
        return true;
      case OpKind::call: {
        Values input = values();
        if (!evaluate(op.input, scope, input)) return false;
        const std::size_t before = out.size();
        Call call{*this, op, scope, input, out};
        return op.function->evaluate(call) && charge(input.size() + out.size() - before);
      }
      case OpKind::binary:
        return op.operation->evaluate(*this, op, scope, out);
      case OpKind::sign:
        return sign(op, scope, out);
      case OpKind::indexer:
        return indexer(op, scope, out);
      case OpKind::unite:
        return unite(op, scope, out);
      case OpKind::is:
      case OpKind::as:
        return type_test(op, scope, out);
      case OpKind::resolves:
        return resolves(op, scope, out);
    }
    return fail("not understood");
  }();
  // The innermost operation that failed names the place.
  if (!result && position_ == 0) position_ = op.position;
  return result;
}

bool Run::path(const Op& op, const Scope& scope, Values& out) {
  ValueSink sink{out};
  Walk<ValueSink> walk(body_, op, references(), sink);
  sink.walk = &walk;
  const auto from = [&](const Value& value) {
    if (value.is_node()) {
      walk.from(value.node.tree(), value.node.index());
    } else {
      sink.from(value, walk.begin());
    }
  };
  if (op.input == no_op) {
    if (!scope.empty) from(scope.self);
    return charge(walk.visited());
  }
  Values input = values();
  if (!evaluate(op.input, scope, input)) return false;
  for (const Value& value : input) from(value);
  return charge(walk.visited() + input.size());
}

bool Run::unite(const Op& op, const Scope& scope, Values& out) {
  Values all = values();
  for (std::uint32_t i = 0; i < op.count; ++i) {
    if (!evaluate(body_.arguments[op.first + i], scope, all)) return false;
  }
  ValueSet set;
  for (const Value& value : all) {
    if (set.insert(value)) out.push_back(value);
  }
  return charge(all.size() + set.work());
}

bool Run::sign(const Op& op, const Scope& scope, Values& out) {
  std::optional<Value> value;
  if (!system(op.input, scope, value)) return false;
  if (!value) return true;
  if (!value->is_number() && value->kind != ItemKind::quantity) return fail("a sign stands before a number or a quantity only");
  if (op.first == 1) {
    if (value->kind == ItemKind::integer) {
      if (__builtin_sub_overflow(std::int64_t{0}, value->integer, &value->integer)) return true;
    } else {
      value->text = keep(number::negate(value->text));
    }
  }
  out.push_back(*value);
  return true;
}

bool Run::indexer(const Op& op, const Scope& scope, Values& out) {
  Values input = values();
  std::optional<Value> index;
  if (!evaluate(op.input, scope, input) || !system(op.right, scope, index)) return false;
  if (!index) return true;
  if (index->kind != ItemKind::integer) return fail("an index is an integer");
  if (index->integer >= 0 && static_cast<std::uint64_t>(index->integer) < input.size()) {
    out.push_back(input[static_cast<std::size_t>(index->integer)]);
  }
  return true;
}

bool Run::type_test(const Op& op, const Scope& scope, Values& out) {
  Values input = values();
  if (!evaluate(op.input, scope, input)) return false;
  const TypeTest& test = body_.tests[op.first];
  if (op.kind == OpKind::is) {
    std::optional<Value> value;
    if (!single(input, value)) return false;
    if (value) out.push_back(Value::of(passes(*value, test, schema())));
    return true;
  }
  // N1 6.3.3 asks for one item; R4's own parameters (component.value as Quantity) and dom-3 apply `as` to many.
  for (const Value& value : input) {
    if (passes(value, test, schema())) out.push_back(value);
  }
  return true;
}

bool Run::resolves(const Op& op, const Scope& scope, Values& out) {
  Values input = values();
  std::optional<Value> value;
  if (!evaluate(op.input, scope, input) || !single(input, value)) return false;
  if (!value) return true;
  model::TypeId type = model::no_type;
  if (value->is_node()) {
    const std::uint64_t before = references().visited();
    type = references().type(value->node);
    if (!charge(references().visited() - before)) return false;
  } else if (value->kind == ItemKind::string) {
    type = type_in_url(schema(), value->text);
  }
  if (type != model::no_type) out.push_back(Value::of(schema().is_a(type, body_.tests[op.first].type)));
  return true;
}

bool Run::boolean(OpId id, const Scope& scope, std::optional<bool>& out) {
  Values result = values();
  return evaluate(id, scope, result) && boolean(result, out);
}

bool Run::boolean(const Values& result, std::optional<bool>& out) {
  out.reset();
  if (result.empty()) return true;
  if (result.size() > 1) return fail("one boolean is needed, there are " + std::to_string(result.size()) + " items");
  const auto value = system_value(result[0]);
  out = !value || value->kind != ItemKind::boolean || value->boolean;
  return true;
}

bool Run::single(const Values& given, std::optional<Value>& out) {
  out.reset();
  if (given.size() > 1) return fail("one item is needed, there are " + std::to_string(given.size()));
  if (!given.empty()) out = given[0];
  return true;
}

bool Run::system(OpId id, const Scope& scope, std::optional<Value>& out) {
  Values result = values();
  if (!evaluate(id, scope, result) || !single(result, out)) return false;
  if (out) out = system_value(*out);
  return true;
}

}  // namespace fhirpath
