// The grammar of N1 (section 13, Formal Specifications), by precedence climbing.

#include <charconv>

#include "resources-gen/fhirpath/ast.h"
#include "resources-gen/fhirpath/lexer.h"
#include "resources-gen/fhirpath/limits.h"

namespace fhirpath {
namespace {

struct OperatorRow {
  std::string_view text;
  Operation operation;
  int precedence;  // the higher binds tighter; all associate to the left
};

constexpr OperatorRow operators[] = {
    {"implies", Operation::implies, 1},
    {"or", Operation::or_else, 2},
    {"xor", Operation::xor_else, 2},
    {"and", Operation::and_also, 3},
    {"in", Operation::in, 4},
    {"contains", Operation::contains, 4},
    {"=", Operation::equal, 5},
    {"!=", Operation::not_equal, 5},
    {"~", Operation::equivalent, 5},
    {"!~", Operation::not_equivalent, 5},
    {"<", Operation::less, 6},
    {"<=", Operation::less_or_equal, 6},
    {">", Operation::greater, 6},
    {">=", Operation::greater_or_equal, 6},
    {"|", Operation::unite, 7},
    {"is", Operation::is, 8},
    {"as", Operation::as, 8},
    {"+", Operation::add, 9},
    {"-", Operation::subtract, 9},
    {"&", Operation::concatenate, 9},
    {"*", Operation::multiply, 10},
    {"/", Operation::divide, 10},
    {"div", Operation::integer_divide, 10},
    {"mod", Operation::modulo, 10},
};

constexpr std::string_view calendar_units[] = {
    "year",  "month",  "week",  "day",  "hour",  "minute",  "second",  "millisecond",
    "years", "months", "weeks", "days", "hours", "minutes", "seconds", "milliseconds",
};

const OperatorRow* operator_of(const Token& token) {
  if (token.kind != TokenKind::symbol && token.kind != TokenKind::name) return nullptr;
  for (const auto& row : operators) {
    if (row.text == token.text) return &row;
  }
  return nullptr;
}

bool is_operator_word(std::string_view text) {
  for (const auto& row : operators) {
    if (row.text == text) return true;
  }
  return text == "true" || text == "false";
}

class Parser {
 public:
  explicit Parser(Ast& ast) : ast_(ast), lexer_(ast.text, ast.strings) { ast_.nodes.reserve(16 + ast.text.size() / 8); }

  bool run() {
    advance();
    ast_.root = expression(0);
    if (failed()) return false;
    if (token_.kind != TokenKind::end) expected("an operator or the end");
    return !failed();
  }
  model::Failure failure() const { return failure_at(ast_.text, position_, message_); }

 private:
  bool failed() const { return !message_.empty(); }
  AstId fail(std::uint32_t position, std::string message) {
    if (!failed()) {
      position_ = position;
      message_ = std::move(message);
    }
    return no_ast;
  }
  AstId expected(std::string_view what) {
    std::string found = token_.kind == TokenKind::end ? "the end" : "'" + std::string(ast_.text.substr(token_.position, 1)) + "'";
    if (token_.kind == TokenKind::name) found = "'" + std::string(token_.text) + "'";
    return fail(token_.position, "expected " + std::string(what) + ", found " + found);
  }
  void advance() {
    token_ = lexer_.next();
    if (token_.kind == TokenKind::bad) fail(token_.position, std::string(lexer_.error()));
  }
  bool take(char wanted) {
    if (!token_.is(symbol(wanted))) return false;
    advance();
    return true;
  }

  AstId add(AstNode node) {
    for (const AstId child : {node.left, node.right}) {
      if (child != no_ast) node.depth = std::max(node.depth, ast_.nodes[child].depth + 1);
    }
    for (AstId child = node.first; child != no_ast; child = ast_.nodes[child].next) {
      node.depth = std::max(node.depth, ast_.nodes[child].depth + 1);
    }
    if (node.depth > max_depth) return fail(node.position, "the expression is nested or chained too deeply");
    ast_.nodes.push_back(node);
    return static_cast<AstId>(ast_.nodes.size() - 1);
  }
  void link(AstNode& parent, AstId child) {
    if (parent.first == no_ast) {
      parent.first = child;
    } else {
      ast_.nodes[parent.last].next = child;
    }
    parent.last = child;
  }

