#include "fhir/http/origin.h"

#include <algorithm>
#include <boost/asio/ip/address_v6.hpp>
#include <charconv>

#include "fhir/rest/header_text.h"

namespace http {
namespace {

constexpr std::size_t longest_host = 253;  // RFC 1035 2.3.4
constexpr std::size_t longest_path = 1024;

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

// RFC 3986 3.2.2 allows percent-encoding and more in a name; no host that is looked up has them, and links are safer without.
bool is_name(std::string_view host) {
  return !host.empty() && host.size() <= longest_host &&
         std::all_of(host.begin(), host.end(), [](char c) { return is_letter_or_digit(c) || c == '-' || c == '.' || c == '_'; });
}

model::Failure refuse(std::string_view text, std::string_view why) {
  return model::failure(model::FailureKind::bad_request, model::IssueCode::value,
                        "'" + std::string(text.substr(0, 200)) + "' is no base URL: " + std::string(why));
}

}  // namespace

std::optional<Authority> parse_authority(std::string_view text) {
  Authority out;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    boost::system::error_code trouble;
    const auto address = boost::asio::ip::make_address_v6(std::string(text.substr(1, end - 1)), trouble);
    if (trouble || address.scope_id() != 0) return std::nullopt;
    out.host = "[" + address.to_string() + "]";
    port = text.substr(end + 1);
  } else {
    const auto colon = std::min(text.find(':'), text.size());
    if (!is_name(text.substr(0, colon))) return std::nullopt;
    out.host = lower(text.substr(0, colon));
    port = text.substr(colon);
  }
  if (port.empty()) return out;
  const auto [end, error] = std::from_chars(port.data() + 1, port.data() + port.size(), out.port);
  if (port[0] != ':' || error != std::errc() || end != port.data() + port.size() || out.port == 0) return std::nullopt;
  return out;
}

std::string_view parse_scheme(std::string_view text) {
  for (const std::string_view scheme : {"http", "https"}) {
    if (rest::equal_ignoring_case(text, scheme)) return scheme;
  }
  return {};
}

bool is_host(std::string_view text) {
  static constexpr std::string_view letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._~%!$&'()*+,;=";
  std::size_t end = text.find_first_not_of(letters);
  if (text.starts_with('[')) {
    end = text.find(']');
    if (end == std::string_view::npos) return false;
    const auto address = text.substr(1, end - 1);
    if (!std::all_of(address.begin(), address.end(),
                     [](char c) { return c == ':' || letters.find(c) != std::string_view::npos; }))
      return false;
    ++end;
  }
  text.remove_prefix(std::min(end, text.size()));
  return text.empty() || (text[0] == ':' && text.find_first_not_of("0123456789", 1) == std::string_view::npos);
}

std::string origin_text(std::string_view scheme, const Authority& authority) {
  std::string out(scheme);
  out.append("://").append(authority.host);
  if (authority.port != 0 && authority.port != (scheme == "https" ? 443 : 80)) out.append(":" + std::to_string(authority.port));
  return out;
}

std::optional<std::string> parse_prefix(std::string_view text) {
  static constexpr std::string_view others = "-._~!$&'()*+,;=:@/%";  // RFC 3986 3.3
  while (text.ends_with('/')) text.remove_suffix(1);
  if (text.empty()) return std::string();
  const bool clean = std::all_of(text.begin(), text.end(),
                                 [](char c) { return is_letter_or_digit(c) || others.find(c) != std::string_view::npos; });
  if (!clean || text[0] != '/' || text.size() > longest_path || text.find("//") != std::string_view::npos) return std::nullopt;
  for (auto rest = text; !rest.empty();) {  // a client would take "." and ".." out of the link, and ask elsewhere
    const auto part = rest.substr(1, rest.find('/', 1) - 1);
    if (part == "." || part == "..") return std::nullopt;
    rest.remove_prefix(part.size() + 1);
  }
  return std::string(text);
}

model::Result<BaseUrl> parse_base_url(std::string_view text) {
  BaseUrl out;
  const auto colon = text.find("://");
  if (colon != std::string_view::npos) out.scheme = parse_scheme(text.substr(0, colon));
  if (out.scheme.empty()) return refuse(text, "it must begin with http:// or https://");
  const auto rest = text.substr(colon + 3);
  if (rest.find_first_of("?#") != std::string_view::npos) return refuse(text, "it has a query or fragment");
  const auto slash = std::min(rest.find('/'), rest.size());
  auto authority = parse_authority(rest.substr(0, slash));
  if (!authority) return refuse(text, "'" + std::string(rest.substr(0, slash)) + "' is no host, alone or with a port");
  out.authority = std::move(*authority);
  auto path = parse_prefix(rest.substr(slash));
  if (!path) return refuse(text, "its path is not one that links can go below");
  out.path = std::move(*path);
  return out;
}

}  // namespace http
