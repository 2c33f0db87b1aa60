#include "tests/kill/talk.h"

#include <boost/json.hpp>
#include <charconv>
#include <stdexcept>

namespace kill_test {

namespace json = boost::json;

std::unique_ptr<http::Client> connect(const std::string& url) {
  auto client = http::Client::make(url, "");
  if (!client) throw std::runtime_error("no client for " + url);
  return std::move(*client);
}

std::string patient(std::string_view identifier, std::string_view stamp, std::string_view id) {
  json::object resource = {{"resourceType", "Patient"}};
  if (!id.empty()) resource["id"] = id;
  resource["identifier"] = {json::object{{"system", system_uri}, {"value", identifier}}};
  resource["name"] = {json::object{{"family", stamp}}};
  return json::serialize(resource);
}

std::string criteria(std::string_view identifier) {
  return "identifier=" + std::string(system_uri) + "%7C" + std::string(identifier);
}

std::optional<json::object> object(std::string_view text) {
  boost::system::error_code trouble;
  auto value = json::parse(text, trouble);
  if (trouble || !value.is_object()) return std::nullopt;
  return std::move(value.as_object());
}

std::string stamp_of(const json::object& patient) {
  const auto* names = patient.if_contains("name");
  return names == nullptr ? "" : std::string(names->at(0).at("family").as_string());
}

std::string id_of(const json::object& resource) { return std::string(resource.at("id").as_string()); }

std::uint64_t version_of(const json::object& resource) {
  const std::string text(resource.at("meta").at("versionId").as_string());
  std::uint64_t version = 0;
  std::from_chars(text.data(), text.data() + text.size(), version);
  return version;
}

std::uint64_t version_of_etag(std::string_view etag) {
  if (!etag.starts_with("W/\"")) return 0;
  std::uint64_t version = 0;
  std::from_chars(etag.data() + 3, etag.data() + etag.size(), version);
  return version;
}

}  // namespace kill_test
