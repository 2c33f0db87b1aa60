// Evaluation: nodes by paths without Items where that is possible, else collections of Items (N1 sections 4 to 6).

#include <re2/re2.h>

#include <algorithm>
#include <optional>

#include "resources-gen/fhirpath/limits.h"
#include "resources-gen/fhirpath/moment.h"
#include "resources-gen/fhirpath/number.h"
#include "resources-gen/fhirpath/plan.h"

namespace fhirpath {
namespace {

using model::NodeRef;
using model::Primitive;

struct Trouble {
  std::string message;
};

Item boolean_item(bool value) {
  Item out;
  out.kind = ItemKind::boolean;
  out.boolean = value;
  return out;
}
Item text_item(ItemKind kind, std::string_view text) {
  Item out;
  out.kind = kind;
  out.text = text;
  return out;
}
Item node_item(NodeRef node) {
  Item out;
  out.node = node;
  return out;
}

// A node of a primitive type as the System value it stands for (R4 fhirpath.html#types); other items as they are. nullopt: it has no value.
std::optional<Item> system_value(const Item& item) {
  if (item.kind != ItemKind::node) return item;
  if (!item.node.has_value()) return std::nullopt;
  const auto text = item.node.text();
  switch (item.node.primitive()) {
    case Primitive::none: return std::nullopt;
    case Primitive::boolean: return boolean_item(text == "true");
    case Primitive::integer:
    case Primitive::positive_int:
    case Primitive::unsigned_int: {
      Item out;
      out.kind = ItemKind::integer;
      out.integer = number::to_integer(text).value_or(0);
      return out;
    }
    case Primitive::decimal: return text_item(ItemKind::decimal, text);
    case Primitive::date: return text_item(ItemKind::date, text);
    case Primitive::date_time:
    case Primitive::instant: return text_item(ItemKind::date_time, text);
    case Primitive::time: return text_item(ItemKind::time, text);
    default: return text_item(ItemKind::string, text);
  }
}

bool is_number(const Item& item) { return item.kind == ItemKind::integer || item.kind == ItemKind::decimal; }
std::string number_text(const Item& item) { return item.kind == ItemKind::integer ? std::to_string(item.integer) : item.text; }

// Order of two System values; nullopt: they do not compare (types, or precision).
std::optional<int> compare(const Item& a, const Item& b) {
  if (is_number(a) && is_number(b)) return number::compare(number_text(a), number_text(b));
  const bool date_a = a.kind == ItemKind::date || a.kind == ItemKind::date_time;
  const bool date_b = b.kind == ItemKind::date || b.kind == ItemKind::date_time;
  if (date_a && date_b) {
    const auto x = parse_date_time(a.text), y = parse_date_time(b.text);
    return x && y ? compare_dates(*x, *y) : std::nullopt;
  }
  if (a.kind != b.kind) return std::nullopt;
  if (a.kind == ItemKind::time) {
    const auto x = parse_time(a.text), y = parse_time(b.text);
    return x && y ? compare_times(*x, *y) : std::nullopt;
  }
  if (a.kind == ItemKind::string) return a.text.compare(b.text);
  if (a.kind == ItemKind::boolean) return static_cast<int>(a.boolean) - static_cast<int>(b.boolean);
  return std::nullopt;
}

// N1 6.1.1: equality of two items; nullopt: unknown.
std::optional<bool> equal(const Item& a, const Item& b) {
  const auto x = system_value(a), y = system_value(b);
  if (x && y) {
    if (const auto order = compare(*x, *y)) return *order == 0;
    const auto temporal = [](const Item& i) { return i.kind == ItemKind::date || i.kind == ItemKind::date_time || i.kind == ItemKind::time; };
    if (temporal(*x) && temporal(*y)) return std::nullopt;
    return false;
  }
  if (a.kind == ItemKind::node && b.kind == ItemKind::node) return a.node == b.node || a.node.json() == b.node.json();
  return false;
}

class Evaluation {
 public:
  Evaluation(const Plan::Body& body, const Environment& environment) : body_(body), ast_(*body.ast), environment_(environment) {}

  // Paths -----------------------------------------------------------------------------------------------------------------

