#include "fhir/http/forwarded.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>

#include "fhir/http/origin.h"
#include "fhir/rest/header_text.h"

namespace http {
namespace {

using boost::asio::ip::address;
using boost::system::error_code;
using rest::equal_ignoring_case;
using rest::next_part;

model::Failure malformed(std::string_view header, std::string_view value, std::string_view why) {
  return model::failure(model::FailureKind::bad_request, model::IssueCode::value,
                        std::string(header) + " is '" + std::string(value.substr(0, 200)) + "': " + std::string(why));
}

// "::ffff:10.0.0.1", as a socket for both families has it, is 10.0.0.1.
address plain(address given) {
  if (!given.is_v6() || !given.to_v6().is_v4_mapped()) return given;
  return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, given.to_v6());
}

template <typename Bytes>
bool same_prefix(const Bytes& a, const Bytes& b, unsigned bits) {
  for (std::size_t i = 0; i < a.size() && bits > 0; ++i) {
    const unsigned taken = std::min(bits, 8u);
    if (((a[i] ^ b[i]) & (0xff00u >> taken) & 0xffu) != 0) return false;
    bits -= taken;
  }
  return true;
}

// The values of a header, all lines as one list (RFC 9110 5.3).
std::vector<std::string_view> values_of(const rest::Request& request, std::string_view name) {
  std::vector<std::string_view> values;
  for (const auto& [key, line] : request.headers) {
    if (!equal_ignoring_case(key, name)) continue;
    for (std::string_view rest = line; !rest.empty();) {
      if (const auto value = next_part(rest, ','); !value.empty()) values.push_back(value);
    }
  }
  return values;
}

// What one proxy said of whom it was asked by, and how.
struct Hop {
  std::string by;  // the node of for=
  std::string host;
  std::string proto;
};

// RFC 7239 4: parameters in any case, each once; quoted where a ':' or '[' is in it, which not all proxies know.
model::Result<Hop> parse_hop(std::string_view text) {
  struct Parameter {
    std::string_view name;
    std::string Hop::*value;
    bool seen = false;
  };
  std::array<Parameter, 3> known{{{"for", &Hop::by}, {"host", &Hop::host}, {"proto", &Hop::proto}}};
  Hop hop;
  for (auto rest = text; !rest.empty();) {
    auto value = next_part(rest, ';');
    if (value.empty()) continue;
    if (value.find('=') == std::string_view::npos) return malformed("Forwarded", text, "a parameter has no '='");
    const auto name = next_part(value, '=');
    const bool opens = value.starts_with('"');
    if (opens != (value.size() > 1 && value.ends_with('"'))) return malformed("Forwarded", text, "a quote is not closed");
    std::string plain_value;
    const auto inner = rest::unquoted(value);
    for (std::size_t i = 0; i < inner.size(); ++i) {
      if (opens && inner[i] == '\\' && i + 1 < inner.size()) ++i;
      plain_value += inner[i];
    }
    for (auto& parameter : known) {
      if (!equal_ignoring_case(parameter.name, name)) continue;
      if (parameter.seen) return malformed("Forwarded", text, "a parameter stands there twice");
      parameter.seen = true;
      hop.*parameter.value = plain_value;
    }
  }
  return hop;
}

// "192.0.2.43", "192.0.2.43:47011", "[2001:db8::1]:4711", "2001:db8::1"; nullopt for "unknown", "_hidden" and the rest.
std::optional<address> node_address(std::string_view node) {
  error_code trouble;
  const auto whole = boost::asio::ip::make_address(std::string(node), trouble);
  if (!trouble) return plain(whole);
  const auto authority = parse_authority(node);
  if (!authority) return std::nullopt;
  std::string_view host = authority->host;
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  const auto alone = boost::asio::ip::make_address(std::string(host), trouble);
  return trouble ? std::nullopt : std::optional(plain(alone));
}

// Walks from the proxy that asked us (the last of the list) to the one that no longer is ours: the nodes after it were named by
// trusted proxies. Answers how many were, and whom the farthest of them named.
struct Walk {
  std::size_t trusted = 1;
  std::optional<address> client;
};
Walk walk(std::span<const std::string_view> nodes, const TrustedProxies& proxies) {
  Walk out;
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
    out.client = node_address(*node);
    out.trusted = static_cast<std::size_t>(node - nodes.rbegin()) + 1;
    if (!out.client || !proxies.contains(*out.client)) break;
  }
  return out;
}

struct Said {
  std::optional<address> client;
  std::string_view scheme;
  std::optional<Authority> authority;
  std::optional<std::string> prefix;
};

model::Result<void> take_scheme(Said& said, std::string_view header, std::string_view value) {
  said.scheme = parse_scheme(value);
  if (said.scheme.empty()) return malformed(header, value, "the scheme must be http or https");
  return {};
}

model::Result<void> take_host(Said& said, std::string_view header, std::string_view value) {
  said.authority = parse_authority(value);
  if (!said.authority) return malformed(header, value, "that is no host, alone or with a port");
  return {};
}

