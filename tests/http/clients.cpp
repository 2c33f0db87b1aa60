// Clients that are slow, vanish or come in crowds; and the server's own end.
#include <sys/socket.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include <boost/json.hpp>

#include "fhir/http/client.h"
#include "tests/http/support.h"
#include "tests/support/process.h"

using namespace http_test;

namespace {

using Clock = std::chrono::steady_clock;
double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

const std::string patient = R"({"resourceType":"Patient","name":[{"family":"Secretname"}]})";

// The server answers others at once.
void check_quick(Serving& serving) {
  const auto start = Clock::now();
  Raw raw(serving.port());
  REQUIRE(raw.send(get("/fhir/metadata")));
  CHECK(raw.read().status == 200);
  CHECK(since(start) < 1);
}

}  // namespace

TEST_CASE("slow clients cost their own connection only, and are told") {
  http::ServerOptions options;
  options.header_timeout = std::chrono::seconds(1);
  options.body_timeout = std::chrono::seconds(1);
  options.idle_timeout = std::chrono::seconds(1);
  Serving serving(options);
  Raw header(serving.port()), body(serving.port()), idle(serving.port()), silent(serving.port()), trickle(serving.port());
  REQUIRE(header.send("GET /fhir/metadata HTTP/1.1\r\nHos"));
  REQUIRE(body.send("POST /fhir/Patient HTTP/1.1\r\nHost: h\r\nContent-Length: 400\r\n\r\n{\"resourceType\""));
  REQUIRE(idle.send(get("/fhir/metadata")));
  CHECK(idle.read().status == 200);
  // A byte now and then does not buy more time.
  std::atomic<bool> closed{false};
  std::thread dripping([&] {
    for (int i = 0; i < 60 && trickle.send("X"); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    closed = true;
  });
  check_quick(serving);
  const auto start = Clock::now();
  const auto late_header = header.read();
  CHECK(late_header.status == 408);
  CHECK(is_outcome(late_header));
  const auto late_body = body.read();
  CHECK(late_body.status == 408);
  CHECK(is_outcome(late_body));
  CHECK(idle.ended());  // between requests: closed without a word
  CHECK(silent.ended());
  CHECK(since(start) < 6);
  dripping.join();
  CHECK(closed);
  CHECK(since(start) < 6);
  check_quick(serving);
}

TEST_CASE("a client that never reads its answers is let go") {
  http::ServerOptions options;
  options.header_timeout = options.body_timeout = std::chrono::seconds(1);  // its last request may stand half sent
  options.max_connections = 2;
  Serving serving(options);
  Raw keeper(serving.port());
  REQUIRE(keeper.send(get("/fhir/metadata")));
  REQUIRE(keeper.read().status == 200);
  Raw deaf(serving.port());
  const int small = 4096;
  setsockopt(deaf.handle(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  std::string flood;
  for (int i = 0; i < 200; ++i) flood += get("/fhir/Patient/nobody");  // a large answer would have a longer deadline
  std::thread flooding([&] {
    while (deaf.send(flood)) {
    }
  });
  // The keeper is served all the while. The deaf one's place is free when the server has let it go; asked of the server, for a
  // reset may be long in reaching a socket whose window is shut (its kernel asks again only after ever longer pauses).
  const auto start = Clock::now();
  int status = 0;
  while (status != 200 && since(start) < 20) {
    REQUIRE(keeper.send(get("/fhir/metadata")));
    REQUIRE(keeper.read().status == 200);
    Raw next(serving.port());
    next.send(get("/fhir/metadata"));
    status = next.read().status;
    if (status != 200) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  CHECK(status == 200);
  shutdown(deaf.handle(), SHUT_RDWR);
  flooding.join();
}

TEST_CASE("half-closed and vanished clients do no harm, and what they sent whole is done") {
  Serving serving;
  Raw half(serving.port());
  REQUIRE(half.send(post("/fhir/Patient", patient)));
  half.end_sending();
  CHECK(half.read().status == 201);
  CHECK(half.ended());
  for (int i = 0; i < 50; ++i) {
    Raw gone(serving.port());
    gone.send(i % 2 == 0 ? post("/fhir/Patient", patient)
                         : std::string("POST /fhir/Patient HTTP/1.1\r\nHost: h\r\nContent-Length: 9999\r\n\r\n{"));
    gone.reset();
  }
  check_quick(serving);
}

TEST_CASE("connections beyond the limit are refused with 503, and there is room again when others go") {
  http::ServerOptions options;
  options.max_connections = 8;
  Serving serving(options);
  {
    std::vector<std::unique_ptr<Raw>> open;
    for (int i = 0; i < 7; ++i) {  // one is for others
      open.push_back(std::make_unique<Raw>(serving.port()));
      REQUIRE(open.back()->send(get("/fhir/metadata")));
      REQUIRE(open.back()->read().status == 200);
    }
    Raw eighth(serving.port());
    const auto answer = eighth.read();
    CHECK(answer.status == 503);
    CHECK(is_outcome(answer));
    CHECK_FALSE(answer.header("Retry-After").empty());
  }
  int status = 0;
  for (int attempt = 0; attempt < 50 && status != 200; ++attempt) {
    Raw again(serving.port());
    again.send(get("/fhir/metadata"));
    status = again.read().status;
    if (status != 200) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  CHECK(status == 200);
}

TEST_CASE("a stop finishes what is under way, closes what is idle, and takes nobody new") {
  http::ServerOptions options;
  Serving serving(options);
  Raw idle(serving.port()), busy(serving.port());
  REQUIRE(idle.send(get("/fhir/metadata")));
  REQUIRE(idle.read().status == 200);
  const auto request = post("/fhir/Patient", patient);
  REQUIRE(busy.send(std::string_view(request).substr(0, request.size() - 5)));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  std::thread stopping([&] { serving.server().stop(std::chrono::seconds(5)); });
  CHECK(idle.ended());
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  CHECK_THROWS(Raw(serving.port()));
  busy.send(std::string_view(request).substr(request.size() - 5));
  const auto answer = busy.read();
  stopping.join();
  CHECK(answer.status == 201);
  CHECK(answer.header("Connection") == "close");
}

TEST_CASE("the access log has a line per request, never what records hold or searches ask for") {
  const tests::Scratch scratch;
  const auto file = (scratch / "access.log").string();
  {
    http::ServerOptions options;
    options.access_log = file;
    Serving serving(options);
    Raw raw(serving.port());
    REQUIRE(raw.send(
        post("/fhir/Patient", patient, "X-Request-Id: ticket-7\r\n") + get("/fhir/Patient?name=Secretname&birthdate=1970-01-02") +
        "POST /fhir/Patient/_search HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "
        "15\r\n\r\nname=Secretname" +
        post("/fhir/Patient", R"({"resourceType":"Patient","gender":"Secretname"})") + "NONSENSE Secretname\r\n\r\n"));
    for (int i = 0; i < 5; ++i) REQUIRE(raw.read().status != 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    std::ifstream early(file);  // on file within a second or so, not only at the end
    std::string first;
    CHECK(std::getline(early, first));
  }
  std::ifstream in(file);
  std::vector<boost::json::object> lines;
  for (std::string line; std::getline(in, line);) {
    INFO(line);
    CHECK(line.find("Secretname") == std::string::npos);
    CHECK(line.find("1970") == std::string::npos);
    lines.push_back(boost::json::parse(line).as_object());
  }
  REQUIRE(lines.size() == 5);
  CHECK(lines[0].at("method") == "POST");
  CHECK(lines[0].at("path") == "/fhir/Patient");
  CHECK(lines[0].at("status") == 201);
  CHECK(lines[0].at("interaction") == "create");
  CHECK(lines[1].at("parameters") == "name,birthdate");
  for (const auto& line : lines) {
    for (const char* member : {"time", "client", "status", "requestBytes", "responseBytes", "microseconds"})
      CHECK(line.contains(member));
  }
}

TEST_CASE("half a line that a crash left in the access log spoils no other") {
  const tests::Scratch scratch;
  const auto file = (scratch / "access.log").string();
  std::ofstream(file) << "{\"status\":200}\n{\"stat";
  for (int start = 0; start < 2; ++start) {
    http::ServerOptions options;
    options.access_log = file;
    Serving serving(options);
    Raw raw(serving.port());
    REQUIRE(raw.send(get("/fhir/Patient/nobody")));
    CHECK(raw.read().status == 404);
  }
  std::ifstream in(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  REQUIRE(lines.size() == 4);
  CHECK(lines[1] == "{\"stat");
  for (const int whole : {2, 3}) CHECK(boost::json::parse(lines[static_cast<std::size_t>(whole)]).at("status") == 404);
}
