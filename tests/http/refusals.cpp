// What the pump refuses by itself is answered as everything else is: in the format that the request asks for, as far as it was
// read, with the request's name, and readable by the page that asked. R4 http.html#mime-type, #parameters (_format), #custom.

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "resources-gen/formats/xml.h"
#include "resources-gen/model/schema.h"
#include "tests/http/support.h"

using namespace http_test;

namespace {

enum class Form { json, xml, html };

// That the body is an OperationOutcome in that form, and called so.
void check_form(const Answer& answer, Form form) {
  const auto type = answer.header("Content-Type");
  switch (form) {
    case Form::json:
      CHECK(type.starts_with("application/fhir+json"));
      CHECK(is_outcome(answer));
      break;
    case Form::xml: {
      CHECK(type == "application/fhir+xml; charset=utf-8");
      const auto read = formats::read_xml(answer.body, model::r4());
      REQUIRE(read.ok());
      CHECK(read.tree.root().type_name() == "OperationOutcome");
      break;
    }
    case Form::html:
      CHECK(type == "text/html; charset=utf-8");
      CHECK(answer.body.starts_with("<!DOCTYPE html>"));
      CHECK(answer.body.find("OperationOutcome") != std::string::npos);
      CHECK_FALSE(answer.header("Content-Security-Policy").empty());
      break;
  }
}

constexpr std::string_view origin = "https://app.example.org";

http::ServerOptions tight() {
  http::ServerOptions options;
  options.max_header_bytes = 2048;
  options.max_body_bytes = 1000;
  options.header_timeout = options.body_timeout = std::chrono::seconds(1);
  options.cors_origins = {std::string(origin)};
  options.trusted_proxies = {"127.0.0.1"};
  return options;
}

// The service's answers, but for what a test has it do.
class Standing final : public rest::Endpoint {
 public:
  using Handle = std::function<void(rest::Request, std::function<void(rest::Response)>)>;
  Standing(rest::Service& service, Handle handle) : service_(service), handle_(std::move(handle)) {}
  void handle(rest::Request request, std::function<void(rest::Response)> done) override {
    handle_(std::move(request), std::move(done));
  }
  std::optional<rest::Response> try_quick(const rest::Request&) const override { return std::nullopt; }
  const rest::ServiceOptions& options() const override { return service_.options(); }
  void complete(const rest::Request& request, rest::Response& response) const override { service_.complete(request, response); }

 private:
  rest::Service& service_;
  Handle handle_;
};

class Broken final : public rest::BodySource {
 public:
  Next next(std::string&) override { return Next::broken; }
};

}  // namespace

