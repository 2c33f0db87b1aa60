#include "fhir/commands/import_large.h"

#include <utility>

#include "fhir/rest/base64.h"

namespace commands {
namespace {

using model::FailureKind;
using model::IssueCode;

constexpr std::size_t piece_bytes = 768u << 10;  // of base64: four divide it

std::size_t skip_space(std::string_view text, std::size_t at) {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\t' || text[at] == '\r')) ++at;
  return at;
}

// The place behind `"name" : "`; npos if it is not there. Within a string its quotes would be escaped.
std::size_t behind_member(std::string_view text, std::string_view name, std::size_t* begin = nullptr) {
  const auto quoted = "\"" + std::string(name) + "\"";
  for (auto at = text.find(quoted); at != std::string_view::npos; at = text.find(quoted, at + 1)) {
    auto next = skip_space(text, at + quoted.size());
    if (next >= text.size() || text[next] != ':') continue;
    next = skip_space(text, next + 1);
    if (next >= text.size() || text[next] != '"') continue;
    if (begin) *begin = at;
    return next + 1;
  }
  return std::string_view::npos;
}

model::Failure damaged(const char* what) {
  return model::failure(FailureKind::unprocessable, IssueCode::value, what, "Binary.data");
}

// Base64 as it stands in a JSON string, decoded as it comes.
class Decoding {
 public:
  explicit Decoding(const std::function<model::Result<void>(std::string_view)>& take) : take_(take) {}
  // Takes the string up to its closing quote; returns how much of `text` that is. `closed`: the quote was found.
  std::size_t feed(std::string_view text, bool& closed) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if (escaped_) {
        escaped_ = false;
        if (c == '/') {
          add('/');
        } else if (c != 'n' && c != 'r' && c != 't') {
          fail(damaged("The data is no base64"));
        }
      } else if (c == '\\') {
        escaped_ = true;
      } else if (c == '"') {
        closed = true;
        pass(held_);
        return i + 1;
      } else if (c != ' ') {
        add(c);
      }
    }
    return text.size();
  }
  void fail(model::Failure failure) {
    if (result_) result_ = std::move(failure);
  }
  const model::Result<void>& result() const { return result_; }

 private:
  void add(char c) {
    held_ += c;
    if (held_.size() < piece_bytes) return;
    pass(held_);
    held_.clear();
  }
  void pass(std::string_view base64) {
    if (!result_ || base64.empty()) return;
    std::string content;
    if (!rest::append_decoded(content, base64)) return fail(damaged("The data is no base64"));
    if (auto taken = take_(content); !taken) fail(taken.error());
  }

  const std::function<model::Result<void>(std::string_view)>& take_;
  model::Result<void> result_;
  std::string held_;
  bool escaped_ = false;
};

}  // namespace

bool begins_large_binary(std::string_view start) {
  const auto type = behind_member(start.substr(0, 4096), "resourceType");
  return type != std::string_view::npos && start.substr(type).starts_with("Binary\"") &&
         behind_member(start, "data") != std::string_view::npos;
}

model::Result<std::string> read_large_binary(std::string& text, const std::function<bool(std::string&)>& more,
                                             const std::function<model::Result<void>(std::string_view)>& take) {
  std::size_t member = 0;
  auto at = behind_member(text, "data", &member);
  auto resource = text.substr(0, member);
  Decoding decoding(take);
  for (bool closed = false; !closed;) {
    at += decoding.feed(std::string_view(text).substr(at), closed);
    if (closed) break;
    text.clear();
    at = 0;
    if (!more(text)) return damaged("The line breaks off within the data");
  }
  text.erase(0, at);
  auto end = text.find('\n');
  while (end == std::string::npos) {
    if (text.size() > large_line) decoding.fail(damaged("What follows the data is too long"));
    if (text.size() > large_line) text.clear();
    if (!more(text)) break;
    end = text.find('\n');
  }
  const auto tail = text.substr(0, end);
  text.erase(0, end == std::string::npos ? text.size() : end + 1);
  if (!decoding.result()) return decoding.result().error();
  const auto from = skip_space(tail, 0);
  while (!resource.empty() && resource.back() == ' ') resource.pop_back();
  if (from < tail.size() && tail[from] == ',') {  // one of the two commas around the member goes with it
    resource.append(tail, from + 1);
  } else {
    if (!resource.empty() && resource.back() == ',') resource.pop_back();
    resource.append(tail, from);
  }
  return resource;
}

}  // namespace commands