  AstId expression(int least) {
    if (++nesting_ > max_nesting) return fail(token_.position, "the expression is nested too deeply");
    AstId left = signed_term();
    while (!failed()) {
      const OperatorRow* row = operator_of(token_);
      if (!row || row->precedence < least) break;
      const std::uint32_t position = token_.position;
      advance();
      AstNode node;
      node.kind = AstKind::binary;
      node.operation = row->operation;
      node.position = position;
      node.left = left;
      if (row->operation == Operation::is || row->operation == Operation::as) {
        node.kind = AstKind::type_test;
        node.text = type_specifier();
        left = failed() ? no_ast : add(node);
        continue;
      }
      const AstId right = expression(row->precedence + 1);
      if (failed()) break;
      left = row->operation == Operation::unite ? unite(left, right, position) : (node.right = right, add(node));
    }
    --nesting_;
    return failed() ? no_ast : left;
  }

  // a | b | c is one node of three branches: each | alone would only add depth.
  AstId unite(AstId left, AstId right, std::uint32_t position) {
    if (ast_.nodes[left].kind == AstKind::union_of && ast_.nodes[left].next == no_ast) {
      AstNode& node = ast_.nodes[left];
      ast_.nodes[node.last].next = right;
      node.last = right;
      node.depth = std::max(node.depth, ast_.nodes[right].depth + 1);
      // Children before parents: the node moves behind its new branch.
      const AstNode moved = node;
      return add(moved);
    }
    AstNode node;
    node.kind = AstKind::union_of;
    node.position = position;
    link(node, left);
    link(node, right);
    return add(node);
  }

  AstId signed_term() {
    if (!token_.is(symbol('-')) && !token_.is(symbol('+'))) return term();
    if (++nesting_ > max_nesting) return fail(token_.position, "the expression is nested too deeply");
    AstNode node;
    node.kind = AstKind::sign;
    node.operation = token_.is(symbol('-')) ? Operation::subtract : Operation::add;
    node.position = token_.position;
    advance();
    node.left = signed_term();
    --nesting_;
    return failed() ? no_ast : add(node);
  }

  // A term and what follows it: .name .function() [index]
  AstId term() {
    AstId left = primary();
    while (!failed()) {
      if (take('.')) {
        left = invocation(left);
      } else if (token_.is(symbol('['))) {
        AstNode node;
        node.kind = AstKind::indexer;
        node.position = token_.position;
        advance();
        node.left = left;
        node.right = expression(0);
        if (!failed() && !take(']')) return expected("']'");
        left = failed() ? no_ast : add(node);
      } else {
        break;
      }
    }
    return failed() ? no_ast : left;
  }

  AstId primary() {
    if (failed()) return no_ast;
    AstNode node;
    node.position = token_.position;
    node.kind = AstKind::literal;
    node.text = token_.text;
    switch (token_.kind) {
      case TokenKind::string:
        node.literal = ItemKind::string;
        break;
      case TokenKind::date:
        node.literal = ItemKind::date;
        break;
      case TokenKind::date_time:
        node.literal = ItemKind::date_time;
        break;
      case TokenKind::time:
        node.literal = ItemKind::time;
        break;
      case TokenKind::integer:
      case TokenKind::decimal:
        return number(node);
      case TokenKind::name:
        if (token_.text != "true" && token_.text != "false") return invocation(no_ast);
        node.literal = ItemKind::boolean;
        node.boolean = token_.text == "true";
        break;
      case TokenKind::quoted_name:
      case TokenKind::dollar:
        return invocation(no_ast);
      case TokenKind::symbol:
        if (take('(')) {
          const AstId inner = expression(0);
          if (!failed() && !take(')')) return expected("')'");
          return inner;
        }
        if (take('{')) {
          if (!take('}')) return expected("'}'");
          node.kind = AstKind::empty;
          return add(node);
        }
        if (take('%')) {
          node.kind = AstKind::variable;
          node.text = token_.text;
          if (token_.kind != TokenKind::name && token_.kind != TokenKind::quoted_name && token_.kind != TokenKind::string) {
            return expected("a name after %");
          }
          break;
        }
        return expected("a value, a name or '('");
      default:
        return failed() ? no_ast : expected("a value, a name or '('");
    }
    advance();
    return failed() ? no_ast : add(node);
  }

