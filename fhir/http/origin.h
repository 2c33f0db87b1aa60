// Origins and base URLs: the part of a URL that says which server, checked and in one spelling. RFC 3986 3.2, RFC 6454.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "resources-gen/model/result.h"

namespace http {

struct Authority {
  std::string host;        // in lower case; an IPv6 address in brackets
  std::uint16_t port = 0;  // 0: the scheme's own
};

// "Example.org:8443", "[::1]", "10.0.0.1:80"; nullopt for anything that is no host and port: user names, paths, spaces ...
std::optional<Authority> parse_authority(std::string_view text);
// What a request's Host may be (RFC 9110 7.2, RFC 3986 3.2.2), which is more: nothing, or any name, and an empty port.
bool is_host(std::string_view text);
// "http" or "https", in any case; else empty.
std::string_view parse_scheme(std::string_view text);
// "https://example.org:8443". A scheme's own port is left out.
std::string origin_text(std::string_view scheme, const Authority& authority);

struct BaseUrl {
  std::string_view scheme;
  Authority authority;
  std::string path;  // "/fhir"; empty, or with a '/' before and none behind

  std::string text() const { return origin_text(scheme, authority) + path; }
};
// Fails with the reason if it is no http or https URL, or has a query or fragment.
model::Result<BaseUrl> parse_base_url(std::string_view text);
// A path of one or more parts ("/a/b"; '/' behind it is dropped, "/" is empty), or nullopt.
std::optional<std::string> parse_prefix(std::string_view text);

}  // namespace http
