// Fuzz targets: a function each, given arbitrary bytes. A target checks what must hold of any input and calls fail() where it
// does not; sanitizers see the rest.
//
// Two programs use them: fuzz_NAME (libFuzzer, preset `fuzz`, tests/fuzz/run) looks for new inputs; test_fuzz (in the suite)
// tries the seeds, what once crashed, and mutations of both.
#pragma once

#include <span>
#include <string_view>

namespace fuzz {

void http(std::string_view bytes);      // http.cpp: request framing, content codings
void request(std::string_view bytes);   // request.cpp: "METHOD target\nHeader: value\n\nbody" through the whole service
void bundle(std::string_view bytes);    // request.cpp: the bytes as a Bundle for the base
void json(std::string_view bytes);      // json.cpp
void xml(std::string_view bytes);       // xml.cpp
void query(std::string_view bytes);     // query.cpp: "Type?query"
void fhirpath(std::string_view bytes);  // fhirpath.cpp
void patch(std::string_view bytes);     // patch.cpp: a JSON Patch, an XML Patch or a Parameters

struct Target {
  std::string_view name;  // of its folder under seeds/ and old_crashes/
  void (*run)(std::string_view bytes);
};
std::span<const Target> targets();

// Says what did not hold, and ends the process.
[[noreturn]] void fail(std::string_view what, std::string_view detail = {});
inline void require(bool holds, std::string_view what, std::string_view detail = {}) {
  if (!holds) fail(what, detail);
}

}  // namespace fuzz
