// What bodies may take of memory, together and of one client.

#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <random>
#include <thread>

#include "fhir/http/admission.h"
#include "fhir/http/content_coding.h"
#include "fhir/http/memory_budget.h"
#include "tests/http/support.h"

using namespace http_test;

namespace {

constexpr std::uint64_t mega = 1u << 20;

}  // namespace

TEST_CASE("shares of memory: all together, half for one, and who is alone has room", "[memory]") {
  http::MemoryBudget budget(8 * mega);
  http::MemoryShare a(budget), again(budget), b(budget), c(budget), nobody(budget);
  a.belongs_to("a");
  again.belongs_to("a");
  b.belongs_to("b");
  c.belongs_to("c");
  CHECK(a.resize(100 * mega));  // alone
  CHECK_FALSE(b.resize(mega));
  CHECK(b.resize(60u << 10));  // a little is free
  CHECK(b.size() == 0);
  CHECK(a.resize(3 * mega));
  CHECK(again.resize(mega));
  CHECK_FALSE(again.resize(2 * mega));  // more than half
  CHECK(again.size() == mega);
  CHECK(b.resize(3 * mega));
  CHECK_FALSE(c.resize(2 * mega));
  CHECK_FALSE(nobody.resize(2 * mega));
  CHECK(nobody.resize(mega));
  CHECK_FALSE(c.resize(mega));
  CHECK(c.resize(mega, true));
  CHECK_FALSE(b.resize(4 * mega));
  CHECK(b.resize(2 * mega));  // less never fails
  for (auto* share : {&a, &again, &b, &c, &nobody}) CHECK(share->resize(0));
  CHECK(b.resize(100 * mega));
}

TEST_CASE("a share goes with its connection's end", "[memory]") {
  http::MemoryBudget budget(2 * mega);
  {
    http::MemoryShare gone(budget);
    gone.belongs_to("a");
    CHECK(gone.resize(2 * mega));
  }
  http::MemoryShare one(budget), other(budget);
  CHECK(one.resize(2 * mega));
  CHECK_FALSE(other.resize(mega));
}

