// The rules of the house (shared design, section 1), as functions over files: path from the top, and text.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace house {

using Files = std::map<std::string, std::string>;

// All .h and .cpp files under these folders of a source tree.
Files read_files(const std::string& top, const std::vector<std::string>& folders);

// Each rule returns a line per fault: "file: what is wrong".
std::vector<std::string> upward_includes(
    const Files& files);  // a floor, or a room of fhir/ or resources-gen/, that leans on one above or on a stranger
std::vector<std::string> include_circles(const Files& files);   // header cycles
std::vector<std::string> stray_networking(const Files& files);  // Asio or Beast outside fhir/http
std::vector<std::string> repeated_types(const Files& files);    // two definitions of one name in one namespace, in headers
std::vector<std::string> long_files(const Files& files, std::size_t limit);
std::vector<std::string> loops_over_temporaries(
    const Files& files);  // for (x : f()->g()): what f() returned is gone in the body (C++20)
std::vector<std::string> own_header_not_first(
    const Files& files);  // a.cpp that does not include its a.h before all else, which shows that a.h needs nothing before it
std::vector<std::string> unguarded_headers(const Files& files);  // no #pragma once, or no word of what the header is

}  // namespace house
