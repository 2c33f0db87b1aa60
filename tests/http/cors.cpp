// Pages of other origins: Fetch standard, section 3.2 (HTTP extensions); R4 http.html and security.html#cors. And the names of
// requests.

#include <catch2/catch.hpp>

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "fhir/http/cors.h"
#include "fhir/rest/request_id.h"
#include "tests/http/support.h"

namespace {

using namespace http_test;

std::string preflight(std::string_view target, std::string_view origin, std::string_view method) {
  return "OPTIONS " + std::string(target) + " HTTP/1.1\r\nHost: h\r\nOrigin: " + std::string(origin) +
         "\r\nAccess-Control-Request-Method: " + std::string(method) +
         "\r\nAccess-Control-Request-Headers: content-type,if-match\r\n\r\n";
}

http::ServerOptions with(std::vector<std::string> origins) {
  http::ServerOptions options;
  options.cors_origins = std::move(origins);
  return options;
}

TEST_CASE("origins have one spelling; what is none is refused", "[cors]") {
  for (const auto* text :
       {"*", "https://app.example.org", "HTTP://Localhost:3000", "https://app.example.org:443/", "http://[::1]:3000"}) {
    INFO(text);
    CHECK(http::Cors::parse({text}).has_value());
  }
  for (const auto* text : {"", "app.example.org", "https://app.example.org/path", "null", "https://*.example.org", "ftp://x"}) {
    INFO(text);
    CHECK(http::Cors::parse({text}).has_error());
  }
}

TEST_CASE("without an origin allowed nothing is said to pages", "[cors]") {
  Serving serving;
  Raw raw(serving.port());
  raw.send(preflight("/fhir/Patient", "https://app.example.org", "POST"));
  const auto answer = raw.read();
  CHECK(answer.status == 204);
  CHECK(answer.head.find("Access-Control") == std::string::npos);
  raw.send(get("/fhir/metadata", "Origin: https://app.example.org\r\n"));
  CHECK(raw.read().head.find("Access-Control") == std::string::npos);
}

TEST_CASE("a page of a named origin may ask, with credentials; others may not", "[cors]") {
  Serving serving(with({"https://App.example.org:443"}));
  Raw raw(serving.port());
  raw.send(preflight("/fhir/Patient/1", "https://app.example.org", "PUT"));
  auto answer = raw.read();
  CHECK(answer.status == 204);
  CHECK(answer.header("Access-Control-Allow-Origin") == "https://app.example.org");
  CHECK(answer.header("Access-Control-Allow-Credentials") == "true");
  CHECK(answer.header("Access-Control-Allow-Methods") == answer.header("Allow"));
  CHECK(answer.header("Access-Control-Allow-Methods").find("PUT") != std::string::npos);
  for (const auto* name : {"Content-Type", "Accept", "Authorization", "If-Match", "If-None-Match", "If-None-Exist",
                           "If-Modified-Since", "Prefer", "X-Request-Id", "X-Provenance", "Idempotency-Key"}) {
    INFO(name);
    CHECK(answer.header("Access-Control-Allow-Headers").find(name) != std::string::npos);
  }
  CHECK_FALSE(answer.header("Access-Control-Max-Age").empty());
  CHECK(answer.head.find("Origin\r\n") != std::string::npos);

  raw.send(get("/fhir/Patient", "Origin: https://app.example.org\r\n"));
  answer = raw.read();
  CHECK(answer.status == 200);
  CHECK(answer.header("Access-Control-Allow-Origin") == "https://app.example.org");
  for (const auto* name : {"ETag", "Location", "Content-Location", "Last-Modified", "X-Request-Id"}) {
    INFO(name);
    CHECK(answer.header("Access-Control-Expose-Headers").find(name) != std::string::npos);
  }
  CHECK(answer.header("Vary").find("Origin") != std::string::npos);

  for (const auto* origin : {"https://evil.example.org", "http://app.example.org", "https://app.example.org.evil.org", "null"}) {
    INFO(origin);
    raw.send(get("/fhir/Patient", "Origin: " + std::string(origin) + "\r\n"));
    answer = raw.read();
    CHECK(answer.status == 200);
    CHECK(answer.head.find("Access-Control") == std::string::npos);
    CHECK(answer.header("Vary").find("Origin") != std::string::npos);  // or a cache would hand this to the other
    raw.send(preflight("/fhir/Patient", origin, "GET"));
    CHECK(raw.read().head.find("Access-Control") == std::string::npos);
  }
  raw.send(get("/fhir/Patient"));
  answer = raw.read();
  CHECK(answer.head.find("Access-Control") == std::string::npos);
  CHECK(answer.header("Vary").find("Origin") != std::string::npos);
}

TEST_CASE("with * every page may ask, without credentials", "[cors]") {
  Serving serving(with({"*", "https://app.example.org"}));
  Raw raw(serving.port());
  raw.send(get("/fhir/Patient", "Origin: https://else.example\r\n"));
  auto answer = raw.read();
  CHECK(answer.header("Access-Control-Allow-Origin") == "*");
  CHECK(answer.header("Access-Control-Allow-Credentials").empty());
  raw.send(get("/fhir/Patient", "Origin: https://app.example.org\r\n"));
  answer = raw.read();
  CHECK(answer.header("Access-Control-Allow-Origin") == "https://app.example.org");
  CHECK(answer.header("Access-Control-Allow-Credentials") == "true");
}

TEST_CASE("a page can read what is wrong with its request, whoever finds it", "[cors]") {
  auto options = with({"https://app.example.org"});
  options.max_body_bytes = 1000;
  Serving serving(options);
  const std::string origin = "Origin: https://app.example.org\r\n";
  struct Row {
    std::string request;
    int status;
  };
  const Row rows[] = {
      {get("/fhir/NoSuchType/1", origin), 404},
      {get("/fhir/Patient/none", origin), 404},
      {get("/elsewhere", origin), 404},
      {"PATCH /fhir/metadata HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n" + origin + "\r\n", 405},
      {post("/fhir/Patient", std::string(2000, ' '), origin), 413},
      {post("/fhir/Patient", "x", "Content-Encoding: snappy\r\n" + origin), 415},
      {"GET /fhir/Patient HTTP/1.1\r\n" + origin + "\r\n", 400},  // no Host
      {"POST /fhir HTTP/1.1\r\nHost: h\r\n" + origin + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
  };
  for (const auto& row : rows) {
    INFO(row.request.substr(0, 60));
    Raw raw(serving.port());
    raw.send(row.request);
    const auto answer = raw.read();
    CHECK(answer.status == row.status);
    CHECK(answer.header("Access-Control-Allow-Origin") == "https://app.example.org");
    CHECK_FALSE(answer.header("X-Request-Id").empty());
    CHECK(is_outcome(answer));
  }
  // A preflight says yes wherever the request itself is to say no.
  for (const auto* target : {"/fhir/NoSuchType", "/fhir/Patient/1/2/3", "/elsewhere", "/fhir/$nothing"}) {
    INFO(target);
    Raw raw(serving.port());
    raw.send(preflight(target, "https://app.example.org", "GET"));
    const auto answer = raw.read();
    CHECK(answer.status == 204);
    CHECK(answer.header("Access-Control-Allow-Origin") == "https://app.example.org");
    CHECK(answer.body.empty());
    CHECK(answer.header("Content-Type").empty());
  }
}

TEST_CASE("every request has a name of its own, or the one that its client gave it", "[ids]") {
  const auto log = (std::filesystem::temp_directory_path() / ("kiln-ids-log." + std::to_string(getpid()))).string();
  http::ServerOptions options;
  options.access_log = log;
  std::set<std::string> made;
  {
    Serving serving(options);
    Raw raw(serving.port());
    raw.send("PUT /fhir/Patient/1 HTTP/1.1\r\nHost: h\r\nContent-Type: application/fhir+json\r\nContent-Length: 35\r\n\r\n" +
             std::string(R"({"resourceType":"Patient","id":"1"})"));
    made.insert(raw.read().header("X-Request-Id"));
    for (const auto* target : {"/fhir/Patient/1", "/fhir/Patient/1", "/fhir/Patient", "/fhir/Nothing", "/fhir/Patient/none"}) {
      raw.send(get(target));
      made.insert(raw.read().header("X-Request-Id"));
    }
    CHECK(made.size() == 6);
    CHECK(made.count("") == 0);
    for (const auto& id : made) CHECK(rest::is_request_id(id));
    raw.send(get("/fhir/Patient/1", "x-request-id: mine-1\r\nX-Correlation-ID: thread-7\r\n"));
    auto answer = raw.read();
    CHECK(answer.header("X-Request-Id") == "mine-1");
    CHECK(answer.header("X-Correlation-Id") == "thread-7");
    raw.send(get("/fhir/Patient", "X-Request-Id: mine-2\r\nX-Correlation-Id: thread-7\r\n"));
    answer = raw.read();
    CHECK(answer.header("X-Request-Id") == "mine-2");
    CHECK(answer.header("X-Correlation-Id") == "thread-7");
    // What is no id is not given back.
    raw.send(get("/fhir/Patient/1", "X-Request-Id: a b\r\nX-Correlation-Id: c d\r\n"));
    answer = raw.read();
    CHECK(answer.header("X-Request-Id").find(' ') == std::string::npos);
    CHECK_FALSE(answer.header("X-Request-Id").empty());
    CHECK(answer.header("X-Correlation-Id").empty());
    raw.send(get("/fhir/Patient/1", "X-Request-Id: " + std::string(129, 'x') + "\r\n"));
    CHECK(raw.read().header("X-Request-Id").size() == 15);
  }
  std::ifstream in(log);
  std::stringstream text;
  text << in.rdbuf();
  CHECK(text.str().find(R"("requestId":"mine-1","correlationId":"thread-7")") != std::string::npos);
  for (const auto& id : made) CHECK(text.str().find("\"requestId\":\"" + id + "\"") != std::string::npos);
  std::remove(log.c_str());
}

TEST_CASE("names of requests are never given twice", "[ids]") {
  constexpr std::size_t each = 20'000;
  std::vector<std::vector<std::string>> lists(4);
  std::vector<std::thread> threads;
  for (auto& list : lists) {
    threads.emplace_back([&list] {
      for (std::size_t i = 0; i < each; ++i) list.emplace_back(rest::new_request_id());
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<std::string> all;
  for (const auto& list : lists) all.insert(list.begin(), list.end());
  CHECK(all.size() == each * lists.size());
}

}  // namespace