TEST_CASE("bodies beyond the memory for them are refused or wait, and there is room again when others are done", "[memory]") {
  http::ServerOptions options;
  options.body_memory = 80 * mega;  // 40 for bodies, of which a client has 20
  Serving serving(options);
  const auto start = [](std::uint64_t length, std::uint64_t sent) {
    return "POST /fhir/Patient HTTP/1.1\r\nHost: h\r\nContent-Type: application/fhir+json\r\nContent-Length: " +
           std::to_string(length) + "\r\n\r\n" + std::string(sent, ' ');
  };
  const std::string patient = R"({"resourceType":"Patient","photo":[{"data":")" + std::string(15 * mega, 'A') + "\"}]}";
  {
    Raw first(serving.port());  // half of its body, and then nothing
    first.send(start(24 * mega, 12 * mega));
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    Raw second(serving.port());
    second.send(start(24 * mega, 12 * mega));
    const auto refused = second.read();
    CHECK(refused.status == 503);
    CHECK(refused.header("Retry-After") == "1");
    CHECK(refused.body.find("throttled") != std::string::npos);
    CHECK(second.ended());
    Raw small(serving.port());
    small.send(post("/fhir/Patient", R"({"resourceType":"Patient"})"));
    CHECK(small.read().status == 201);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  // Each asks for more than there is to work on beside another: one after the other they are done.
  const auto coded = post("/fhir/Patient", *http::encode_gzip(patient), "Content-Encoding: gzip\r\n");
  std::vector<std::thread> threads;
  std::atomic<int> done{0}, busy{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int attempt = 0; attempt < 200; ++attempt) {
        Raw raw(serving.port());
        raw.send(i % 2 == 0 ? post("/fhir/Patient", patient) : coded);
        const auto status = raw.read().status;
        if (status == 201) {
          ++done;
          return;
        }
        if (status != 503 && status != 0) return;  // refused before it was sent whole, the answer may be lost
        ++busy;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(done == 4);

  // Answers that nobody reads have the memory; others' are refused, those of writes come without their body.
  Raw writer(serving.port());
  writer.send(post("/fhir/Patient", patient));
  const auto written = writer.read();
  REQUIRE(written.status == 201);
  const auto place = written.header("Location");
  const auto path = place.substr(place.find("/fhir"), place.find("/_history") - place.find("/fhir"));
  std::vector<std::unique_ptr<Raw>> idle;
  const auto ask_and_rest = [&](const std::string& what) {
    idle.push_back(std::make_unique<Raw>(serving.port()));
    const int little = 64 << 10;  // the system keeps no more for who does not read
    setsockopt(idle.back()->handle(), SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
    idle.back()->send(get(what));
  };
  ask_and_rest("/fhir/Patient?_count=1");
  ask_and_rest("/fhir/Patient?_count=1");
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  Raw reader(serving.port());
  reader.send(get(path));
  const auto unread = reader.read();
  CHECK(unread.status == 503);
  CHECK(unread.header("Retry-After") == "1");
  reader.send(get("/fhir/Patient?_count=0"));
  CHECK(reader.read().status == 200);
  Raw patcher(serving.port());
  const std::string patch = R"([{"op":"add","path":"/active","value":true}])";
  patcher.send("PATCH " + path + " HTTP/1.1\r\nHost: h\r\nContent-Type: application/json-patch+json\r\nContent-Length: " +
               std::to_string(patch.size()) + "\r\n\r\n" + patch);
  const auto patched = patcher.read();
  CHECK(patched.status == 200);
  CHECK_FALSE(patched.header("ETag").empty());
  CHECK(patched.body.empty());
  idle.clear();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  reader.send(get(path));
  CHECK(reader.read().status == 200);

  // So does what is made while it is sent: a line of the feed is as large as its resource, and so is content kept within one.
  writer.send(post("/fhir/Binary",
                   R"({"resourceType":"Binary","contentType":"text/plain","data":")" + std::string(15 * mega, 'A') + "\"}"));
  const auto content = writer.read();
  REQUIRE(content.status == 201);
  const auto at = content.header("Location").find("/fhir");
  for (const std::string& asked : {std::string("/fhir/_changes"), content.header("Location").substr(at)}) {
    INFO(asked);
    ask_and_rest(asked);
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    Raw late(serving.port());
    late.send(get(asked));
    const auto busy_now = late.read();
    CHECK(busy_now.status == 503);
    CHECK(busy_now.header("Retry-After") == "1");
    idle.clear();
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    Raw again(serving.port());
    again.send(get(asked));
    CHECK(again.read().status == 200);
  }
}

TEST_CASE("uploads under way have their share of memory, what undoes their coding above all", "[memory]") {
  http::ServerOptions options;
  options.body_memory = 160 * mega;  // 80 for bodies, of which a client has 40
  Serving serving(options);
  const auto start = [](const char* coding) {
    return std::string("POST /fhir/Binary HTTP/1.1\r\nHost: h\r\nContent-Type: application/pdf\r\nContent-Encoding: ") + coding +
           "\r\nContent-Length: 400000\r\n\r\n";
  };
  const auto upload = [](const std::string& content, const std::string& header) {
    return "POST /fhir/Binary HTTP/1.1\r\nHost: h\r\nContent-Type: application/pdf\r\n" + header +
           "Content-Length: " + std::to_string(content.size()) + "\r\n\r\n" + content;
  };
  std::string noise;  // which no coding makes smaller
  std::mt19937 random(1);
  while (noise.size() < 390000) noise += static_cast<char>(random());
  const auto half = http::encode_brotli(noise)->substr(0, 200 << 10);
  std::vector<std::unique_ptr<Raw>> halves;
  for (int i = 0; i < 2; ++i) {
    halves.push_back(std::make_unique<Raw>(serving.port()));
    halves.back()->send(start("br") + half);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  Raw third(serving.port());
  third.send(start("br") + half);
  const auto refused = third.read();
  CHECK(refused.status == 503);
  CHECK(refused.header("Retry-After") == "1");
  Raw plain(serving.port());  // there is room for one without a coding
  plain.send(upload(noise, ""));
  CHECK(plain.read().status == 201);
  halves.clear();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  Raw whole(serving.port());
  whole.send(upload(*http::encode_brotli(noise), "Content-Encoding: br\r\n"));
  CHECK(whole.read().status == 201);
}

TEST_CASE("one client leaves an eighth of the connections to others", "[memory]") {
  http::Admission admission(16);
  for (int i = 0; i < 14; ++i) CHECK(admission.enter("a"));
  CHECK_FALSE(admission.enter("a"));
  CHECK(admission.enter("b"));
  CHECK(admission.enter(""));
  CHECK(admission.count() == 16);
  CHECK_FALSE(admission.enter("c"));
  CHECK_FALSE(admission.enter(""));
  admission.leave("");
  CHECK_FALSE(admission.enter("a"));
  CHECK(admission.enter("c"));
  admission.leave("a");
  CHECK(admission.enter("a"));
  for (int i = 0; i < 14; ++i) admission.leave("a");
  admission.leave("b");
  admission.leave("c");
  CHECK(admission.count() == 0);
}
