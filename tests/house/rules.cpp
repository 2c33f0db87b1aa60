#include "tests/house/rules.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <regex>
#include <set>
#include <sstream>

namespace house {
namespace {

namespace fs = std::filesystem;

// A room and those it may lean on. Rooms of one floor are named one by one where they are ordered.
struct Room {
  const char* folder;
  std::vector<const char*> below;
};
const std::vector<Room>& rooms() {
  static const std::vector<Room> all = {
      {"resources-gen/model", {}},
      {"resources-gen/formats", {"resources-gen/model"}},
      {"resources-gen/fhirpath", {"resources-gen/model", "resources-gen/formats"}},
      {"resources-gen/patch", {"resources-gen/model", "resources-gen/formats", "resources-gen/fhirpath"}},
      {"resources-gen/generator", {"resources-gen/model"}},
      {"store", {"resources-gen/model", "resources-gen/formats", "resources-gen/fhirpath"}},
      {"terminology", {"resources-gen/model", "resources-gen/formats", "resources-gen/fhirpath", "store"}},
      {"search", {"resources-gen/model", "resources-gen/formats", "resources-gen/fhirpath", "store", "terminology"}},
      {"conformance",
       {"resources-gen/model", "resources-gen/formats", "resources-gen/fhirpath", "store", "terminology", "search"}},
      {"fhir/rest",
       {"resources-gen/model", "resources-gen/formats", "resources-gen/fhirpath", "resources-gen/patch", "store", "terminology",
        "search", "conformance"}},
      {"fhir/operations",
       {"resources-gen/model", "resources-gen/formats", "resources-gen/fhirpath", "resources-gen/patch", "store", "terminology",
        "search", "conformance", "fhir/rest"}},
      {"fhir/http", {"resources-gen/model", "resources-gen/formats", "fhir/rest"}},
      {"fhir/commands",
       {"resources-gen/model", "resources-gen/formats", "resources-gen/fhirpath", "resources-gen/patch", "store", "terminology",
        "search", "conformance", "fhir/rest", "fhir/operations", "fhir/http"}},
      {"fhir", {"fhir/commands"}},  // main.cpp
  };
  return all;
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}
bool within(const std::string& folder, const std::string& room) { return folder == room || folder.rfind(room + "/", 0) == 0; }
bool is_header(const std::string& path) { return path.size() > 2 && path.compare(path.size() - 2, 2, ".h") == 0; }

// The room that a folder belongs to: the longest that holds it; null if none does.
const Room* room_of(const std::string& folder) {
  const Room* best = nullptr;
  for (const auto& room : rooms()) {
    const std::string name = room.folder;
    const bool fits = name == "fhir" ? folder == name : within(folder, name);
    if (fits && (best == nullptr || name.size() > std::string(best->folder).size())) best = &room;
  }
  return best;
}

std::vector<std::string> own_includes(const std::string& text) {
  static const std::regex pattern("(?:^|\n)[ \t]*#[ \t]*include[ \t]+\"([^\"]+)\"");
  std::vector<std::string> out;
  for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at) out.push_back((*at)[1]);
  return out;
}

// Without comments and the inside of literals, line breaks kept.
std::string code_only(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 2, "//") == 0) {
      while (i < text.size() && text[i] != '\n') ++i;
    } else if (text.compare(i, 2, "/*") == 0) {
      const auto end = text.find("*/", i + 2);
      i = end == std::string::npos ? text.size() : end + 1;
      continue;
    } else if (text.compare(i, 2, "R\"") == 0 && (i == 0 || std::isalnum(static_cast<unsigned char>(text[i - 1])) == 0)) {
      const auto open = text.find('(', i);
      const auto close = text.find(")" + text.substr(i + 2, open - i - 2) + "\"", open);
      out += "\"\"";
      i = close == std::string::npos ? text.size() : close + (open - i - 2) + 1;
      continue;
    } else if (text[i] == '"' || (text[i] == '\'' && (i == 0 || std::isalnum(static_cast<unsigned char>(text[i - 1])) == 0))) {
      const char quote = text[i];
      out += quote;
      for (++i; i < text.size() && text[i] != quote && text[i] != '\n'; ++i) {
        if (text[i] == '\\') ++i;
      }
      out += quote;
      continue;
    }
    if (i < text.size()) out += text[i];
  }
  return out;
}

}  // namespace

Files read_files(const std::string& top, const std::vector<std::string>& folders) {
  Files out;
  for (const auto& folder : folders) {
    if (!fs::exists(fs::path(top) / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(top) / folder)) {
      const auto extension = entry.path().extension();
      if (extension != ".h" && extension != ".cpp") continue;
      std::ifstream in(entry.path(), std::ios::binary);
      std::stringstream text;
      text << in.rdbuf();
      out[fs::relative(entry.path(), top).string()] = text.str();
    }
  }
  return out;
}

std::vector<std::string> upward_includes(const Files& files) {
  std::vector<std::string> out;
  for (const auto& [path, text] : files) {
    const auto* here = room_of(folder_of(path));
    if (here == nullptr) {
      out.push_back(path + ": is in no room of the house");
      continue;
    }
    for (const auto& include : own_includes(text)) {
      const auto folder = folder_of(include);
      const bool below =
          std::any_of(here->below.begin(), here->below.end(), [&](const char* room) { return within(folder, room); });
      // Tables that the build makes belong to the model.
      if (!below && room_of(folder) != here) out.push_back(path + ": includes " + include);
    }
  }
  return out;
}

