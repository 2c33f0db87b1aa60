// Raw content over the wire: in pieces both ways, within bounds of memory, and gone where it was broken off.
#include <zlib.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <random>
#include <thread>

#include "fhir/http/client.h"
#include "store/blob_rows.h"
#include "tests/http/support.h"
#include "tests/support/measured.h"
#include "tests/support/process.h"

using namespace http_test;

namespace {

std::string content(std::size_t bytes, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string out(bytes, ' ');
  for (std::size_t i = 0; i + 8 <= bytes; i += 8) {
    const auto value = random();
    out.replace(i, 8, reinterpret_cast<const char*>(&value), 8);
  }
  return out;
}

std::string gzipped(const std::string& body) {
  z_stream stream{};
  deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, body.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string put_head(const std::string& id, const std::string& headers) {
  return "PUT /fhir/Binary/" + id + " HTTP/1.1\r\nHost: h\r\nContent-Type: application/zip\r\n" + headers + "\r\n";
}
std::string sized(std::size_t bytes) { return "Content-Length: " + std::to_string(bytes) + "\r\n"; }

std::string chunked(std::string_view body, std::mt19937_64& random) {
  std::string out;
  while (!body.empty()) {
    const auto size = std::min<std::size_t>(body.size(), 1 + random() % 300000);
    char head[20];
    std::snprintf(head, sizeof head, "%zx\r\n", size);
    out.append(head).append(body.substr(0, size)).append("\r\n");
    body.remove_prefix(size);
  }
  return out + "0\r\n\r\n";
}

// Waits until nothing is left of uploads that no version refers to.
bool swept(store::Store& store) {
  for (int i = 0; i < 500; ++i) {
    if (store::marked_blobs(*store.engine().snapshot()).empty()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

// The private memory of a process, in bytes, and the most of it that a watch saw.
std::size_t private_memory(pid_t process) {
  std::ifstream in("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("RssAnon:")) return std::strtoull(line.c_str() + 8, nullptr, 10) << 10;
  }
  return 0;
}
class MemoryWatch {
 public:
  explicit MemoryWatch(pid_t process)
      : thread_([this, process] {
          while (!done_) {
            most_ = std::max(most_.load(), private_memory(process));
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
          }
        }) {}
  ~MemoryWatch() { most(); }
  std::size_t most() {
    done_ = true;
    if (thread_.joinable()) thread_.join();
    return most_;
  }

 private:
  std::atomic<bool> done_{false};
  std::atomic<std::size_t> most_{0};
  std::thread thread_;
};

// Uploads and downloads `bytes` several times over and expects the server's memory to stay where it was, but for `bound`.
void check_memory(std::size_t bytes, std::size_t bound) {
  const tests::Scratch scratch;
  tests::Served served(scratch / "data");
  const auto port = static_cast<std::uint16_t>(std::stoi(served.url().substr(served.url().find(':', 6) + 1)));
  Raw raw(port);
  const auto exchange = [&](const std::string& id, std::size_t size) {
    // Not held here either, beyond one piece: it repeats.
    const auto piece = content(1u << 20, 7);
    REQUIRE(raw.send(put_head(id, sized(size))));
    for (std::size_t sent = 0; sent < size; sent += piece.size())
      REQUIRE(raw.send(std::string_view(piece).substr(0, std::min(piece.size(), size - sent))));
    REQUIRE(raw.read().status == 201);
    REQUIRE(raw.send(get("/fhir/Binary/" + id)));
    const auto head = raw.read_head();
    REQUIRE(head.status == 200);
    REQUIRE(head.header("Content-Length") == std::to_string(size));
    for (std::size_t got = 0; got < size; got += piece.size()) {
      const auto wanted = std::min(piece.size(), size - got);
      REQUIRE(raw.read_some(wanted) == std::string_view(piece).substr(0, wanted));
    }
    REQUIRE(raw.send(get("/fhir/Binary/" + id, "Accept: application/fhir+json\r\n")));
    const auto resource = raw.read_head();
    REQUIRE(resource.status == 200);
    auto left = std::strtoull(resource.header("Content-Length").c_str(), nullptr, 10);
    REQUIRE(left > size / 3 * 4);
    for (std::size_t got = 0; left > 0; left -= got) {
      got = raw.read_some(std::min<std::size_t>(left, 1u << 20)).size();
      REQUIRE(got > 0);
    }
  };
  for (int i = 0; i < 4; ++i) exchange("warm" + std::to_string(i), 3u << 20);  // every worker has its buffers
  const auto before = private_memory(served.pid());
  MemoryWatch watch(served.pid());
  exchange("large", bytes);
  const auto most = watch.most();
  INFO("private memory " << before << ", at most " << most << ", content " << bytes);
  REQUIRE(before > 0);
  if (tests::measured) CHECK(most < before + bound);
  CHECK(served.stop() == 0);
  const auto checked = tests::kiln({"check", "--data", (scratch / "data").string()});
  INFO(checked.output);
  CHECK(checked.status == 0);
}

}  // namespace

TEST_CASE("content comes in with a length, in chunks and compressed, and goes out whole, in part and as a resource") {
  Serving serving;
  std::mt19937_64 random(4);
  Raw raw(serving.port());
  int n = 0;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{1} << 20, (std::size_t{1} << 20) + 1,
                                 std::size_t{5'000'000} + random() % 1000}) {
    const auto body = content(size, random());
    const auto packed = gzipped(body);
    for (const auto& request :
         {put_head("x", sized(body.size())) + body, put_head("x", "Transfer-Encoding: chunked\r\n") + chunked(body, random),
          put_head("x", sized(packed.size()) + "Content-Encoding: gzip\r\n") + packed,
          put_head("x", "Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n") + chunked(packed, random)}) {
      INFO(size << " bytes, way " << n % 4);
      REQUIRE(raw.send(request + get("/fhir/Binary/x", "Accept-Encoding: gzip\r\n") +
                       get("/fhir/Binary/x", "Range: bytes=1000000-1100000\r\n")));  // pipelined
      CHECK(raw.read().status == (n++ == 0 ? 201 : 200));
      const auto whole = raw.read();
      CHECK(whole.status == 200);
      CHECK(whole.header("Content-Type") == "application/zip");
      CHECK(whole.header("Content-Encoding").empty());
      REQUIRE(whole.body == body);
      const auto part = raw.read();
      CHECK(part.status == (size > 1000000 ? 206 : 416));
      if (part.status == 206) CHECK(part.body == body.substr(1000000, 100001));
    }
  }
  CHECK(swept(serving.store()));
  CHECK(serving.store().check().faults.empty());
}

TEST_CASE("content that is too large, damaged or of an unknown coding is refused, and nothing of it stays") {
  rest::ServiceOptions service;
  service.max_binary_bytes = 3'000'000;
  Serving serving({}, service);
  std::mt19937_64 random(5);
  const auto fits = content(3'000'000, 1), beyond = content(3'000'001, 2);
  const auto packed = gzipped(content(2'900'000, 3)), bomb = gzipped(std::string(60'000'000, ' '));
  struct Row {
    const char* what;
    std::string bytes;
    int status;
  };
  const std::vector<Row> rows = {
      {"fits", put_head("fits", sized(fits.size())) + fits, 201},
      {"a length beyond", put_head("a", sized(beyond.size()) + "Expect: 100-continue\r\n"), 413},
      {"chunks beyond", put_head("a", "Transfer-Encoding: chunked\r\n") + chunked(beyond, random), 413},
      {"a bomb", put_head("a", sized(bomb.size()) + "Content-Encoding: gzip\r\n") + bomb, 413},
      {"cut short", put_head("a", sized(packed.size() - 9) + "Content-Encoding: gzip\r\n") + packed.substr(0, packed.size() - 9),
       400},
      {"more behind", put_head("a", sized(packed.size() + 3) + "Content-Encoding: gzip\r\n") + packed + "xyz", 400},
      {"no gzip", put_head("a", sized(fits.size()) + "Content-Encoding: gzip\r\n") + fits, 400},
      {"unknown", put_head("a", sized(fits.size()) + "Content-Encoding: rot13\r\n") + fits, 415},
      {"not met", put_head("fits", sized(fits.size()) + "If-Match: W/\"9\"\r\n") + fits, 412},
      {"no such id", put_head("no_id", sized(fits.size())) + fits, 400},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    Raw raw(serving.port());
    raw.send(row.bytes);
    const auto answer = raw.read();
    CHECK(answer.status == row.status);
    if (row.status >= 400) CHECK(is_outcome(answer));
  }
  {
    Raw gone(serving.port());  // in the middle
    REQUIRE(gone.send(put_head("a", sized(fits.size())) + fits.substr(0, 2'500'000)));
    gone.reset();
  }
  Raw raw(serving.port());
  REQUIRE(raw.send(get("/fhir/Binary?_summary=count") + get("/fhir/Binary/fits")));
  CHECK(raw.read().body.find("\"total\":1") != std::string::npos);
  CHECK(raw.read().body == fits);
  CHECK(swept(serving.store()));
  const auto report = serving.store().check();
  CHECK(report.faults.empty());
  CHECK(report.blobs == 1);
  CHECK(report.blob_bytes == fits.size());
}

TEST_CASE("an upload that stalls is told so, one that only takes its time is not") {
  http::ServerOptions options;
  options.body_timeout = std::chrono::seconds(1);
  Serving serving(options);
  const auto body = content(2'000'000, 1);
  Raw stalled(serving.port()), slow(serving.port());
  REQUIRE(stalled.send(put_head("stalled", sized(body.size())) + body.substr(0, 1'500'000)));
  REQUIRE(slow.send(put_head("slow", sized(body.size()))));
  // Four seconds in all: more than any one piece may take.
  for (int i = 0; i < 8; ++i) {
    REQUIRE(slow.send(std::string_view(body).substr(static_cast<std::size_t>(i) * 250'000, 250'000)));
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
  CHECK(slow.read().status == 201);
  const auto late = stalled.read();
  CHECK(late.status == 408);
  CHECK(is_outcome(late));
  CHECK(swept(serving.store()));
  CHECK(serving.store().check().blobs == 1);
}

TEST_CASE("16 MB go in and out without being held in memory") { check_memory(16u << 20, 6u << 20); }

// build/release/tests/test_http '[long]'
TEST_CASE("300 MB go in and out without being held in memory", "[.][long]") { check_memory(300u << 20, 8u << 20); }