  void nodes(AstId id, NodeRef focus, std::vector<NodeRef>& out) {
    tick();
    const auto& node = ast_.nodes[id];
    const auto& row = body_.nodes[id];
    if (row.dropped) return;
    switch (node.kind) {
      case AstKind::self: out.push_back(focus); return;
      case AstKind::union_of:
        for (auto branch = node.first; branch != no_ast; branch = ast_.nodes[branch].next) {
          std::vector<NodeRef> found;
          nodes(branch, focus, found);
          for (const auto item : found) {
            if (std::find(out.begin(), out.end(), item) == out.end()) out.push_back(item);
          }
        }
        return;
      case AstKind::member: {
        if (row.focus) return out.push_back(focus);
        const auto children = [&](NodeRef parent) {
          for (auto child = parent.first_child(); child; child = child.next_sibling()) {
            const bool wanted = row.by_name ? child.name() == node.text
                                            : std::find(row.elements.begin(), row.elements.end(), child.element()) != row.elements.end();
            if (wanted) out.push_back(child);
          }
          count(out.size());
        };
        if (node.left == no_ast) return children(focus);
        const auto& before = ast_.nodes[node.left];
        if (before.kind == AstKind::member && body_.nodes[node.left].focus) return children(focus);
        std::vector<NodeRef> left;
        nodes(node.left, focus, left);
        for (const auto parent : left) children(parent);
        return;
      }
      default: break;
    }
    std::vector<NodeRef> left;
    if (node.left != no_ast) {
      nodes(node.left, focus, left);
    } else {
      left.push_back(focus);
    }
    if (node.kind == AstKind::type_test) return of_type(row.type, left, out);
    if (node.kind == AstKind::indexer) {
      const auto at = static_cast<std::size_t>(ast_.nodes[node.right].integer);
      if (at < left.size()) out.push_back(left[at]);
      return;
    }
    node_function(node, row, left, out);
  }

  // Items -----------------------------------------------------------------------------------------------------------------

  void items(AstId id, const Item& focus, Collection& out) {
    tick();
    const auto& node = ast_.nodes[id];
    const auto& row = body_.nodes[id];
    if (row.dropped) return;
    if (row.path && focus.kind == ItemKind::node) {
      std::vector<NodeRef> found;
      nodes(id, focus.node, found);
      for (const auto item : found) out.push_back(node_item(item));
      return;
    }
    switch (node.kind) {
      case AstKind::literal: {
        Item item = text_item(node.literal, node.text);
        item.boolean = node.boolean;
        item.integer = node.integer;
        item.unit = node.unit;
        return out.push_back(std::move(item));
      }
      case AstKind::empty: return;
      case AstKind::self: return out.push_back(focus);
      case AstKind::variable: return variable(node, focus, out);
      case AstKind::union_of: {
        for (auto branch = node.first; branch != no_ast; branch = ast_.nodes[branch].next) {
          Collection found;
          items(branch, focus, found);
          for (auto& item : found) {
            const bool known = std::any_of(out.begin(), out.end(), [&](const Item& other) { return equal(item, other) == std::optional(true); });
            if (!known) out.push_back(std::move(item));
          }
        }
        return;
      }
      case AstKind::binary: return binary(node, focus, out);
      case AstKind::member: {
        for (const auto& parent : left_of(node, focus)) {
          if (parent.kind != ItemKind::node) continue;
          for (auto child = parent.node.first_child(); child; child = child.next_sibling()) {
            if (child.name() == node.text) out.push_back(node_item(child));
          }
        }
        return count(out.size());
      }
      case AstKind::indexer: {
        const auto left = left_of(node, focus);
        Collection index;
        items(node.right, focus, index);
        if (index.size() == 1 && index[0].kind == ItemKind::integer && index[0].integer >= 0 && static_cast<std::size_t>(index[0].integer) < left.size()) {
          out.push_back(left[static_cast<std::size_t>(index[0].integer)]);
        }
        return;
      }
      case AstKind::type_test: return type_test(node, row, node.operation == Operation::is, focus, out);
      case AstKind::sign: {
        auto left = left_of(node, focus);
        if (left.size() != 1) return;
        auto value = system_value(left[0]);
        if (!value || !is_number(*value)) throw Trouble{"a sign stands before a number only"};
        if (node.operation == Operation::subtract) {
          if (value->kind == ItemKind::integer) {
            value->integer = -value->integer;
          } else {
            value->text = number::negate(value->text);
          }
        }
        return out.push_back(*value);
      }
      case AstKind::function: return function(node, row, focus, out);
      default: throw Trouble{"$index and $total have no value here"};
    }
  }

