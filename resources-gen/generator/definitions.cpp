#include "resources-gen/generator/definitions.h"

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace generator {

namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  std::string content(std::filesystem::file_size(path), '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (!file) throw std::runtime_error("cannot read all of " + path.string());
  return content;
}

// The objects that are items of an array of the outermost object: the Bundle's entries. The text is well-formed JSON or
// the parser, given the pieces, says so.
std::vector<std::string_view> entries(std::string_view bundle) {
  std::vector<std::string_view> found;
  std::string open;  // the brackets that are open
  std::size_t start = 0;
  for (std::size_t at = 0; at < bundle.size(); ++at) {
    switch (const char c = bundle[at]) {
      case '"':
        for (++at; at < bundle.size() && bundle[at] != '"'; ++at)
          if (bundle[at] == '\\') ++at;
        break;
      case '{':
      case '[':
        if (c == '{' && open == "{[") start = at;
        open += c;
        break;
      case '}':
      case ']':
        if (open.empty()) return {};
        open.pop_back();
        if (c == '}' && open == "{[") found.push_back(bundle.substr(start, at + 1 - start));
        break;
      default:
        break;
    }
  }
  return found;
}

}  // namespace

void for_each_resource(const std::filesystem::path& bundle, const std::function<void(const json::object&)>& use) {
  const std::string content = read_file(bundle);
  std::size_t used = 0;
  std::vector<unsigned char> memory(std::size_t{8} << 20);
  json::parse_options options;
  options.max_depth = 128;  // the deepest code system nests its concepts 40 deep
  for (const std::string_view entry : entries(content)) {
    json::monotonic_resource arena(memory.data(), memory.size());
    boost::system::error_code failed;
    const json::value value = json::parse(json::string_view(entry.data(), entry.size()), failed, &arena, options);
    if (failed) throw std::runtime_error(bundle.string() + ": " + failed.message());
    const json::value* resource = value.as_object().if_contains("resource");
    if (resource == nullptr || !resource->is_object()) continue;
    use(resource->get_object());
    ++used;
  }
  if (used == 0) throw std::runtime_error(bundle.string() + " holds no entries with resources");
}

std::string text(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(json::string_view(member.data(), member.size()));
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().begin(), value->get_string().end()};
}

bool flag(const json::object& object, std::string_view member, bool missing) {
  const json::value* value = object.if_contains(json::string_view(member.data(), member.size()));
  return value == nullptr || !value->is_bool() ? missing : value->get_bool();
}

const json::array& list(const json::object& object, std::string_view member) {
  static const json::array none;
  const json::value* value = object.if_contains(json::string_view(member.data(), member.size()));
  return value == nullptr || !value->is_array() ? none : value->get_array();
}

std::vector<std::string> texts(const json::object& object, std::string_view member) {
  std::vector<std::string> all;
  for (const json::value& item : list(object, member)) all.emplace_back(item.as_string());
  return all;
}

std::string extension(const json::object& object, std::string_view url) {
  for (const json::value& item : list(object, "extension")) {
    if (text(item.as_object(), "url") != url) continue;
    for (const auto& [name, value] : item.as_object())
      if (name.starts_with("value") && value.is_string()) return {value.get_string().begin(), value.get_string().end()};
  }
  return {};
}

std::string_view last_segment(std::string_view url) { return url.substr(url.rfind('/') + 1); }

std::string_view without_version(std::string_view canonical) { return canonical.substr(0, canonical.find('|')); }

}  // namespace generator
