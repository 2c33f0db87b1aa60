// What proxies say of the client and the server's address: believed from trusted ones, nothing of it from others.

#include <catch2/catch.hpp>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <unistd.h>

#include "fhir/http/forwarded.h"
#include "fhir/http/origin.h"
#include "tests/http/support.h"

namespace {

using namespace http_test;

constexpr std::string_view patient = R"({"resourceType":"Patient"})";

TEST_CASE("base URLs have one spelling, and what links cannot go below is refused", "[proxy]") {
  struct Row {
    std::string_view given, text;  // text empty: refused
  };
  static constexpr Row rows[] = {
      {"http://example.org/fhir", "http://example.org/fhir"},
      {"HTTPS://Example.ORG:443/fhir/", "https://example.org/fhir"},
      {"http://example.org:80", "http://example.org"},
      {"https://example.org:80/a/b", "https://example.org:80/a/b"},
      {"http://[::1]:8080/fhir", "http://[::1]:8080/fhir"},
      {"http://[2001:DB8:0::1]/fhir", "http://[2001:db8::1]/fhir"},
      {"http://127.0.0.1:8080/fhir//", "http://127.0.0.1:8080/fhir"},
      {"example.org/fhir", ""},
      {"ftp://example.org/fhir", ""},
      {"http:///fhir", ""},
      {"http://user@example.org/fhir", ""},
      {"http://example.org:0/fhir", ""},
      {"http://example.org:65536/fhir", ""},
      {"http://example.org:/fhir", ""},
      {"http://::1/fhir", ""},
      {"http://[::1/fhir", ""},
      {"http://[fe80::1%25eth0]/fhir", ""},
      {"http://example.org/fhir?x", ""},
      {"http://example.org/fhir#x", ""},
      {"http://example.org/a//b", ""},
      {"http://example.org/../fhir", ""},
      {"http://example.org/a b", ""},
      {"http://exa\"mple.org/", ""},
  };
  for (const auto& row : rows) {
    INFO(row.given);
    const auto base = http::parse_base_url(row.given);
    CHECK((base ? base->text() : std::string()) == row.text);
  }
}

TEST_CASE("networks of trusted proxies", "[proxy]") {
  const auto proxies = http::TrustedProxies::parse({"10.0.0.0/8", "192.168.1.7", "2001:db8::/33", "::1"});
  REQUIRE(proxies.has_value());
  const auto trusted = [&](const char* text) { return proxies->contains(boost::asio::ip::make_address(text)); };
  for (const auto* text : {"10.0.0.1", "10.255.255.255", "192.168.1.7", "::ffff:10.1.2.3", "2001:db8:7fff::1", "::1"}) {
    INFO(text);
    CHECK(trusted(text));
  }
  for (const auto* text : {"11.0.0.1", "192.168.1.8", "2001:db8:8000::1", "::2", "::ffff:11.1.2.3", "127.0.0.1"}) {
    INFO(text);
    CHECK_FALSE(trusted(text));
  }
  for (const auto* text : {"10.0.0.0/33", "10.0.0", "10.0.0.0/", "10.0.0.0/x", "::/129", "proxy.example", "", "/8"}) {
    INFO(text);
    CHECK(http::TrustedProxies::parse({text}).has_error());
  }
  CHECK_FALSE(http::TrustedProxies::parse({})->contains(boost::asio::ip::make_address("127.0.0.1")));
}

struct Row {
  std::string_view about;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string_view base_url, client;
};

TEST_CASE("what trusted proxies say, by header", "[proxy]") {
  // 10.0.0.0/8 is ours; 192.0.2.1 is the client; the option's base is http://own:8080/fhir.
  static const Row rows[] = {
      {"nothing said", {}, "", ""},
      {"RFC 7239", {{"Forwarded", "for=192.0.2.1;host=x.org;proto=https"}}, "https://x.org/fhir", "192.0.2.1"},
      {"names in any case, quoted values, ports",
       {{"forwarded", R"(For="192.0.2.1:4711"; HOST="x.org:8443"; Proto=HTTPS)"}},
       "https://x.org:8443/fhir",
       "192.0.2.1"},
      {"IPv6",
       {{"Forwarded", R"(for="[2001:db8::7]:4711";host="[2001:db8::1]:443";proto=https)"}},
       "https://[2001:db8::1]/fhir",
       "2001:db8::7"},
      {"the port unquoted, as some write it", {{"Forwarded", "host=x.org:8080;proto=http"}}, "http://x.org:8080/fhir", ""},
      {"the outermost trusted proxy counts",
       {{"Forwarded", "for=192.0.2.1;host=outer.org;proto=https, for=10.0.0.2;host=inner:81;proto=http"}},
       "https://outer.org/fhir",
       "192.0.2.1"},
      {"in several lines",
       {{"Forwarded", "for=192.0.2.1;host=outer.org;proto=https"}, {"Forwarded", "for=10.0.0.2"}},
       "https://outer.org/fhir",
       "192.0.2.1"},
      {"what the client itself put before does not",
       {{"Forwarded", "for=1.1.1.1;host=evil.org;proto=http, for=192.0.2.1;host=x.org;proto=https"}},
       "https://x.org/fhir",
       "192.0.2.1"},
      {"nor if our proxy names no host", {{"Forwarded", "for=1.1.1.1;host=evil.org, for=192.0.2.1"}}, "", "192.0.2.1"},
      {"hidden and unknown clients", {{"Forwarded", "for=_gazonk;host=x.org"}}, "http://x.org/fhir", ""},
      {"unknown", {{"Forwarded", "for=1.1.1.1;host=evil.org, for=unknown;host=x.org"}}, "http://x.org/fhir", ""},
      {"only the scheme: the option's base stands", {{"X-Forwarded-Proto", "https"}}, "", ""},
      {"X-Forwarded",
       {{"X-Forwarded-For", "192.0.2.1"},
        {"X-Forwarded-Proto", "https"},
        {"X-Forwarded-Host", "x.org"},
        {"X-Forwarded-Port", "8443"}},
       "https://x.org:8443/fhir",
       "192.0.2.1"},
      {"a default port",
       {{"X-Forwarded-Proto", "https"}, {"X-Forwarded-Host", "x.org"}, {"X-Forwarded-Port", "443"}},
       "https://x.org/fhir",
       ""},
      {"the host's own port first", {{"X-Forwarded-Host", "x.org:81"}, {"X-Forwarded-Port", "8443"}}, "http://x.org:81/fhir", ""},
      {"prefix", {{"X-Forwarded-Host", "x.org"}, {"X-Forwarded-Prefix", "/api/v1/"}}, "http://x.org/api/v1/fhir", ""},
      {"prefix /", {{"X-Forwarded-Host", "x.org"}, {"X-Forwarded-Prefix", "/"}}, "http://x.org/fhir", ""},
      {"two proxies that each append",
       {{"X-Forwarded-For", "1.1.1.1, 192.0.2.1, 10.0.0.9"},
        {"X-Forwarded-Host", "evil.org, x.org, inner"},
        {"X-Forwarded-Proto", "http, https, http"},
        {"X-Forwarded-Prefix", "/evil, /a, /b"}},
       "https://x.org/a/b/fhir",
       "192.0.2.1"},
      {"two that each replace",
       {{"X-Forwarded-For", "192.0.2.1, 10.0.0.9"}, {"X-Forwarded-Host", "x.org"}},
       "http://x.org/fhir",
       "192.0.2.1"},
      {"a node with port", {{"X-Forwarded-For", "192.0.2.1:5555"}}, "", "192.0.2.1"},
      {"all trusted", {{"X-Forwarded-For", "10.0.0.3, 10.0.0.9"}}, "", "10.0.0.3"},
      {"both kinds that agree",
       {{"Forwarded", "for=192.0.2.1;host=x.org;proto=https"}, {"X-Forwarded-Host", "x.org:443"}, {"X-Forwarded-Proto", "https"}},
       "https://x.org/fhir",
       "192.0.2.1"},
      // refused:
      {"both kinds that do not", {{"Forwarded", "host=evil.org"}, {"X-Forwarded-Host", "x.org"}}, "400", ""},
      {"schemes that differ", {{"Forwarded", "proto=http"}, {"X-Forwarded-Proto", "https"}}, "400", ""},
      {"clients that differ", {{"Forwarded", "for=1.1.1.1"}, {"X-Forwarded-For", "192.0.2.1"}}, "400", ""},
      {"no host", {{"X-Forwarded-Host", "x.org/evil"}}, "400", ""},
      {"a user's name", {{"X-Forwarded-Host", "x@y"}}, "400", ""},
      {"quotes in a host", {{"X-Forwarded-Host", "x\"><script>"}}, "400", ""},
      {"a port that is none", {{"X-Forwarded-Port", "99999"}}, "400", ""},
      {"a scheme that is none of ours", {{"X-Forwarded-Proto", "javascript"}}, "400", ""},
      {"a prefix with ..", {{"X-Forwarded-Prefix", "/a/../b"}}, "400", ""},
      {"a prefix that is a host", {{"X-Forwarded-Prefix", "//evil.org"}}, "400", ""},
      {"a parameter without a value", {{"Forwarded", "for"}}, "400", ""},
      {"an open quote", {{"Forwarded", "for=\"192.0.2.1"}}, "400", ""},
      {"twice", {{"Forwarded", "for=192.0.2.1;for=192.0.2.2"}}, "400", ""},
  };
  const auto proxies = http::TrustedProxies::parse({"10.0.0.0/8"});
  rest::ServiceOptions options;
  options.base_url = "http://own:8080/fhir";
  for (const auto& row : rows) {
    INFO(row.about);
    rest::Request request;
    request.headers = row.headers;
    const auto said = http::read_forwarding(request, *proxies, options);
    CHECK((said ? said->base_url : std::string("400")) == row.base_url);
    if (said) CHECK(said->client == row.client);
  }
  // A proxy that maps /r4 to /fhir: the path is the option's where no prefix is said.
  options.base_url = "https://own/r4";
  rest::Request request;
  request.headers = {{"X-Forwarded-Host", "x.org"}};
  CHECK(http::read_forwarding(request, *proxies, options)->base_url == "https://x.org/r4");
  request.headers.emplace_back("X-Forwarded-Prefix", "/t1");
  CHECK(http::read_forwarding(request, *proxies, options)->base_url == "https://x.org/t1/fhir");
}

TEST_CASE("a peer that is no trusted proxy changes no link", "[proxy]") {
  for (const bool trusted : {false, true}) {
    http::ServerOptions options;
    options.trusted_proxies = {trusted ? "127.0.0.0/8" : "10.0.0.0/8"};
    const auto log = (std::filesystem::temp_directory_path() / ("kiln-proxy-log." + std::to_string(getpid()))).string();
    options.access_log = log;
    {
      Serving serving(options);
      Raw raw(serving.port());
      raw.send(
          post("/fhir/Patient", patient,
               "Forwarded: for=192.0.2.1;host=x.org;proto=https\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Host: x.org\r\n"));
      const auto answer = raw.read();
      REQUIRE(answer.status == 201);
      const auto own = "http://127.0.0.1:" + std::to_string(serving.port()) + "/fhir/Patient/";
      CHECK(answer.header("Location").starts_with(trusted ? "https://x.org/fhir/Patient/" : own));
      raw.send(get("/fhir/Patient", "X-Forwarded-Host: a b\r\n"));
      CHECK(raw.read().status == (trusted ? 400 : 200));
      raw.send(get("/fhir/Patient"));  // nothing of the request before is left on the connection
      CHECK(raw.read().body.find(own) != std::string::npos);
    }
    std::ifstream in(log);
    std::stringstream text;
    text << in.rdbuf();
    CHECK((text.str().find(R"("client":"192.0.2.1","method":"POST")") != std::string::npos) == trusted);
    CHECK(text.str().find(R"("client":"127.0.0.1","method":"GET")") != std::string::npos);
    std::remove(log.c_str());
  }
}

TEST_CASE("a network of proxies that is none is refused before anything is served", "[proxy]") {
  http::ServerOptions options;
  options.port = 0;
  options.trusted_proxies = {"10.0.0.0/99"};
  const auto server = http::Server::listen(options);
  REQUIRE(server.has_error());
  CHECK(server.error().issues.list().at(0).diagnostics.find("10.0.0.0/99") != std::string::npos);
}

}  // namespace