 private:
  void tick() {
    if (++ticks_ > max_ticks) throw Trouble{"the evaluation takes too long"};
  }
  void count(std::size_t items) {
    ticks_ += items / 16;
    if (items * sizeof(Item) > max_memory) throw Trouble{"the evaluation takes too much memory"};
  }

  void of_type(model::TypeId type, const std::vector<NodeRef>& left, std::vector<NodeRef>& out) const {
    for (const auto item : left) {
      if (body_.schema->is_a(item.type(), type)) out.push_back(item);
    }
  }

  void node_function(const AstNode& node, const Compiled& row, const std::vector<NodeRef>& left, std::vector<NodeRef>& out) {
    switch (row.function->function) {
      case Function::where:
        for (const auto item : left) {
          if (holds(node.first, node_item(item))) out.push_back(item);
        }
        return;
      case Function::as:
      case Function::of_type: return of_type(row.type, left, out);
      case Function::first:
        if (!left.empty()) out.push_back(left.front());
        return;
      case Function::last:
        if (!left.empty()) out.push_back(left.back());
        return;
      case Function::tail:
        if (!left.empty()) out.insert(out.end(), left.begin() + 1, left.end());
        return;
      case Function::resolve:
        for (const auto item : left) {
          if (const auto found = resolve(item)) out.push_back(found);
        }
        return;
      case Function::children:
        for (const auto item : left) {
          for (auto child = item.first_child(); child; child = child.next_sibling()) out.push_back(child);
        }
        return;
      case Function::descendants:
        for (const auto item : left) {
          for (auto i = item.index() + 1; i < item.node().end; ++i) out.emplace_back(item.tree(), i);
          count(out.size());
        }
        return;
      default: throw Trouble{"no path"};
    }
  }

  // N1 5.2.1: a criterion holds where it evaluates to true.
  bool holds(AstId criterion, const Item& item) {
    const auto& node = ast_.nodes[criterion];
    // where(resolve() is Patient): the reference's own text tells, nothing is looked up.
    if (node.kind == AstKind::type_test && node.operation == Operation::is && item.kind == ItemKind::node && is_resolve(node.left)) {
      const auto type = reference_type(item.node);
      return type != model::no_type && body_.schema->is_a(type, body_.nodes[criterion].type);
    }
    return truth(criterion, item) == std::optional(true);
  }
  bool is_resolve(AstId id) const {
    return ast_.nodes[id].kind == AstKind::function && ast_.nodes[id].left == no_ast && body_.nodes[id].function->function == Function::resolve;
  }

  // A collection as a boolean (N1 4.5, singleton evaluation); nullopt: empty.
  std::optional<bool> truth(AstId id, const Item& focus) {
    Collection found;
    items(id, focus, found);
    if (found.empty()) return std::nullopt;
    if (found.size() > 1) throw Trouble{"a boolean is needed where there are several items"};
    const auto value = system_value(found[0]);
    return value && value->kind == ItemKind::boolean ? value->boolean : true;
  }

  Collection left_of(const AstNode& node, const Item& focus) {
    Collection out;
    if (node.left == no_ast) {
      out.push_back(focus);
    } else {
      items(node.left, focus, out);
    }
    return out;
  }

  static NodeRef resource_of(const Item& focus) { return focus.kind == ItemKind::node && focus.node ? focus.node.resource() : NodeRef(); }

  void variable(const AstNode& node, const Item& focus, Collection& out) {
    if (node.text == "ucum") return out.push_back(text_item(ItemKind::string, "http://unitsofmeasure.org"));
    if (node.text == "sct") return out.push_back(text_item(ItemKind::string, "http://snomed.info/sct"));
    if (node.text == "loinc") return out.push_back(text_item(ItemKind::string, "http://loinc.org"));
    NodeRef found = node.text == "resource" ? environment_.resource : node.text == "rootResource" ? environment_.root_resource : NodeRef();
    if (!found) found = resource_of(focus);
    if (found && node.text == "rootResource" && !environment_.root_resource && found.parent() && found.name() == "contained") found = found.parent();
    if (found) out.push_back(node_item(found));
  }

