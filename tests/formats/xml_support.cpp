#include "tests/formats/xml_support.h"

#include <expat.h>
#include <algorithm>
#include <map>

#include "resources-gen/formats/json.h"
#include "resources-gen/formats/json_strings.h"

namespace tests {
namespace {

// Well-formed JSON only: its readers have accepted it.
class Canonical {
 public:
  Canonical(std::string_view json, bool of_pair) : text_(json), of_pair_(of_pair) {}
  std::string value() {
    space();
    if (text_[at_] == '{') return object();
    if (text_[at_] == '[') return array();
    if (text_[at_] == '"') return string();
    const auto from = at_;
    while (at_ < text_.size() && std::string_view(",]} \n\r\t").find(text_[at_]) == std::string_view::npos) ++at_;
    return std::string(text_.substr(from, at_ - from));
  }

 private:
  void space() {
    while (at_ < text_.size() && std::string_view(" \n\r\t").find(text_[at_]) != std::string_view::npos) ++at_;
  }
  std::string string() {
    const auto from = ++at_;
    while (text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    std::string plain, out;
    formats::append_unescaped(plain, text_.substr(from, at_++ - from));
    formats::append_string(out, plain);
    return out;
  }
  std::string object() {
    std::map<std::string, std::string> members;
    for (++at_, space(); text_[at_] != '}'; space()) {
      if (text_[at_] == ',') {
        ++at_;
        space();
      }
      auto name = string();
      space();
      ++at_;  // the colon
      auto held = value();
      const bool narrative = of_pair_ && name == "\"text\"" && held.find("\"div\":\"<div") != std::string::npos;
      if (held != "[]" && held != "{}" && !narrative) members.emplace(std::move(name), std::move(held));
    }
    ++at_;
    std::string out = "{";
    for (const auto& [name, held] : members) out += (out.size() > 1 ? ",\n" : "") + name + ":" + held;
    return out + "}";
  }
  std::string array() {
    std::vector<std::string> items;
    for (++at_, space(); text_[at_] != ']'; space()) {
      if (text_[at_] == ',') ++at_;
      items.push_back(value());
      if (of_pair_ && items.back().find("\"code\":\"HTEST\"") < 3) items.pop_back();
    }
    ++at_;
    while (!items.empty() && items.back() == "null") items.pop_back();
    std::string out = "[";
    for (const auto& item : items) out += (out.size() > 1 ? "," : "") + item;
    return out + "]";
  }

  std::string_view text_;
  bool of_pair_;
  std::size_t at_ = 0;
};

struct Infoset {
  std::string out, text;
  int in_xhtml = 0;

  void flush() {
    const bool blank = text.find_first_not_of(" \n\r\t") == std::string::npos;
    if (!text.empty() && (in_xhtml || !blank)) out += "text " + text + "\n";
    text.clear();
  }
};

void XMLCALL on_start(void* data, const char* name, const char** attributes) {
  auto& set = *static_cast<Infoset*>(data);
  set.flush();
  if (set.in_xhtml || std::string_view(name).starts_with("http://www.w3.org/1999/xhtml ")) ++set.in_xhtml;
  set.out.append("start ").append(name).append("\n");
  std::map<std::string, std::string> sorted;
  for (; *attributes; attributes += 2) sorted.emplace(attributes[0], attributes[1]);
  for (const auto& [key, value] : sorted) set.out += "  " + key + "=" + value + "\n";
}
void XMLCALL on_end(void* data, const char*) {
  auto& set = *static_cast<Infoset*>(data);
  set.flush();
  if (set.in_xhtml) --set.in_xhtml;
  set.out += "end\n";
}
void XMLCALL on_text(void* data, const char* text, int size) {
  static_cast<Infoset*>(data)->text.append(text, static_cast<std::size_t>(size));
}

}  // namespace

std::string canonical_json(std::string_view json) {
  if (json.starts_with("\xef\xbb\xbf")) json.remove_prefix(3);
  return Canonical(json, false).value();
}

std::string canonical_pair(std::string_view json) { return Canonical(json, true).value(); }

std::string canonical_xml(std::string_view xml) {
  Infoset set;
  const XML_Parser parser = XML_ParserCreateNS("UTF-8", ' ');
  XML_SetUserData(parser, &set);
  XML_SetElementHandler(parser, on_start, on_end);
  XML_SetCharacterDataHandler(parser, on_text);
  if (XML_Parse(parser, xml.data(), static_cast<int>(xml.size()), XML_TRUE) != XML_STATUS_OK) {
    set.out += std::string("not well-formed: ") + XML_ErrorString(XML_GetErrorCode(parser)) + " in line " +
               std::to_string(XML_GetCurrentLineNumber(parser));
  }
  XML_ParserFree(parser);
  return set.out;
}

}  // namespace tests
