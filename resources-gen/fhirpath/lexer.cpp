#include "resources-gen/fhirpath/lexer.h"

#include "resources-gen/fhirpath/moment.h"
#include "resources-gen/fhirpath/utf8.h"

namespace fhirpath {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name_part(char c) { return is_name_start(c) || is_digit(c); }

int hex(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The four digits after \u; -1 if they are not all there.
int unicode(std::string_view digits) {
  if (digits.size() < 4) return -1;
  int value = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = hex(digits[static_cast<std::size_t>(i)]);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

}  // namespace

Token Lexer::bad(std::size_t position, std::string_view message) {
  error_ = message;
  Token token;
  token.kind = TokenKind::bad;
  token.position = static_cast<std::uint32_t>(position);
  return token;
}

// False in a comment that does not end.
bool Lexer::skip_space() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      ++at_;
    } else if (c == '/' && at_ + 1 < text_.size() && text_[at_ + 1] == '/') {
      at_ = text_.find_first_of("\r\n", at_);
      if (at_ == std::string_view::npos) at_ = text_.size();
    } else if (c == '/' && at_ + 1 < text_.size() && text_[at_ + 1] == '*') {
      const auto end = text_.find("*/", at_ + 2);
      if (end == std::string_view::npos) return false;
      at_ = end + 2;
    } else {
      break;
    }
  }
  return true;
}

Token Lexer::next() {
  if (!skip_space()) return bad(at_, "the comment does not end");
  Token token;
  token.position = static_cast<std::uint32_t>(at_);
  if (at_ == text_.size()) return token;
  const char c = text_[at_];
  const char after = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
  const std::size_t begin = at_;
  if (is_name_start(c)) {
    while (at_ < text_.size() && is_name_part(text_[at_])) ++at_;
    token.kind = TokenKind::name;
    token.text = text_.substr(begin, at_ - begin);
    return token;
  }
  if (is_digit(c)) {
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    token.kind = TokenKind::integer;
    if (at_ + 1 < text_.size() && text_[at_] == '.' && is_digit(text_[at_ + 1])) {
      token.kind = TokenKind::decimal;
      ++at_;
      while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    }
    token.text = text_.substr(begin, at_ - begin);
    return token;
  }
  switch (c) {
    case '\'':
      return quoted(c, TokenKind::string);
    // N1 delimits names by back-ticks; the grammar of STU1 did by double quotes, which N1 leaves unused.
    case '`':
    case '"':
      return quoted(c, TokenKind::quoted_name);
    case '@':
      return moment();
    case '$':
      ++at_;
      while (at_ < text_.size() && is_name_part(text_[at_])) ++at_;
      token.kind = TokenKind::dollar;
      token.text = text_.substr(begin + 1, at_ - begin - 1);
      return token;
    case '<':
    case '>':
    case '!':
      if (after == '=' || (c == '!' && after == '~')) {
        at_ += 2;
        token.kind = TokenKind::symbol;
        token.symbol = symbol(c, after);
        token.text = text_.substr(begin, 2);
        return token;
      }
      if (c == '!') break;
      [[fallthrough]];
    case '.':
    case ',':
    case '(':
    case ')':
    case '[':
    case ']':
    case '{':
    case '}':
    case '+':
    case '-':
    case '*':
    case '/':
    case '&':
    case '|':
    case '=':
    case '~':
    case '%':
      ++at_;
      token.kind = TokenKind::symbol;
      token.symbol = symbol(c);
      token.text = text_.substr(begin, 1);
      return token;
    default:
      break;
  }
  return bad(at_, "a character that starts nothing in FHIRPath");
}

Token Lexer::quoted(char quote, TokenKind kind) {
  Token token;
  token.kind = kind;
  token.position = static_cast<std::uint32_t>(at_);
  const std::size_t begin = ++at_;
  const char stops[2] = {quote, '\\'};
  at_ = text_.find_first_of(std::string_view(stops, 2), at_);
  if (at_ != std::string_view::npos && text_[at_] == quote) {
    token.text = text_.substr(begin, at_++ - begin);
    return token;
  }
  std::string& out = strings_.emplace_back();
  if (at_ != std::string_view::npos) out = text_.substr(begin, at_ - begin);
  while (at_ < text_.size() && text_[at_] != quote) {
    if (text_[at_] != '\\') {
      out += text_[at_++];
      continue;
    }
    const std::size_t escape = at_;
    const char c = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    at_ += 2;
    switch (c) {
      case '\\':
      case '/':
      case '\'':
      case '"':
      case '`':
        out += c;
        break;
      case 'f':
        out += '\f';
        break;
      case 'n':
        out += '\n';
        break;
      case 'r':
        out += '\r';
        break;
      case 't':
        out += '\t';
        break;
      case 'u': {
        int code = unicode(text_.substr(at_));
        at_ += 4;
        if (code >= 0xd800 && code < 0xdc00 && text_.substr(at_).starts_with("\\u")) {
          const int low = unicode(text_.substr(at_ + 2));
          at_ += 6;
          code = low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00) : -1;
        }
        if (code < 0 || (code >= 0xd800 && code < 0xe000)) return bad(escape, "\\u needs four hexadecimal digits of a character");
        utf8::append(out, static_cast<char32_t>(code));
        break;
      }
      default:
        return bad(escape, "an escape that FHIRPath does not have");
    }
  }
  if (at_ >= text_.size())
    return bad(token.position, kind == TokenKind::string ? "the string does not end" : "the name does not end");
  ++at_;
  token.text = out;
  return token;
}

// @2015-02-04, @2015-02-04T14:34:28.123+10:00, @2015T, @T14:34.
Token Lexer::moment() {
  Token token;
  token.position = static_cast<std::uint32_t>(at_);
  const std::size_t begin = ++at_;
  const auto digits = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      if (at_ + i >= text_.size() || !is_digit(text_[at_ + i])) return false;
    }
    at_ += count;
    return true;
  };
  // A separator and two digits; nothing is taken if they are not all there.
  const auto part = [&](char separator) {
    if (at_ >= text_.size() || text_[at_] != separator) return false;
    ++at_;
    if (digits(2)) return true;
    --at_;
    return false;
  };
  const auto clock = [&] {
    if (!digits(2)) return false;
    if (part(':') && part(':') && at_ + 1 < text_.size() && text_[at_] == '.' && is_digit(text_[at_ + 1])) {
      ++at_;
      while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    }
    return true;
  };
  if (at_ < text_.size() && text_[at_] == 'T') {
    ++at_;
    if (!clock()) return bad(token.position, "a time needs its hour, @T14");
    token.kind = TokenKind::time;
    token.text = text_.substr(begin + 1, at_ - begin - 1);
    if (!parse_time(token.text)) return bad(token.position, "there is no such time");
    return token;
  }
  if (!digits(4)) return bad(token.position, "a date needs its year, @2015");
  if (part('-')) part('-');
  token.kind = TokenKind::date;
  if (at_ < text_.size() && text_[at_] == 'T') {
    ++at_;
    token.kind = TokenKind::date_time;
    if (clock()) {
      if (at_ < text_.size() && text_[at_] == 'Z') {
        ++at_;
      } else if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) {
        const std::size_t zone = at_++;
        if (!digits(2) || !part(':')) at_ = zone;
      }
    }
  }
  token.text = text_.substr(begin, at_ - begin);
  const bool known = token.kind == TokenKind::date ? parse_date(token.text).has_value() : parse_date_time(token.text).has_value();
  if (!known) return bad(token.position, "there is no such date");
  return token;
}

}  // namespace fhirpath
