// Reading HL7's definition files: Bundles of conformance resources as JSON.
#pragma once

#include <boost/json.hpp>

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace generator {

namespace json = boost::json;

// Calls `use` with each entry's resource, in order. One entry at a time is in memory as a tree: profiles-resources.json is
// 35 MB, its largest entry 1 MB. Throws std::runtime_error, naming the file, if it cannot be read or is not such a Bundle.
void for_each_resource(const std::filesystem::path& bundle, const std::function<void(const json::object&)>& use);

// Members of a JSON object that may be missing: then the answer is empty, false or null.
std::string text(const json::object& object, std::string_view member);
bool flag(const json::object& object, std::string_view member, bool missing = false);
const json::array& list(const json::object& object, std::string_view member);
std::vector<std::string> texts(const json::object& object, std::string_view member);
// The value (whichever value[x]) of the object's extension of that URL; empty if there is none.
std::string extension(const json::object& object, std::string_view url);

// What follows the last `/`: the name that a canonical URL of HL7's own definitions ends in.
std::string_view last_segment(std::string_view url);
// The URL without `|version`.
std::string_view without_version(std::string_view canonical);

}  // namespace generator