TEST_CASE("refusals of the pump are in the format that the request asks for", "[refusals]") {
  rest::ServiceOptions service;
  service.max_binary_bytes = 100'000;
  Serving serving(tight(), service);
  struct Row {
    const char* what;
    // Around what asks for a format and says who asks: in the query, and in the header.
    std::string before, between, after;
    int status;
  };
  const std::string host = " HTTP/1.1\r\nHost: h\r\n", json = "Content-Type: application/fhir+json\r\n";
  const std::string much(200'000, 'x');
  const Row rows[] = {
      {"no host", "GET /fhir/Patient", " HTTP/1.1\r\n", "\r\n", 400},
      {"two hosts", "GET /fhir/Patient", host + "Host: i\r\n", "\r\n", 400},
      {"a bad chunk", "POST /fhir/Patient", host, "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
      {"a space before the colon", "GET /fhir/Patient", host, "X : y\r\n\r\n", 400},
      {"proxies that say two things", "GET /fhir/Patient", host, "Forwarded: for=1.1.1.1\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n",
       400},
      {"a target that names nothing", "GET /elsewhere", host, "Host: i\r\n\r\n", 400},
      {"no coding is taken", "GET /fhir/Patient", host, "Accept-Encoding: identity;q=0\r\n\r\n", 406},
      {"a body that takes too long", "POST /fhir/Patient", host, json + "Content-Length: 5\r\n\r\n{", 408},
      {"a header that takes too long", "GET /fhir/Patient", host, "X-More: ", 408},
      {"a large body", "POST /fhir/Patient", host, json + "Content-Length: 2000\r\n\r\n", 413},
      {"large chunks", "POST /fhir/Patient", host, "Transfer-Encoding: chunked\r\n\r\n7d0\r\n" + std::string(2000, 'x'), 413},
      {"large content", "PUT /fhir/Binary/a", host, "Content-Type: a/b\r\nContent-Length: 200000\r\n\r\n" + much, 413},
      {"content in a coding unknown", "PUT /fhir/Binary/a", host,
       "Content-Type: a/b\r\nContent-Encoding: compress\r\nContent-Length: 5\r\n\r\nabcde", 415},
      {"content that is damaged", "PUT /fhir/Binary/a", host,
       "Content-Type: a/b\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde", 400},
      {"a coding unknown", "POST /fhir/Patient", host, json + "Content-Encoding: compress\r\nContent-Length: 1\r\n\r\n{", 415},
      {"a coding named in no known letters", "POST /fhir/Patient", host,
       json + "Content-Encoding: \xff<&>\r\nContent-Length: 1\r\n\r\n{", 415},
      {"a body that is damaged", "POST /fhir/Patient", host, json + "Content-Encoding: br\r\nContent-Length: 2\r\n\r\n{}", 400},
      {"a long header", "GET /fhir/Patient", host, "X-Long: " + std::string(5000, 'a') + "\r\n\r\n", 431},
      {"a long trailer", "POST /fhir/Patient", host, "Transfer-Encoding: chunked\r\n\r\n0\r\nX: " + std::string(9000, 'a'), 431},
      {"a transfer coding", "POST /fhir/Patient", host, "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
  };
  struct Asked {
    std::string query, accept;
    Form form;
  };
  const Asked asked[] = {{"", "", Form::json},
                         {"", "Accept: application/fhir+xml\r\n", Form::xml},
                         {"?_format=xml", "Accept: application/fhir+json\r\n", Form::xml},
                         {"?_format=application/fhir+xml&x=%zz", "", Form::xml},  // what reads of a query is heeded
                         {"?_format=json", "Accept: application/fhir+xml\r\n", Form::json},
                         {"", "Accept: text/html, application/xhtml+xml, application/xml;q=0.9\r\n", Form::html},
                         {"?_format=nonsense", "Accept: application/fhir+xml\r\n", Form::json},
                         {"", "Accept: image/png\r\nAccept: application/fhir+xml\r\n", Form::xml}};
  const std::string names = "Origin: " + std::string(origin) + "\r\nX-Request-Id: mine\r\nX-Correlation-Id: ours\r\n";
  // Those that wait for a deadline wait together.
  struct Open {
    const Row& row;
    const Asked& asked;
    std::unique_ptr<Raw> raw;
  };
  std::vector<Open> open;
  for (const auto& row : rows) {
    for (const auto& each : asked) {
      open.push_back({row, each, std::make_unique<Raw>(serving.port())});
      open.back().raw->send(row.before + each.query + row.between + each.accept + names + row.after);
    }
  }
  for (auto& each : open) {
    INFO(each.row.what << ": " << each.asked.query << " " << each.asked.accept);
    const auto answer = each.raw->read();
    CHECK(answer.status == each.row.status);
    check_form(answer, each.asked.form);
    CHECK(answer.header("X-Request-Id") == "mine");
    CHECK(answer.header("X-Correlation-Id") == "ours");
    CHECK(answer.header("Access-Control-Allow-Origin") == origin);
    CHECK(answer.header("Vary") == "Accept, Accept-Encoding, Origin");
    if (each.row.status == 415) CHECK(answer.header("Accept-Encoding") == "zstd, br, gzip, deflate");  // RFC 9110 15.5.16
  }
}

TEST_CASE("of a first line that is cut off, what came of its query says the format", "[refusals]") {
  Serving serving(tight());
  struct Row {
    std::string bytes;
    int status;
    Form form;
  };
  const std::string many = "&name=" + std::string(5000, 'a');
  for (const auto& row :
       {Row{"GET /fhir/Patient?_format=xml" + many, 414, Form::xml},
        Row{"GET /fhir/Patient?_format=html" + many, 414, Form::html}, Row{"GET /fhir/Patient?" + many, 414, Form::json},
        Row{"GET /fhir/Patient?_format=xml HTTP/9.9\r\n\r\n", 400, Form::xml},
        Row{"\x16\x03\x01 ?_format=xml%\r\n\r\n", 400, Form::json}, Row{std::string(5000, 'G'), 414, Form::json},
        Row{"GET /fhir/Patient?_format=xml&name=", 408, Form::xml}, Row{"GET", 408, Form::json}}) {
    INFO(row.bytes.substr(0, 60));
    Raw raw(serving.port());
    raw.send(row.bytes);
    const auto answer = raw.read();
    CHECK(answer.status == row.status);
    check_form(answer, row.form);
    CHECK(answer.header("X-Request-Id").size() == 15);
  }
}

TEST_CASE("a refusal is indented where that is asked for, and without its body after HEAD", "[refusals]") {
  Serving serving(tight());
  Raw raw(serving.port());
  raw.send("GET /fhir/Patient?_pretty=true HTTP/1.1\r\n\r\n");
  CHECK(raw.read().body.find("\n  \"resourceType\"") != std::string::npos);
  Raw head(serving.port());
  head.send("HEAD /fhir/Patient HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\nAccept: application/fhir+xml\r\n\r\n");
  const auto answer = head.read(true);
  CHECK(answer.status == 501);
  CHECK(answer.header("Content-Type") == "application/fhir+xml; charset=utf-8");
  CHECK(head.ended());  // RFC 9110 9.3.2: nothing but the header
}

TEST_CASE("a server with more to do than it can is heard in every format", "[refusals]") {
  auto node = commands::Node::open("", {});
  REQUIRE(node.has_value());
  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
  std::atomic<int> begun{0};
  Standing busy((*node)->service(), [&](rest::Request, std::function<void(rest::Response)> done) {
    ++begun;
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return open; });
    done({});
  });
  auto options = tight();
  options.workers = 1;
  options.max_waiting = 1;
  Serving serving(busy, options);
  std::vector<std::unique_ptr<Raw>> waiting;
  for (int i = 0; i < 2; ++i) {
    waiting.push_back(std::make_unique<Raw>(serving.port()));
    waiting.back()->send(get("/fhir/Patient"));
    while (begun == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // the second stands in the queue
  Raw raw(serving.port());
  for (const auto& [accept, form] : {std::pair("application/fhir+xml", Form::xml), std::pair("text/html", Form::html),
                                     std::pair("application/fhir+json", Form::json)}) {
    raw.send(get("/fhir/Patient", "X-Request-Id: late\r\nOrigin: " + std::string(origin) + "\r\nAccept: " + accept + "\r\n"));
    const auto answer = raw.read();
    CHECK(answer.status == 503);
    check_form(answer, form);
    CHECK(answer.header("Retry-After") == "1");
    CHECK(answer.header("X-Request-Id") == "late");
    CHECK(answer.header("Access-Control-Allow-Origin") == origin);
  }
  {
    const std::lock_guard lock(mutex);
    open = true;
  }
  changed.notify_all();
  for (auto& each : waiting) CHECK(each->read().status == 200);
}

TEST_CASE("content that cannot be read is said in the format asked for", "[refusals]") {
  auto node = commands::Node::open("", {});
  REQUIRE(node.has_value());
  Standing broken((*node)->service(), [](rest::Request, std::function<void(rest::Response)> done) {
    rest::Response response;
    response.source = std::make_shared<Broken>();
    response.content_type = "application/zip";
    done(std::move(response));
  });
  Serving serving(broken, {});
  Raw raw(serving.port());
  raw.send(get("/fhir/Binary/a?_format=xml", "X-Request-Id: mine\r\n"));
  const auto answer = raw.read();
  CHECK(answer.status == 500);
  check_form(answer, Form::xml);
  CHECK(answer.header("X-Request-Id") == "mine");
}

TEST_CASE("who finds no room is told so, and a page can read it", "[refusals]") {
  struct Row {
    std::vector<std::string> origins;
    std::string allowed, credentials;
  };
  for (const auto& row : {Row{{}, "", ""}, Row{{"*"}, "*", ""}, Row{{"https://a.example"}, "https://a.example", "true"},
                          Row{{"https://a.example", "https://b.example"}, "", ""}, Row{{"https://a.example", "*"}, "*", ""}}) {
    INFO(row.origins.size() << " " << row.allowed);
    http::ServerOptions options;
    options.max_connections = 1;
    options.cors_origins = row.origins;
    Serving serving(options);
    Raw first(serving.port());
    first.send(get("/fhir/metadata"));
    REQUIRE(first.read().status == 200);
    Raw second(serving.port());
    const auto answer = second.read();
    CHECK(answer.status == 503);
    check_form(answer, Form::json);
    CHECK(answer.header("X-Request-Id").size() == 15);
    CHECK(answer.header("Retry-After") == "5");
    CHECK(answer.header("Connection") == "close");
    CHECK(answer.header("Vary").starts_with("Accept, Accept-Encoding"));
    CHECK(answer.header("Access-Control-Allow-Origin") == row.allowed);
    CHECK(answer.header("Access-Control-Allow-Credentials") == row.credentials);
    CHECK(second.ended());
  }
}
