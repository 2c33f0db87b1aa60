// Lexer: FHIRPath's tokens (N1 section 14, Lexical Elements), one at a time.
//
// Views are into the text, or into `strings` where escapes had to be resolved.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace fhirpath {

enum class TokenKind : std::uint8_t {
  end,
  name,
  quoted_name,
  string,
  integer,
  decimal,
  date,
  date_time,
  time,
  dollar,
  symbol,
  bad,
};

constexpr std::uint16_t symbol(char first, char second = 0) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(first) | (static_cast<unsigned char>(second) << 8));
}

struct Token {
  TokenKind kind = TokenKind::end;
  std::uint16_t symbol = 0;
  std::uint32_t position = 0;
  std::string_view text;  // name, content of a string, digits, the date without @, the name after $
  bool is(std::uint16_t wanted) const { return kind == TokenKind::symbol && symbol == wanted; }
};

class Lexer {
 public:
  Lexer(std::string_view text, std::deque<std::string>& strings) : text_(text), strings_(strings) {}
  Token next();  // kind bad: error() tells why
  std::string_view error() const { return error_; }

 private:
  bool skip_space();
  Token bad(std::size_t position, std::string_view message);
  Token quoted(char quote, TokenKind kind);
  Token moment();

  std::string_view text_;
  std::deque<std::string>& strings_;
  std::size_t at_ = 0;
  std::string_view error_;
};

}  // namespace fhirpath
