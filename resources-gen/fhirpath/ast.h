// Ast: an expression's syntax tree, flat: nodes refer to each other by position.
//
// Children stand before their parents. Views are into the Ast's own text and strings. Immutable once parsed.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "resources-gen/fhirpath/fhirpath.h"

namespace fhirpath {

using AstId = std::uint32_t;
inline constexpr AstId no_ast = 0xffffffff;

enum class AstKind : std::uint8_t {
  literal,    // `literal` is its kind; text (and unit) or integer or boolean its value
  empty,      // {}
  member,     // left.text, or text alone
  function,   // left.text(first ...), or text(first ...)
  self,       // $this
  index,      // $index
  total,      // $total
  variable,   // %text
  indexer,    // left[right]
  sign,       // -left or +left
  binary,     // left operation right
  union_of,   // first | second | ...
  type_test,  // left is text, left as text: text is the specifier, "FHIR." or "System." before the name if it was written
};

enum class Operation : std::uint8_t {
  none,
  implies,
  or_else,
  xor_else,
  and_also,
  in,
  contains,
  equal,
  not_equal,
  equivalent,
  not_equivalent,
  less,
  less_or_equal,
  greater,
  greater_or_equal,
  unite,
  is,
  as,
  add,
  subtract,
  concatenate,
  multiply,
  divide,
  integer_divide,
  modulo,
};

struct AstNode {
  AstKind kind = AstKind::empty;
  Operation operation = Operation::none;
  ItemKind literal = ItemKind::string;
  bool boolean = false;
  std::uint32_t position = 0;  // offset in Ast::text of its first own token
  std::uint32_t depth = 1;     // 1 for leaves
  AstId left = no_ast;
  AstId right = no_ast;
  AstId first = no_ast;  // arguments, or branches of a union: linked by `next`
  AstId last = no_ast;
  AstId next = no_ast;
  std::int64_t integer = 0;
  std::string_view text;
  std::string_view unit;
};

struct Ast {
  std::string text;
  std::deque<std::string> strings;  // literals and names that had escapes
  std::vector<AstNode> nodes;
  AstId root = no_ast;
};

// A failure that names the place: line and column count from 1, columns in bytes.
model::Failure failure_at(std::string_view text, std::uint32_t position, std::string message);

}  // namespace fhirpath
