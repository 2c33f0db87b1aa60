// TLS: what plain HTTP does, and handshakes that cost their own client only.
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "fhir/http/client.h"
#include "fhir/http/handshakes.h"
#include "tests/http/support.h"
#include "tests/support/process.h"

using namespace http_test;

namespace {

const std::string patient = R"({"resourceType":"Patient","name":[{"family":"Secretname"}]})";
const std::vector<std::pair<std::string, std::string>> json_content{{"Content-Type", "application/fhir+json"}};

// A key of 2048 bits and a certificate for this machine, signed with it.
struct Certificate {
  tests::Scratch scratch;
  std::string key = (scratch / "key.pem").string(), file = (scratch / "cert.pem").string();
  bool made = false;

  Certificate() {
    const auto command =
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost "
        "-addext subjectAltName=IP:127.0.0.1,DNS:localhost -keyout " +
        key + " -out " + file + " >/dev/null 2>&1";
    made = std::system(command.c_str()) == 0;
    if (!made) WARN("SKIPPED: no openssl command: TLS is not tested");
  }
  http::ServerOptions options() const {
    http::ServerOptions options;
    options.tls_certificate = file;
    options.tls_key = key;
    return options;
  }
  std::unique_ptr<http::Client> client(const Serving& serving) const {
    auto client = http::Client::make(url(serving), file);
    REQUIRE(client.has_value());
    return std::move(*client);
  }
  static std::string url(const Serving& serving) { return "https://127.0.0.1:" + std::to_string(serving.port()) + "/fhir"; }
};

}  // namespace

TEST_CASE("TLS serves what plain HTTP does, and refuses old versions and plain text") {
  const Certificate certificate;
  if (!certificate.made) return;
  auto options = certificate.options();
  options.header_timeout = std::chrono::seconds(2);
  Serving serving(options);
  auto client = certificate.client(serving);
  for (int i = 0; i < 3; ++i) {
    const auto answer = client->request("POST", "/Patient", patient, json_content);
    REQUIRE(answer.has_value());
    CHECK(answer->status == 201);
  }
  auto stranger = http::Client::make(Certificate::url(serving), "");
  REQUIRE(stranger.has_value());
  CHECK_FALSE((*stranger)->request("GET", "/metadata", "", {}).has_value());  // nobody it trusts signed this
  const auto old =
      "openssl s_client -connect 127.0.0.1:" + std::to_string(serving.port()) + " -tls1_1 </dev/null >/dev/null 2>&1";
  CHECK(std::system(old.c_str()) != 0);
  Raw plain(serving.port());
  plain.send(get("/fhir/metadata"));
  CHECK(plain.read().status == 0);
  Raw silent(serving.port());
  CHECK(silent.ended());

  auto wrong = options;
  wrong.tls_key = certificate.file;
  CHECK_FALSE(http::Server::listen(wrong).has_value());
}

TEST_CASE("handshakes: few of one client at once, the others in their order, and no client waits for another") {
  http::Handshakes handshakes;
  std::string begun;
  const auto enter = [&](const std::string& client, char name) {
    return handshakes.enter(client, [&begun, name] { begun += name; });
  };
  const auto a = enter("1", 'a'), b = enter("1", 'b'), c = enter("1", 'c'), d = enter("1", 'd'), e = enter("1", 'e');
  CHECK(begun == "ab");
  const auto x = enter("2", 'x');
  CHECK(begun == "abx");
  handshakes.leave("1", d);  // which had not begun
  CHECK(begun == "abx");
  handshakes.leave("1", b);
  CHECK(begun == "abxc");
  handshakes.leave("1", a);
  CHECK(begun == "abxce");
  handshakes.leave("1", c);
  handshakes.leave("1", e);
  handshakes.leave("2", x);
  enter("1", 'f');
  enter("1", 'g');
  enter("1", 'h');
  CHECK(begun == "abxcefg");
}

TEST_CASE("TLS: neither who stalls in a handshake nor a crowd keeps others out") {
  const Certificate certificate;
  if (!certificate.made) return;
  auto options = certificate.options();
  options.header_timeout = std::chrono::seconds(60);
  options.io_threads = 1;
  Serving serving(options);
  std::vector<std::unique_ptr<Raw>> stalled;
  // A record's beginning, its head, most of it; and nothing at all.
  const std::string head("\x16\x03\x01\x02\x00", 5);
  for (const auto& said : {head.substr(0, 1), head.substr(0, 3), head, head + std::string(300, 'x'), std::string()}) {
    for (int i = 0; i < 100; ++i) {
      stalled.push_back(std::make_unique<Raw>(serving.port()));
      REQUIRE((said.empty() || stalled.back()->send(said)));
    }
  }
  // None of them is before us: a turn of each would take longer than a client waits.
  std::atomic<int> served{0};
  std::vector<std::thread> crowd;
  std::vector<std::unique_ptr<http::Client>> clients;
  for (int i = 0; i < 24; ++i) clients.push_back(certificate.client(serving));
  for (auto& client : clients) {
    crowd.emplace_back([&] {
      const auto answer = client->request("POST", "/Patient", patient, json_content);
      if (answer && answer->status == 201) ++served;
    });
  }
  for (auto& thread : crowd) thread.join();
  CHECK(served == 24);
  stalled.clear();
  CHECK(certificate.client(serving)->request("GET", "/metadata", "", {}).has_value());
}

TEST_CASE("TLS: who is refused while it sends hears it") {
  const Certificate certificate;
  if (!certificate.made) return;
  auto options = certificate.options();
  options.max_body_bytes = 1u << 20;
  Serving serving(options);
  const std::string large(3u << 20, ' ');
  for (int i = 0; i < 20; ++i) {
    const auto answer = certificate.client(serving)->request("POST", "/Patient", large, json_content);
    REQUIRE(answer.has_value());
    CHECK(answer->status == 413);
  }
}
