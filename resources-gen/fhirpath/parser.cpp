// The parser: FHIRPath's grammar (N1, appendix B) by precedence climbing, into an Ast.

#include <algorithm>
#include <array>

#include "resources-gen/fhirpath/ast.h"
#include "resources-gen/fhirpath/lexer.h"
#include "resources-gen/fhirpath/limits.h"
#include "resources-gen/fhirpath/number.h"

namespace fhirpath {
namespace {

struct Binary {
  std::string_view text;
  Operation operation;
  int precedence;  // the higher binds tighter
};
constexpr Binary binaries[] = {
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

constexpr std::array<std::string_view, 16> durations{"year", "years", "month", "months", "week", "weeks", "day", "days",
                                                     "hour", "hours", "minute", "minutes", "second", "seconds", "millisecond", "milliseconds"};

struct Trouble {
  std::uint32_t position;
  std::string message;
};

class Parser {
 public:
  explicit Parser(Ast& ast) : ast_(ast), lexer_(ast.text, ast.strings) { advance(); }

  AstId parse() {
    const auto root = expression(0);
    if (token_.kind != TokenKind::end) fail("the expression should end here");
    return root;
  }

 private:
  [[noreturn]] void fail(std::string message) const { throw Trouble{token_.position, std::move(message)}; }
  void advance() {
    token_ = lexer_.next();
    if (token_.kind == TokenKind::bad) fail(std::string(lexer_.error()));
  }
  bool take(std::uint16_t wanted) {
    if (!token_.is(wanted)) return false;
    advance();
    return true;
  }
  void expect(char wanted) {
    if (!take(symbol(wanted))) fail(std::string("'") + wanted + "' should stand here");
  }

  AstId add(AstNode node) {
    std::uint32_t depth = 0;
    for (const auto child : {node.left, node.right}) {
      if (child != no_ast) depth = std::max(depth, ast_.nodes[child].depth);
    }
    for (auto child = node.first; child != no_ast; child = ast_.nodes[child].next) depth = std::max(depth, ast_.nodes[child].depth);
    node.depth = depth + 1;
    if (node.depth > max_depth) fail("the expression is nested too deeply");
    ast_.nodes.push_back(node);
    return static_cast<AstId>(ast_.nodes.size() - 1);
  }

  const Binary* binary() const {
    const bool word = token_.kind == TokenKind::name;
    if (!word && token_.kind != TokenKind::symbol) return nullptr;
    for (const auto& row : binaries) {
      if (word ? row.text == token_.text
               : token_.symbol == (row.text.size() == 1 ? symbol(row.text[0]) : symbol(row.text[0], row.text[1])) &&
                     std::isalpha(static_cast<unsigned char>(row.text[0])) == 0) {
        return &row;
      }
    }
    return nullptr;
  }

  AstId expression(int least) {
    if (++nesting_ > max_nesting) fail("the expression is nested too deeply");
    AstId left = no_ast;
    if (token_.is(symbol('-')) || token_.is(symbol('+'))) {
      AstNode sign;
      sign.kind = AstKind::sign;
      sign.position = token_.position;
      sign.operation = token_.is(symbol('-')) ? Operation::subtract : Operation::add;
      advance();
      sign.left = expression(11);
      left = add(sign);
    } else {
      left = postfix();
    }
    for (const auto* row = binary(); row != nullptr && row->precedence > least; row = binary()) {
      AstNode node;
      node.position = token_.position;
      node.operation = row->operation;
      node.left = left;
      advance();
      if (row->operation == Operation::is || row->operation == Operation::as) {
        node.kind = AstKind::type_test;
        node.text = type_specifier();
      } else if (row->operation == Operation::unite && ast_.nodes[left].kind == AstKind::union_of) {
        const auto right = expression(row->precedence);
        ast_.nodes[ast_.nodes[left].last].next = right;
        ast_.nodes[left].last = right;
        ast_.nodes[left].depth = std::max(ast_.nodes[left].depth, ast_.nodes[right].depth + 1);
        continue;
      } else {
        const auto right = expression(row->precedence);
        if (row->operation == Operation::unite) {
          node.kind = AstKind::union_of;
          node.left = no_ast;
          node.first = left;
          node.last = right;
          ast_.nodes[left].next = right;
        } else {
          node.kind = AstKind::binary;
          node.right = right;
        }
      }
      left = add(node);
    }
    --nesting_;
    return left;
  }

  std::string_view type_specifier() {
    if (token_.kind != TokenKind::name && token_.kind != TokenKind::quoted_name) fail("a type should stand here");
    auto name = token_.text;
    advance();
    if (take(symbol('.'))) {
      if (token_.kind != TokenKind::name && token_.kind != TokenKind::quoted_name) fail("a type should stand here");
      name = ast_.strings.emplace_back(std::string(name) + "." + std::string(token_.text));
      advance();
    }
    return name;
  }

  AstId postfix() {
    auto left = term();
    for (;;) {
      if (take(symbol('.'))) {
        left = invocation(left);
      } else if (token_.is(symbol('['))) {
        AstNode node;
        node.kind = AstKind::indexer;
        node.position = token_.position;
        node.left = left;
        advance();
        node.right = expression(0);
        expect(']');
        left = add(node);
      } else {
        return left;
      }
    }
  }

  AstId invocation(AstId left) {
    AstNode node;
    node.position = token_.position;
    node.left = left;
    if (token_.kind == TokenKind::dollar) {
      node.kind = token_.text == "this" ? AstKind::self : token_.text == "index" ? AstKind::index : AstKind::total;
      advance();
      return add(node);
    }
    if (token_.kind != TokenKind::name && token_.kind != TokenKind::quoted_name) fail("a name should stand here");
    node.text = token_.text;
    advance();
    if (!take(symbol('('))) {
      node.kind = AstKind::member;
      return add(node);
    }
    node.kind = AstKind::function;
    if ((node.text == "is" || node.text == "as" || node.text == "ofType") && token_.kind == TokenKind::name) {
      // The argument is a type specifier, not a path.
      AstNode type;
      type.kind = AstKind::literal;
      type.literal = ItemKind::type;
      type.position = token_.position;
      type.text = type_specifier();
      node.first = node.last = add(type);
    } else if (!token_.is(symbol(')'))) {
      do {
        const auto argument = expression(0);
        if (node.first == no_ast) {
          node.first = argument;
        } else {
          ast_.nodes[node.last].next = argument;
        }
        node.last = argument;
      } while (take(symbol(',')));
    }
    expect(')');
    return add(node);
  }

  AstId term() {
    AstNode node;
    node.position = token_.position;
    node.kind = AstKind::literal;
    node.text = token_.text;
    switch (token_.kind) {
      case TokenKind::name:
        if (token_.text == "true" || token_.text == "false") {
          node.literal = ItemKind::boolean;
          node.boolean = token_.text == "true";
          advance();
          return add(node);
        }
        return invocation(no_ast);
      case TokenKind::quoted_name:
      case TokenKind::dollar: return invocation(no_ast);
      case TokenKind::string: node.literal = ItemKind::string; break;
      case TokenKind::date: node.literal = ItemKind::date; break;
      case TokenKind::date_time: node.literal = ItemKind::date_time; break;
      case TokenKind::time: node.literal = ItemKind::time; break;
      case TokenKind::integer:
      case TokenKind::decimal: return number_literal(node);
      default: return symbol_term(node);
    }
    advance();
    return add(node);
  }

  AstId number_literal(AstNode node) {
    node.literal = ItemKind::decimal;
    if (token_.kind == TokenKind::integer) {
      if (const auto value = number::to_integer(token_.text)) {
        node.literal = ItemKind::integer;
        node.integer = *value;
      }
    }
    advance();
    if (token_.kind == TokenKind::string || (token_.kind == TokenKind::name && std::find(durations.begin(), durations.end(), token_.text) != durations.end())) {
      node.literal = ItemKind::quantity;
      node.unit = token_.text;
      advance();
    }
    return add(node);
  }

  AstId symbol_term(AstNode node) {
    if (take(symbol('('))) {
      const auto inner = expression(0);
      expect(')');
      return inner;
    }
    if (take(symbol('{'))) {
      expect('}');
      node.kind = AstKind::empty;
      return add(node);
    }
    if (take(symbol('%'))) {
      if (token_.kind != TokenKind::name && token_.kind != TokenKind::quoted_name && token_.kind != TokenKind::string) fail("a variable's name should stand here");
      node.kind = AstKind::variable;
      node.text = token_.text;
      advance();
      return add(node);
    }
    fail(token_.kind == TokenKind::end ? "the expression ends too early" : "this cannot stand here");
  }

  Ast& ast_;
  Lexer lexer_;
  Token token_;
  std::uint32_t nesting_ = 0;
};

}  // namespace

model::Failure failure_at(std::string_view text, std::uint32_t position, std::string message) {
  std::uint32_t line = 1, column = 1;
  for (std::uint32_t i = 0; i < position && i < text.size(); ++i) {
    ++column;
    if (text[i] == '\n') {
      ++line;
      column = 1;
    }
  }
  model::Failure failure{model::FailureKind::bad_request, {}};
  failure.issues.add({model::Severity::error, model::IssueCode::value, "FHIRPath: " + std::move(message), {}, line, column});
  return failure;
}

model::Result<Expression> Expression::parse(std::string_view text) {
  if (text.size() > max_text) return failure_at({}, 0, "the expression is too long");
  auto ast = std::make_shared<Ast>();
  ast->text = text;
  try {
    ast->root = Parser(*ast).parse();
  } catch (const Trouble& trouble) {
    return failure_at(text, trouble.position, trouble.message);
  }
  Expression out;
  out.ast_ = std::move(ast);
  return out;
}

std::string_view Expression::text() const { return ast_->text; }

}  // namespace fhirpath
