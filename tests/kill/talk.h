// What the clients of the kill tests say and understand: Patients that carry an identifier and a stamp.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "fhir/http/client.h"

namespace kill_test {

inline constexpr std::string_view system_uri = "urn:kiln:kill";

std::unique_ptr<http::Client> connect(const std::string& url);  // throws if `url` is none
// A Patient; `id` only for an update.
std::string patient(std::string_view identifier, std::string_view stamp, std::string_view id = {});
std::string criteria(std::string_view identifier);  // "identifier=urn:kiln:kill%7C..."

std::optional<boost::json::object> object(std::string_view text);  // nullopt if `text` is no JSON object
std::string stamp_of(const boost::json::object& patient);          // empty if it has none
std::string id_of(const boost::json::object& resource);
std::uint64_t version_of(const boost::json::object& resource);  // meta.versionId; 0 if it has none
std::uint64_t version_of_etag(std::string_view etag);           // W/"7": 7; 0 if it is none

}  // namespace kill_test