std::vector<std::string> include_circles(const Files& files) {
  std::vector<std::string> out;
  std::map<std::string, int> state;  // 1: under way, 2: done
  const std::function<void(const std::string&)> visit = [&](const std::string& path) {
    const auto found = files.find(path);
    if (found == files.end() || state[path] == 2) return;
    if (state[path] == 1) {
      out.push_back(path + ": includes itself by way of others");
      return;
    }
    state[path] = 1;
    for (const auto& include : own_includes(found->second)) visit(include);
    state[path] = 2;
  };
  for (const auto& [path, text] : files) visit(path);
  return out;
}

std::vector<std::string> stray_networking(const Files& files) {
  static const std::regex pattern("#[ \t]*include[ \t]+<boost/(asio|beast)[/.]");
  std::vector<std::string> out;
  for (const auto& [path, text] : files) {
    if (!within(folder_of(path), "fhir/http") && std::regex_search(text, pattern))
      out.push_back(path + ": includes Asio or Beast");
  }
  return out;
}

std::vector<std::string> repeated_types(const Files& files) {
  static const std::regex word(
      "namespace[ \t]+([A-Za-z_:]+)?[ \t]*\\{|(?:struct|class|enum class|enum)[ "
      "\t]+([A-Za-z_][A-Za-z0-9_]*(?:::[A-Za-z_][A-Za-z0-9_]*)*)[^;(){}=]*\\{|\\{|\\}");
  std::map<std::string, std::string> seen;
  std::vector<std::string> out;
  for (const auto& [path, text] : files) {
    if (!is_header(path)) continue;
    const auto code = code_only(text);
    std::vector<std::string> scopes;  // "" for braces that name nothing
    for (std::sregex_iterator at(code.begin(), code.end(), word), end; at != end; ++at) {
      const auto whole = at->str();
      if (whole == "}") {
        if (!scopes.empty()) scopes.pop_back();
        continue;
      }
      if (whole == "{") {
        scopes.emplace_back();
        continue;
      }
      if ((*at)[2].matched) {
        std::string name;
        bool nested = false;
        for (const auto& scope : scopes) {
          nested = nested || scope.empty() || scope.front() == '.';
          name += scope + "::";
        }
        name += (*at)[2].str();
        // A specialisation is a template's, a nested type its owner's.
        const auto before =
            code.substr(static_cast<std::size_t>(at->position()) >= 12 ? static_cast<std::size_t>(at->position()) - 12 : 0, 12);
        if (!nested && before.find("template <>") == std::string::npos) {
          const auto [first, fresh] = seen.emplace(name, path);
          if (!fresh && first->second != path) out.push_back(path + ": " + name + " is defined in " + first->second + " too");
        }
        scopes.push_back(".");
        continue;
      }
      scopes.push_back((*at)[1].matched ? (*at)[1].str() : "(anonymous)" + path);
    }
  }
  return out;
}

std::vector<std::string> long_files(const Files& files, std::size_t limit) {
  std::vector<std::string> out;
  for (const auto& [path, text] : files) {
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    if (lines > limit) out.push_back(path + ": " + std::to_string(lines) + " lines, more than " + std::to_string(limit));
  }
  return out;
}

std::vector<std::string> loops_over_temporaries(const Files& files) {
  // In the range of a loop: a call whose result is dereferenced, or unwrapped and then asked for a member.
  static const std::regex loop("\\bfor[ \t]*\\(");
  static const std::regex fault("[A-Za-z0-9_>]\\([^()]*\\)[ \t]*(->|\\.value\\(\\)\\.)[A-Za-z_]");
  std::vector<std::string> out;
  for (const auto& [path, text] : files) {
    const auto code = code_only(text);
    for (std::sregex_iterator at(code.begin(), code.end(), loop), end; at != end; ++at) {
      const auto from = static_cast<std::size_t>(at->position() + at->length());
      std::size_t close = from, colon = std::string::npos;
      for (int depth = 1; close < code.size(); ++close) {
        if (code[close] == '(') ++depth;
        if (code[close] == ')' && --depth == 0) break;
        if (code[close] == ';') break;
        if (depth == 1 && colon == std::string::npos && code[close] == ':' && code[close - 1] != ':' && code[close + 1] != ':')
          colon = close;
      }
      if (colon == std::string::npos || close >= code.size() || code[close] == ';') continue;
      const auto range = code.substr(colon + 1, close - colon - 1);
      if (!std::regex_search(range, fault)) continue;
      const auto line = 1 + std::count(code.begin(), code.begin() + at->position(), '\n');
      out.push_back(path + ":" + std::to_string(line) + ":" + range + ": name the call's result first");
    }
  }
  return out;
}

std::vector<std::string> own_header_not_first(const Files& files) {
  static const std::regex pattern("(?:^|\n)[ \t]*#[ \t]*include[ \t]+[\"<]([^\">]+)[\">]");
  std::vector<std::string> out;
  for (const auto& [path, text] : files) {
    if (!is_header(path)) continue;
    const auto source = files.find(path.substr(0, path.size() - 2) + ".cpp");
    if (source == files.end()) continue;
    std::smatch first;
    if (!std::regex_search(source->second, first, pattern) || first[1] != path)
      out.push_back(source->first + ": does not include its own header first");
  }
  return out;
}

std::vector<std::string> unguarded_headers(const Files& files) {
  std::vector<std::string> out;
  for (const auto& [path, text] : files) {
    if (!is_header(path)) continue;
    if (text.find("#pragma once") == std::string::npos) out.push_back(path + ": has no #pragma once");
    if (text.rfind("//", 0) != 0) out.push_back(path + ": does not begin with a word on what it holds");
  }
  return out;
}

}  // namespace house