  // A number, or a quantity: 4 days, 10.1 'mg'.
  AstId number(AstNode node) {
    node.literal = token_.kind == TokenKind::integer ? ItemKind::integer : ItemKind::decimal;
    if (node.literal == ItemKind::integer) {
      const auto [end, error] = std::from_chars(node.text.data(), node.text.data() + node.text.size(), node.integer);
      if (error != std::errc()) node.literal = ItemKind::decimal;
    }
    advance();
    bool unit = token_.kind == TokenKind::string;
    if (token_.kind == TokenKind::name) {
      for (const auto name : calendar_units) unit = unit || token_.text == name;
    }
    if (unit) {
      node.literal = ItemKind::quantity;
      node.unit = token_.text;
      if (token_.kind == TokenKind::name && node.unit.ends_with('s')) node.unit.remove_suffix(1);
      advance();
    }
    return failed() ? no_ast : add(node);
  }

  // What may follow a dot: name, name(...), $this.
  AstId invocation(AstId left) {
    AstNode node;
    node.left = left;
    node.position = token_.position;
    if (token_.kind == TokenKind::dollar) {
      if (token_.text == "this") {
        node.kind = AstKind::self;
      } else if (token_.text == "index") {
        node.kind = AstKind::index;
      } else if (token_.text == "total") {
        node.kind = AstKind::total;
      } else {
        return fail(token_.position, "after $ come this, index or total");
      }
      advance();
      return failed() ? no_ast : add(node);
    }
    // Behind a dot no operator can stand: Narrative.div needs no quotes there, as HL7's patch cases have it.
    const bool behind_dot = left != no_ast && token_.kind == TokenKind::name;
    if (!behind_dot && !is_name()) return expected("a name");
    node.kind = AstKind::member;
    node.text = token_.text;
    advance();
    if (!take('(')) return failed() ? no_ast : add(node);
    node.kind = AstKind::function;
    if (!take(')')) {
      do {
        const AstId argument = expression(0);
        if (failed()) return no_ast;
        if (ast_.nodes[argument].next != no_ast) return fail(node.position, "an argument stands twice");
        link(node, argument);
      } while (take(','));
      if (!failed() && !take(')')) return expected("',' or ')'");
    }
    return failed() ? no_ast : add(node);
  }

  // The words of the grammar that may be names as well.
  bool is_name() const {
    if (token_.kind == TokenKind::quoted_name) return true;
    if (token_.kind != TokenKind::name) return false;
    return !is_operator_word(token_.text) || token_.text == "as" || token_.text == "is" || token_.text == "contains" ||
           token_.text == "in";
  }

  std::string_view type_specifier() {
    if (!is_name()) {
      expected("a type");
      return {};
    }
    const std::string_view first = token_.text;
    advance();
    if (failed() || !take('.')) return first;
    if (!is_name()) {
      expected("a type");
      return {};
    }
    const std::string_view second = token_.text;
    advance();
    return ast_.strings.emplace_back(std::string(first) + "." + std::string(second));
  }

  Ast& ast_;
  Lexer lexer_;
  Token token_;
  std::uint32_t nesting_ = 0;
  std::uint32_t position_ = 0;
  std::string message_;
};

}  // namespace

model::Failure failure_at(std::string_view text, std::uint32_t position, std::string message) {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  for (std::size_t i = 0; i < position && i < text.size(); ++i) {
    ++column;
    if (text[i] == '\n') {
      ++line;
      column = 1;
    }
  }
  model::Issue issue;
  issue.severity = model::Severity::error;
  issue.code = model::IssueCode::invalid;
  issue.diagnostics = "FHIRPath, line " + std::to_string(line) + ", column " + std::to_string(column) + ": " + message;
  issue.line = line;
  issue.column = column;
  model::Failure failure{model::FailureKind::bad_request, {}};
  failure.issues.add(std::move(issue));
  return failure;
}

model::Result<Expression> Expression::parse(std::string_view text) {
  if (text.size() > max_text) return failure_at({}, 0, "the expression is too long");
  auto ast = std::make_shared<Ast>();
  ast->text = text;
  Parser parser(*ast);
  if (!parser.run()) return parser.failure();
  Expression expression;
  expression.ast_ = std::move(ast);
  return expression;
}

std::string_view Expression::text() const { return ast_->text; }

}  // namespace fhirpath
