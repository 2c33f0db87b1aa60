// What the suite of the command line shares: files, resources as text, a client that fails the test where there is no answer.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fhir/http/client.h"
#include "tests/support/process.h"

namespace commands_test {

std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, std::string_view text);
std::string gzipped(std::string_view text);
std::vector<std::string> lines_of(const std::string& text);

// The value of the first `"member":"..."` in JSON text; empty if there is none.
std::string text_member(std::string_view json, std::string_view member);

// "Type/id" to the resource's text, of every .ndjson file in a folder.
using Resources = std::map<std::string, std::string>;
Resources read_ndjson(const std::filesystem::path& folder);
// Without meta.versionId and meta.lastUpdated, and without meta if it is empty then: what an import may add.
std::string without_version(std::string resource);

class Asking {
 public:
  explicit Asking(const std::string& url);
  // Status and body. Throws if there is no answer.
  http::ClientResponse ask(std::string_view method, std::string_view path, std::string_view body = {},
                           const std::vector<std::pair<std::string, std::string>>& headers = {});
  // Bundle.total of `Type?...&_summary=count`; -1 if there is none.
  long count(const std::string& query);

 private:
  std::unique_ptr<http::Client> client_;
};

}  // namespace commands_test