  void type_test(const AstNode& node, const Compiled& row, bool is, const Item& focus, Collection& out) {
    if (is && node.left != no_ast && is_resolve(node.left) && focus.kind == ItemKind::node) {
      return out.push_back(boolean_item(holds_type(focus.node, row.type)));
    }
    for (const auto& item : left_of(node, focus)) {
      bool same = false;
      if (row.system) {
        const auto name = std::string_view(node.kind == AstKind::function ? ast_.nodes[node.first].text : node.text).substr(7);
        same = (item.kind == ItemKind::boolean && name == "Boolean") || (item.kind == ItemKind::string && name == "String") ||
               (item.kind == ItemKind::integer && name == "Integer") || (item.kind == ItemKind::decimal && name == "Decimal") ||
               (item.kind == ItemKind::date && name == "Date") || (item.kind == ItemKind::date_time && name == "DateTime") ||
               (item.kind == ItemKind::time && name == "Time") || (item.kind == ItemKind::quantity && name == "Quantity");
      } else {
        same = item.kind == ItemKind::node && body_.schema->is_a(item.node.type(), row.type);
      }
      if (is) {
        out.push_back(boolean_item(same));
      } else if (same) {
        out.push_back(item);
      }
    }
  }
  bool holds_type(NodeRef reference, model::TypeId type) const {
    const auto found = reference_type(reference);
    return found != model::no_type && body_.schema->is_a(found, type);
  }

  NodeRef resolve(NodeRef reference) const {
    const auto holder = reference.child("reference");
    const auto text = holder ? holder.text() : reference.has_value() ? reference.text() : std::string_view();
    if (text.empty()) return {};
    const auto root = reference.root();
    if (text[0] == '#') {
      auto container = reference.resource();
      if (container.parent() && container.name() == "contained") container = container.parent();
      if (text.size() == 1) return container;
      for (auto child = container.child("contained"); child; child = child.next_sibling()) {
        const auto id = child.name() == "contained" ? child.child("id") : NodeRef();
        if (id && id.text() == text.substr(1)) return child;
      }
      return {};
    }
    if (root.type_name() != "Bundle") return {};
    for (auto entry = root.child("entry"); entry; entry = entry.next_sibling()) {
      if (entry.name() != "entry") continue;
      const auto url = entry.child("fullUrl");
      if (url && (url.text() == text || (url.text().ends_with(text) && url.text().size() > text.size() && url.text()[url.text().size() - text.size() - 1] == '/'))) {
        return entry.child("resource");
      }
    }
    return {};
  }

  void binary(const AstNode& node, const Item& focus, Collection& out) {
    switch (node.operation) {
      case Operation::and_also:
      case Operation::or_else:
      case Operation::xor_else:
      case Operation::implies: return logic(node, focus, out);
      default: break;
    }
    Collection left, right;
    items(node.left, focus, left);
    items(node.right, focus, right);
    switch (node.operation) {
      case Operation::equal:
      case Operation::not_equal: {
        if (left.empty() || right.empty()) return;
        bool same = left.size() == right.size();
        for (std::size_t i = 0; same && i < left.size(); ++i) {
          const auto one = equal(left[i], right[i]);
          if (!one) return;
          same = *one;
        }
        return out.push_back(boolean_item(same == (node.operation == Operation::equal)));
      }
      case Operation::in:
      case Operation::contains: {
        const auto& one = node.operation == Operation::in ? left : right;
        const auto& many = node.operation == Operation::in ? right : left;
        if (one.empty()) return;
        if (one.size() > 1) throw Trouble{"'in' and 'contains' take one item"};
        return out.push_back(boolean_item(std::any_of(many.begin(), many.end(), [&](const Item& i) { return equal(one[0], i) == std::optional(true); })));
      }
      case Operation::less:
      case Operation::less_or_equal:
      case Operation::greater:
      case Operation::greater_or_equal: {
        const auto a = single_value(left), b = single_value(right);
        if (!a || !b) return;
        const auto order = compare(*a, *b);
        if (!order) return;
        const bool answer = node.operation == Operation::less            ? *order < 0
                            : node.operation == Operation::less_or_equal ? *order <= 0
                            : node.operation == Operation::greater       ? *order > 0
                                                                         : *order >= 0;
        return out.push_back(boolean_item(answer));
      }
      case Operation::add:
      case Operation::concatenate: {
        const auto a = single_value(left), b = single_value(right);
        if (node.operation == Operation::concatenate) return out.push_back(text_item(ItemKind::string, (a ? a->text : "") + (b ? b->text : "")));
        if (!a || !b) return;
        if (a->kind == ItemKind::string && b->kind == ItemKind::string) return out.push_back(text_item(ItemKind::string, a->text + b->text));
        [[fallthrough]];
      }
      default: throw Trouble{"this operator is not evaluated yet"};
    }
  }