model::Result<Said> by_forwarded(const rest::Request& request, const TrustedProxies& proxies) {
  std::vector<Hop> hops;
  for (const auto value : values_of(request, "Forwarded")) {
    auto hop = parse_hop(value);
    if (!hop) return hop.error();
    hops.push_back(std::move(*hop));
  }
  Said said;
  std::vector<std::string_view> nodes;
  for (const auto& hop : hops) nodes.push_back(hop.by);
  const auto walked = walk(nodes, proxies);
  said.client = walked.client;
  // The farthest trusted proxy knows best what the client asked for; others fill in what it left out.
  for (std::size_t i = hops.size(); i > 0 && hops.size() - i < walked.trusted; --i) {
    const auto& hop = hops[i - 1];
    if (!hop.proto.empty()) {
      if (auto taken = take_scheme(said, "Forwarded", hop.proto); !taken) return taken.error();
    }
    if (!hop.host.empty()) {
      if (auto taken = take_host(said, "Forwarded", hop.host); !taken) return taken.error();
    }
  }
  return said;
}

// Each proxy appends to these lists, or puts its own value in their place: the value of the farthest trusted one is that many
// from the end, or the first.
std::string_view farthest(const std::vector<std::string_view>& values, std::size_t trusted) {
  return values.empty() ? std::string_view() : values[values.size() - std::min(values.size(), trusted)];
}

model::Result<Said> by_x_forwarded(const rest::Request& request, const TrustedProxies& proxies) {
  Said said;
  const auto walked = walk(values_of(request, "X-Forwarded-For"), proxies);
  said.client = walked.client;
  if (const auto proto = farthest(values_of(request, "X-Forwarded-Proto"), walked.trusted); !proto.empty()) {
    if (auto taken = take_scheme(said, "X-Forwarded-Proto", proto); !taken) return taken.error();
  }
  if (const auto host = farthest(values_of(request, "X-Forwarded-Host"), walked.trusted); !host.empty()) {
    if (auto taken = take_host(said, "X-Forwarded-Host", host); !taken) return taken.error();
  }
  if (const auto text = farthest(values_of(request, "X-Forwarded-Port"), walked.trusted); !text.empty()) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size() || port == 0) {
      return malformed("X-Forwarded-Port", text, "that is no port");
    }
    if (said.authority && said.authority->port == 0) said.authority->port = port;
  }
  // Each proxy has taken its own part of the path away, the farthest the first.
  const auto prefixes = values_of(request, "X-Forwarded-Prefix");
  for (std::size_t i = prefixes.size() - std::min(prefixes.size(), walked.trusted); i < prefixes.size(); ++i) {
    const auto prefix = parse_prefix(prefixes[i]);
    if (!prefix) return malformed("X-Forwarded-Prefix", prefixes[i], "that is no path");
    said.prefix = said.prefix.value_or("") + *prefix;
  }
  return said;
}

bool contradict(const Said& a, const Said& b, std::string_view scheme) {
  if (!a.scheme.empty() && !b.scheme.empty() && a.scheme != b.scheme) return true;
  if (a.client && b.client && *a.client != *b.client) return true;
  if (!a.scheme.empty() || !b.scheme.empty()) scheme = a.scheme.empty() ? b.scheme : a.scheme;
  return a.authority && b.authority && origin_text(scheme, *a.authority) != origin_text(scheme, *b.authority);
}

}  // namespace

model::Result<TrustedProxies> TrustedProxies::parse(const std::vector<std::string>& networks) {
  TrustedProxies out;
  for (const auto& text : networks) {
    Network network;
    error_code trouble;
    const auto slash = std::min(text.find('/'), text.size());
    network.address = boost::asio::ip::make_address(text.substr(0, slash), trouble);
    const unsigned most = network.address.is_v4() ? 32 : 128;
    network.bits = most;
    bool bad = static_cast<bool>(trouble);
    if (slash < text.size()) {
      const auto [end, error] = std::from_chars(text.data() + slash + 1, text.data() + text.size(), network.bits);
      bad = bad || error != std::errc() || end != text.data() + text.size() || network.bits > most;
    }
    if (bad) {
      return model::failure(model::FailureKind::bad_request, model::IssueCode::value,
                            "'" + text + "' is no address and no network like 10.0.0.0/8, of a proxy to be trusted");
    }
    out.networks_.push_back(network);
  }
  return out;
}

bool TrustedProxies::contains(address given) const {
  given = plain(given);
  return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
    if (network.address.is_v4() != given.is_v4()) return false;
    return given.is_v4() ? same_prefix(given.to_v4().to_bytes(), network.address.to_v4().to_bytes(), network.bits)
                         : same_prefix(given.to_v6().to_bytes(), network.address.to_v6().to_bytes(), network.bits);
  });
}

model::Result<Forwarding> read_forwarding(const rest::Request& request, const TrustedProxies& proxies,
                                          const rest::ServiceOptions& options) {
  auto said = by_forwarded(request, proxies);
  if (!said) return said.error();
  const auto older = by_x_forwarded(request, proxies);
  if (!older) return older.error();
  const auto own = parse_base_url(options.base_url);
  const std::string_view own_scheme = own ? own->scheme : "http";
  if (contradict(*said, *older, own_scheme)) {
    return malformed("Forwarded", request.header("Forwarded"),
                     "it says something else than the X-Forwarded headers; a proxy must drop those that it does not set itself");
  }
  if (!said->client) said->client = older->client;
  if (said->scheme.empty()) said->scheme = older->scheme;
  if (!said->authority) said->authority = older->authority;
  Forwarding out;
  if (said->client) out.client = said->client->to_string();
  if (said->authority) {
    out.base_url = origin_text(said->scheme.empty() ? own_scheme : said->scheme, *said->authority);
    out.base_url += older->prefix ? *older->prefix + options.base_path : own ? own->path : options.base_path;
  }
  return out;
}

}  // namespace http
