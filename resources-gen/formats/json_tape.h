// JsonTape: the tokens of one JSON text, over a copy of it without the white space between tokens.
//
// RFC 8259, strictly. Knows nothing of FHIR. Reused from text to text so that its memory is; one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace formats {

// A value, a member's name, or the end of an object or array. What it is shows in its first byte: source()[begin] is one of
// `"`, `{`, `[`, `}`, `]`, `-`, a digit, `t`, `f`, `n`. In an object names and values alternate.
struct Token {
  std::uint32_t begin;  // offset of the first byte in source()
  std::uint32_t link;  // object, array: the token after its end token; else its bytes, quotes included, and for strings `escaped`
};
using TokenIndex = std::uint32_t;

class JsonTape {
 public:
  static constexpr std::uint32_t escaped = 0x8000'0000;  // in Token::link: the string has escapes
  static constexpr std::size_t max_text = 0x7fff'ff00;   // longer texts are refused

  struct Fault {
    std::string message;     // empty: none
    std::size_t offset = 0;  // in the text
    bool too_large = false;  // well-formed so far, but deeper or longer than allowed
  };

  // Takes the whole of `text`: one value. Linear time; memory of up to 9 bytes a byte of text in the worst case.
  Fault read(std::string_view text, std::uint32_t max_depth);

  std::string_view source() const { return {source_.get(), source_size_}; }
  std::size_t size() const { return token_count_; }
  std::size_t values() const {
    return values_;
  }  // objects, strings, numbers and literals that are not names: bounds the nodes of a tree
  const Token& operator[](TokenIndex index) const { return tokens_[index]; }

  char kind(TokenIndex index) const { return source_[tokens_[index].begin]; }
  bool is_container(TokenIndex index) const { return (kind(index) | 0x20) == '{'; }  // '[' is 0x5b, '{' 0x7b
  // The token after the value that starts at `index`.
  TokenIndex after(TokenIndex index) const { return is_container(index) ? tokens_[index].link : index + 1; }
  // One past the value's last byte in source().
  std::uint32_t stop(TokenIndex index) const {
    const Token& token = tokens_[index];
    return is_container(index) ? tokens_[token.link - 1].begin + 1 : token.begin + (token.link & ~escaped);
  }
  bool has_escapes(TokenIndex index) const { return (tokens_[index].link & escaped) != 0; }
  // A string's bytes between its quotes, escapes as written.
  std::string_view raw_string(TokenIndex index) const {
    const Token& token = tokens_[index];
    return {source_.get() + token.begin + 1, (token.link & ~escaped) - 2};
  }
  // Gives memory back after an unusually large text.
  void shrink(std::size_t keep_bytes);

 private:
  void reserve(std::size_t text_size);
  Token* grow_tokens();

  std::unique_ptr<char[]> source_;
  std::size_t source_capacity_ = 0, source_size_ = 0;
  std::unique_ptr<Token[]> tokens_;
  std::size_t token_capacity_ = 0, token_count_ = 0;
  std::size_t values_ = 0;
  std::vector<TokenIndex> open_;
};

// Where UTF-8 first breaks in `text`, which is known not to be UTF-8.
std::size_t first_broken_utf8(std::string_view text);

struct Place {
  std::uint32_t line = 1, column = 1;  // 1-based; column in bytes
};
// Where in `text` its byte `offset` stands.
Place place_of_offset(std::string_view text, std::size_t offset);
// Where in `text` (well-formed JSON) the bytes stand that its minified form has at `offsets`, which ascend. One walk over the
// text.
std::vector<Place> places_of_minified(std::string_view text, const std::vector<std::uint32_t>& offsets);

}  // namespace formats