  // N1 6.5: three-valued.
  void logic(const AstNode& node, const Item& focus, Collection& out) {
    const auto a = truth(node.left, focus);
    std::optional<bool> answer;
    if (node.operation == Operation::and_also && a == std::optional(false)) return out.push_back(boolean_item(false));
    if (node.operation == Operation::or_else && a == std::optional(true)) return out.push_back(boolean_item(true));
    if (node.operation == Operation::implies && a == std::optional(false)) return out.push_back(boolean_item(true));
    const auto b = truth(node.right, focus);
    switch (node.operation) {
      case Operation::and_also: answer = b == std::optional(false) ? b : (a && b) ? std::optional(true) : std::nullopt; break;
      case Operation::or_else: answer = b == std::optional(true) ? b : (a && b) ? std::optional(false) : std::nullopt; break;
      case Operation::xor_else: answer = a && b ? std::optional(*a != *b) : std::nullopt; break;
      default: answer = b == std::optional(true) ? b : (a && b) ? b : std::nullopt; break;
    }
    if (answer) out.push_back(boolean_item(*answer));
  }

  static std::optional<Item> single_value(const Collection& items) {
    if (items.empty()) return std::nullopt;
    if (items.size() > 1) throw Trouble{"one item is needed where there are several"};
    return system_value(items[0]);
  }

  void function(const AstNode& node, const Compiled& row, const Item& focus, Collection& out) {
    const auto kind = row.function->function;
    if (kind == Function::is || kind == Function::as || kind == Function::of_type) return type_test(node, row, kind == Function::is, focus, out);
    auto left = left_of(node, focus);
    const auto text_argument = [&]() -> std::optional<std::string> {
      Collection found;
      items(node.first, focus, found);
      const auto value = single_value(found);
      if (!value) return std::nullopt;
      return value->text;
    };
    const auto text_left = [&]() -> std::optional<std::string> {
      const auto value = single_value(left);
      if (!value || value->kind != ItemKind::string) return std::nullopt;
      return value->text;
    };
    switch (kind) {
      case Function::where:
        for (auto& item : left) {
          if (holds(node.first, item)) out.push_back(std::move(item));
        }
        return;
      case Function::exists:
        return out.push_back(boolean_item(node.first == no_ast ? !left.empty()
                                                               : std::any_of(left.begin(), left.end(), [&](const Item& i) { return holds(node.first, i); })));
      case Function::empty: return out.push_back(boolean_item(left.empty()));
      case Function::not_: {
        const auto value = single_value(left);
        if (left.empty()) return;
        return out.push_back(boolean_item(value && value->kind == ItemKind::boolean ? !value->boolean : false));
      }
      case Function::count: {
        Item item;
        item.kind = ItemKind::integer;
        item.integer = static_cast<std::int64_t>(left.size());
        return out.push_back(std::move(item));
      }
      case Function::first:
        if (!left.empty()) out.push_back(left.front());
        return;
      case Function::last:
        if (!left.empty()) out.push_back(left.back());
        return;
      case Function::tail:
        if (!left.empty()) out.insert(out.end(), left.begin() + 1, left.end());
        return;
      case Function::single:
        if (left.size() > 1) throw Trouble{"single() found several items"};
        if (!left.empty()) out.push_back(left.front());
        return;
      case Function::skip:
      case Function::take: {
        Collection found;
        items(node.first, focus, found);
        if (found.size() != 1 || found[0].kind != ItemKind::integer) throw Trouble{"skip() and take() need a number"};
        const auto n = static_cast<std::size_t>(std::clamp<std::int64_t>(found[0].integer, 0, static_cast<std::int64_t>(left.size())));
        if (kind == Function::skip) {
          out.insert(out.end(), left.begin() + static_cast<std::ptrdiff_t>(n), left.end());
        } else {
          out.insert(out.end(), left.begin(), left.begin() + static_cast<std::ptrdiff_t>(n));
        }
        return;
      }
      case Function::all: return out.push_back(boolean_item(std::all_of(left.begin(), left.end(), [&](const Item& i) { return holds(node.first, i); })));
      case Function::select:
        for (const auto& item : left) items(node.first, item, out);
        return count(out.size());
      case Function::has_value:
        return out.push_back(boolean_item(left.size() == 1 && (left[0].kind != ItemKind::node || left[0].node.has_value())));
      case Function::extension: {
        const auto url = text_argument();
        if (!url) return;
        for (const auto& item : left) {
          if (item.kind != ItemKind::node) continue;
          for (auto child = item.node.first_child(); child; child = child.next_sibling()) {
            const auto own = child.name() == "extension" ? child.child("url") : NodeRef();
            if (own && own.text() == *url) out.push_back(node_item(child));
          }
        }
        return;
      }
      case Function::iif: {
        const auto then = ast_.nodes[node.first].next;
        const auto otherwise = ast_.nodes[then].next;
        if (truth(node.first, focus) == std::optional(true)) return items(then, focus, out);
        if (otherwise != no_ast) items(otherwise, focus, out);
        return;
      }
      case Function::starts_with:
      case Function::ends_with:
      case Function::contains:
      case Function::matches: {
        const auto text = text_left();
        const auto argument = text_argument();
        if (!text || !argument) return;
        const bool answer = kind == Function::starts_with ? text->starts_with(*argument)
                            : kind == Function::ends_with ? text->ends_with(*argument)
                            : kind == Function::contains  ? text->find(*argument) != std::string::npos
                                                          : RE2::PartialMatch(*text, RE2(*argument, RE2::Quiet));
        return out.push_back(boolean_item(answer));
      }
      case Function::length: {
        const auto text = text_left();
        if (!text) return;
        Item item;
        item.kind = ItemKind::integer;
        item.integer = static_cast<std::int64_t>(std::count_if(text->begin(), text->end(), [](char c) { return (c & 0xc0) != 0x80; }));
        return out.push_back(std::move(item));
      }
      case Function::to_string: {
        const auto value = single_value(left);
        if (!value) return;
        return out.push_back(text_item(ItemKind::string, value->kind == ItemKind::boolean ? (value->boolean ? "true" : "false")
                                                         : is_number(*value)             ? number_text(*value)
                                                                                         : value->text));
      }
      default: {
        std::vector<NodeRef> in, found;
        for (const auto& item : left) {
          if (item.kind == ItemKind::node) in.push_back(item.node);
        }
        node_function(node, row, in, found);
        for (const auto item : found) out.push_back(node_item(item));
      }
    }
  }

