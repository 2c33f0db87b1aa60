#include "resources-gen/patch/xml_selector.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace patch {
namespace {

constexpr std::size_t most_bytes = 4096;
constexpr std::size_t most_tokens = 400;
constexpr std::size_t most_nesting = 4;

enum class Kind : std::uint8_t { name, literal, number, mark };
struct Token {
  Kind kind;
  std::string_view text;
};

constexpr std::array<std::string_view, 4> node_types{"text", "comment", "node", "processing-instruction"};
constexpr std::array<std::string_view, 18> functions{
    "position", "last",      "count",     "contains",   "starts-with",   "normalize-space",
    "string",   "not",       "true",      "false",      "number",        "boolean",
    "concat",   "substring", "translate", "local-name", "string-length", "substring-before"};
constexpr std::array<std::string_view, 3> axes{"child", "attribute", "self"};
constexpr std::array<std::string_view, 16> marks{"//", "!=", "<=", ">=", "::", "/", "[", "]",
                                                 "(",  ")",  "@",  ",",  "=",  "<", ">", "*"};
constexpr std::array<std::string_view, 6> comparisons{"=", "!=", "<", "<=", ">", ">="};

template <std::size_t N>
bool in(const std::array<std::string_view, N>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool begins_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool continues_name(char c) { return begins_name(c) || is_digit(c) || c == '-' || c == '.'; }

class Reader {
 public:
  Reader(std::string_view text, const XmlScope& scope) : text_(text), scope_(scope) {}

  XmlSelector read() {
    if (text_.size() > most_bytes) return {{}, "it is longer than " + std::to_string(most_bytes) + " bytes"};
    split();
    for (at_ = 0; at_ < tokens_.size() && fault_.empty(); ++at_) take(tokens_[at_]);
    if (fault_.empty() && tokens_.empty()) fault_ = "it is empty";
    return fault_.empty() ? XmlSelector{std::move(out_), {}, tokens_.size()} : XmlSelector{{}, std::move(fault_)};
  }

 private:
  void split() {
    for (std::size_t i = 0; i < text_.size() && fault_.empty();) {
      const char c = text_[i];
      auto end = i + 1;
      Kind kind = Kind::mark;
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        ++i;
        continue;
      }
      if (c == '"' || c == '\'') {
        kind = Kind::literal;
        end = text_.find(c, i + 1);
        if (end++ == std::string_view::npos) return fail("a text has no end");
      } else if (is_digit(c)) {
        kind = Kind::number;
        while (end < text_.size() && (is_digit(text_[end]) || text_[end] == '.')) ++end;
      } else if (begins_name(c)) {
        kind = Kind::name;
        while (end < text_.size() && continues_name(text_[end])) ++end;
        // prefix:name and prefix:*, but not axis::
        if (end + 1 < text_.size() && text_[end] == ':' && (begins_name(text_[end + 1]) || text_[end + 1] == '*')) {
          end += 2;
          while (text_[end - 1] != '*' && end < text_.size() && continues_name(text_[end])) ++end;
        }
      } else if (c == '.') {
        if (end < text_.size() && text_[end] == '.') return fail("'..' is not taken");
      } else {
        const auto mark =
            std::find_if(marks.begin(), marks.end(), [&](std::string_view each) { return text_.substr(i).starts_with(each); });
        if (mark == marks.end()) return fail("'" + std::string(1, c) + "' is not taken");
        end = i + mark->size();
      }
      tokens_.push_back({kind, text_.substr(i, end - i)});
      i = end;
      if (tokens_.size() > most_tokens) return fail("it is too long");
    }
  }

  void fail(std::string fault) {
    if (fault_.empty()) fault_ = std::move(fault);
  }
  std::string_view ahead() const {
    return at_ + 1 < tokens_.size() && tokens_[at_ + 1].kind != Kind::literal ? tokens_[at_ + 1].text : std::string_view();
  }
  const Token* before() const { return at_ > 0 ? &tokens_[at_ - 1] : nullptr; }

  // True where an operator may stand: after an operand.
  bool after_operand() const {
    const auto* const last = before();
    if (last == nullptr) return false;
    if (last->kind == Kind::literal || last->kind == Kind::number) return true;
    if (last->kind == Kind::name) return !operator_;
    return last->text == ")" || last->text == "]" || last->text == "." || last->text == "*";
  }

  void take(const Token& token) {
    const bool operand_before = after_operand();
    operator_ = false;
    if (token.kind == Kind::name) return take_name(token.text, operand_before);
    if (token.kind == Kind::mark) check_mark(token.text, operand_before);
    out_ += token.text;
  }

  void check_mark(std::string_view mark, bool operand_before) {
    const auto conditions = static_cast<std::size_t>(std::count(open_.begin(), open_.end(), "["));
    if (mark == "//") {
      if (conditions > 0 || std::exchange(descends_, true)) fail("'//' is taken once, and not within a condition");
    } else if (mark == "/") {
      if (!operand_before && (conditions > 0 || at_ > 0)) fail("a path within a condition begins at its node");
    } else if (mark == "*" && operand_before) {
      fail("arithmetic is not taken");
    } else if (mark == "[") {
      open_.push_back("[");
      if (conditions == most_nesting) fail("conditions are nested too deeply");
    } else if (mark == "(") {
      // What closes it tells what its value is.
      const auto* const last = before();
      open_.push_back(last != nullptr && last->kind == Kind::name && in(functions, last->text) ? "function" : "nodes");
    } else if (mark == "]" || mark == ")") {
      if (open_.empty() || (open_.back() == "[") != (mark == "]")) return fail("the brackets do not match");
      closed_function_ = open_.back() == "function";
      open_.pop_back();
    } else if (in(comparisons, mark)) {
      const auto* const last = before();
      const bool left = last != nullptr &&
                        (last->kind == Kind::literal || last->kind == Kind::number || (last->text == ")" && closed_function_));
      const bool next = at_ + 1 < tokens_.size();
      const bool right =
          next && (tokens_[at_ + 1].kind == Kind::literal || tokens_[at_ + 1].kind == Kind::number ||
                   (in(functions, tokens_[at_ + 1].text) && at_ + 2 < tokens_.size() && tokens_[at_ + 2].text == "("));
      if (!left && !right) fail("a comparison needs a text, a number or a function on one side");
    }
  }

  // Whether what a translate() replaces is written in the selector. Each letter of its text is looked for in it.
  bool translates_letters() const {
    std::size_t nesting = 0;
    for (auto i = at_ + 1; i < tokens_.size(); ++i) {
      const auto& [kind, text] = tokens_[i];
      if (kind != Kind::mark) continue;
      if (text == "(" || text == "[") ++nesting;
      if ((text == ")" || text == "]") && --nesting == 0) return false;
      if (text != "," || nesting != 1) continue;
      return i + 4 < tokens_.size() && tokens_[i + 1].kind == Kind::literal && tokens_[i + 2].text == "," &&
             tokens_[i + 3].kind == Kind::literal && tokens_[i + 4].text == ")";
    }
    return false;
  }

  void take_name(std::string_view name, bool operand_before) {
    if (operand_before) {
      if (name != "and" && name != "or") return fail("'" + std::string(name) + "' is not taken there");
      operator_ = true;
      out_.append(" ").append(name).append(" ");
      return;
    }
    if (ahead() == "::") {
      if (!in(axes, name)) return fail("the axis '" + std::string(name) + "' is not taken");
      out_ += name;
      return;
    }
    if (ahead() == "(") {
      if (!in(node_types, name) && !in(functions, name)) return fail("the function '" + std::string(name) + "' is not taken");
      if (name == "translate" && !translates_letters()) return fail("translate() takes texts as its second and third argument");
      out_ += name;
      return;
    }
    const auto* const last = before();
    const bool attribute =
        last != nullptr && (last->text == "@" || (last->text == "::" && at_ > 1 && tokens_[at_ - 2].text == "attribute"));
    if (attribute) {
      out_ += name;
      return;
    }
    const auto colon = name.find(':');
    const auto prefix = colon == std::string_view::npos ? std::string_view() : name.substr(0, colon);
    auto space = scope_.find(prefix);
    if (!space && (prefix.empty() || prefix == "f")) space = XmlNames::fhir;
    if (!space && prefix == "h") space = XmlNames::xhtml;
    if (!space) return fail("the prefix '" + std::string(prefix) + "' is not declared");
    out_ += XmlNames::qualified(*space, name.substr(colon == std::string_view::npos ? 0 : colon + 1));
  }

  const std::string_view text_;
  const XmlScope& scope_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::string out_, fault_;
  std::vector<std::string_view> open_;  // "[", "function", "nodes"
  bool descends_ = false;
  bool closed_function_ = false;  // what the last ')' closed
  bool operator_ = false;         // the name before was one
};

}  // namespace

XmlSelector read_selector(std::string_view text, const XmlScope& scope) { return Reader(text, scope).read(); }

}  // namespace patch
