#include "tests/support/schema.h"

#include <algorithm>
#include <iostream>

#include "tests/support/data.h"
#include "tests/support/process.h"

namespace tests {

std::string schema_faults(const std::vector<std::filesystem::path>& files) {
  const auto schema = official_data("r4-xsd");
  if (!schema) return {};
  const std::filesystem::path program = "/usr/bin/xmllint";
  if (!std::filesystem::exists(program)) {
    std::cerr << "SKIPPED: xmllint (libxml2-utils) is missing: XML is not checked against R4's schema\n";
    return {};
  }
  std::vector<std::string> arguments = {"--noout", "--huge", "--nonet", "--schema", (*schema / "fhir-single.xsd").string()};
  for (const auto& file : files) arguments.push_back(file.string());
  Process xmllint(program.string(), arguments);
  const int status = xmllint.wait();
  // "FILE validates" a file, and the faults.
  std::string faults;
  std::size_t valid = 0, from = 0;
  const auto& output = xmllint.output();
  while (from < output.size()) {
    const auto end = std::min(output.find('\n', from), output.size());
    const auto line = output.substr(from, end - from);
    from = end + 1;
    if (line.ends_with(" validates")) {
      ++valid;
    } else if (faults.size() < 4000) {
      faults += line.substr(0, 400) + "\n";
    }
  }
  if (status != 0 || valid != files.size()) {
    faults += "xmllint ended with " + std::to_string(status) + ": " + std::to_string(valid) + " of " +
              std::to_string(files.size()) + " files validate\n";
  }
  return faults;
}

}  // namespace tests