  const Plan::Body& body_;
  const Ast& ast_;
  const Environment& environment_;
  std::uint64_t ticks_ = 0;
};

}  // namespace

model::TypeId reference_type(NodeRef reference) {
  const auto& schema = reference.tree().schema();
  const auto holder = reference.child("reference");
  auto text = holder ? holder.text() : reference.has_value() ? reference.text() : std::string_view();
  // The segment before the id: ".../Patient/1", ".../Patient/1/_history/2".
  if (const auto history = text.find("/_history/"); history != std::string_view::npos) text = text.substr(0, history);
  if (const auto slash = text.rfind('/'); slash != std::string_view::npos) {
    const auto before = text.rfind('/', slash - 1);
    const auto type = schema.resource_type(text.substr(slash == 0 || before == std::string_view::npos ? 0 : before + 1, slash - (before == std::string_view::npos ? 0 : before + 1)));
    if (type != model::no_type) return type;
  }
  const auto named = reference.child("type");
  return named ? schema.resource_type(named.text()) : model::no_type;
}

model::Result<void> Plan::evaluate(NodeRef focus, const Environment& environment, Collection& out) const {
  try {
    Evaluation(*body_, environment).items(body_->ast->root, node_item(focus), out);
  } catch (const Trouble& trouble) {
    return failure_at(body_->ast->text, 0, trouble.message);
  }
  return {};
}

bool Plan::evaluate_nodes(NodeRef focus, const Environment& environment, std::vector<NodeRef>& out) const {
  try {
    Evaluation evaluation(*body_, environment);
    if (is_path()) {
      evaluation.nodes(body_->ast->root, focus, out);
      return true;
    }
    Collection items;
    evaluation.items(body_->ast->root, node_item(focus), items);
    for (const auto& item : items) {
      if (item.kind != ItemKind::node) return false;
      out.push_back(item.node);
    }
  } catch (const Trouble&) {
    return false;
  }
  return true;
}

}  // namespace fhirpath
