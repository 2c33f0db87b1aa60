#include "tests/commands/support.h"

#include <zlib.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace commands_test {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

void write_file(const std::filesystem::path& path, std::string_view text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  if (!out.flush()) throw std::runtime_error("cannot write " + path.string());
}

std::string gzipped(std::string_view text) {
  z_stream stream{};
  if (deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::runtime_error("no deflate");
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int ended = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (ended != Z_STREAM_END) throw std::runtime_error("deflate failed");
  return out;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) out.push_back(line);
  }
  return out;
}

std::string text_member(std::string_view json, std::string_view member) {
  const std::string head = "\"" + std::string(member) + "\":\"";
  const auto at = json.find(head);
  if (at == std::string_view::npos) return {};
  const auto from = at + head.size();
  return std::string(json.substr(from, json.find('"', from) - from));
}

Resources read_ndjson(const std::filesystem::path& folder) {
  Resources out;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".ndjson") continue;
    for (auto& line : lines_of(read_file(entry.path()))) {
      const auto key = text_member(line, "resourceType") + "/" + text_member(line, "id");
      if (!out.emplace(key, std::move(line)).second) throw std::runtime_error(key + " is there twice");
    }
  }
  return out;
}

std::string without_version(std::string resource) {
  constexpr std::string_view head = "\"meta\":{\"versionId\":\"";
  const auto at = resource.find(head);
  if (at == std::string::npos) return resource;
  const auto from = at + 8;  // behind "meta":{
  const auto updated = resource.find("\"lastUpdated\":\"", from);
  auto to = resource.find('"', updated + 15) + 1;
  if (resource[to] == ',') {
    resource.erase(from, to + 1 - from);
  } else {
    resource.erase(at, to + 2 - at);  // the closing brace and the comma behind it
  }
  return resource;
}

Asking::Asking(const std::string& url) {
  auto made = http::Client::make(url, "");
  if (!made) throw std::runtime_error("no client for " + url);
  client_ = std::move(*made);
}

http::ClientResponse Asking::ask(std::string_view method, std::string_view path, std::string_view body,
                                 const std::vector<std::pair<std::string, std::string>>& headers) {
  auto all = headers;
  if (!body.empty()) all.emplace_back("Content-Type", "application/fhir+json");
  auto answer = client_->request(method, path, body, all);
  if (!answer) throw std::runtime_error("no answer to " + std::string(path));
  return std::move(*answer);
}

long Asking::count(const std::string& query) {
  const auto body = ask("GET", "/" + query + (query.find('?') == std::string::npos ? "?" : "&") + "_summary=count").body;
  const auto at = body.find("\"total\":");
  return at == std::string::npos ? -1 : std::atol(body.c_str() + at + 8);
}

}  // namespace commands_test
