// Hostile clients against the real binary: each costs only itself. While they are at it another client reads and writes; its
// times and the server's memory are measured. The limits are the usual ones but for the deadlines, which are short.

#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <mutex>
#include <thread>

#include "fhir/http/content_coding.h"
#include "tests/http/support.h"
#include "tests/support/measured.h"
#include "tests/support/process.h"

using namespace http_test;

namespace {

using Clock = std::chrono::steady_clock;

using tests::measured;

// Under a sanitizer what goes before may take longer than a request waits for its memory.
bool is_late(int status) { return !measured && status == 503; }

// The most memory that the process ever had, MB.
std::size_t peak_memory(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoul(line.substr(6)) / 1024;
  }
  return 0;
}

// A client that behaves: reads, and now and then writes, on one connection; remembers how long each read took.
class Neighbour {
 public:
  explicit Neighbour(std::uint16_t port) : raw_(port) {
    raw_.send(post("/fhir/Patient", R"({"resourceType":"Patient"})"));
    const auto place = raw_.read().header("Location");
    path_ = place.substr(place.find("/fhir"), place.find("/_history") - place.find("/fhir"));
    thread_ = std::thread([this] { run(); });
  }
  ~Neighbour() {
    stop_ = true;
    thread_.join();
  }
  // Milliseconds of the slowest but one in a hundred since the last call; 0 if it was hardly served at all.
  double p99() {
    const std::lock_guard lock(mutex_);
    auto times = std::move(times_);
    times_.clear();
    if (times.size() < 20) return 0;
    std::sort(times.begin(), times.end());
    return times[times.size() * 99 / 100];
  }
  bool served() const { return !failed_; }

 private:
  void run() {
    for (int i = 0; !stop_; ++i) {
      const auto start = Clock::now();
      const bool sent = raw_.send(get(path_));
      if (!sent || raw_.read().status != 200) break;
      {
        const std::lock_guard lock(mutex_);
        times_.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
      }
      if (i % 10 == 0 && (!raw_.send(post("/fhir/Patient", R"({"resourceType":"Patient"})")) || raw_.read().status != 201)) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    failed_ = !stop_;
  }

  Raw raw_;
  std::string path_;
  std::mutex mutex_;
  std::vector<double> times_;
  std::atomic<bool> stop_{false}, failed_{false};
  std::thread thread_;
};

// What `count` clients at once got for the same request: a status each, 0 if the connection ended.
std::vector<int> ask(std::uint16_t port, std::size_t count, const std::string& request) {
  std::vector<int> statuses(count, -1);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      Raw raw(port);
      raw.send(request);  // refused early, the rest is not taken
      statuses[i] = raw.read().status;
    });
  }
  for (auto& thread : threads) thread.join();
  return statuses;
}

std::string repeat(std::string_view text, std::size_t times) {
  std::string all;
  all.reserve(text.size() * times);
  while (times-- > 0) all += text;
  return all;
}

}  // namespace

TEST_CASE("hostile clients cost only themselves", "[alone]") {
  const tests::Scratch scratch;
  tests::Served served(scratch / "data", {"--header-timeout", "1", "--body-timeout", "1", "--body-memory", "512"});
  const auto port = static_cast<std::uint16_t>(std::stoi(served.url().substr(served.url().rfind(':') + 1)));
  Neighbour neighbour(port);
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  const double before = neighbour.p99();
  CHECK(before > 0);
  // What the machine gives when nobody attacks, before and after, is allowed for: others may be using it.
  const auto calm = [&](const char* attack) {
    const double during = neighbour.p99();
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    const double quiet = std::max(before, neighbour.p99());
    INFO(attack << ": p99 of others " << during << " ms (quiet " << quiet << "), memory at most " << peak_memory(served.pid())
                << " MB");
    CHECK(neighbour.served());
    if (measured) CHECK(during < 50 + 10 * quiet);
  };

  // Slow headers, slow bodies, and clients that say nothing.
  {
    std::vector<std::unique_ptr<Raw>> slow;
    for (int i = 0; i < 300; ++i) {
      slow.push_back(std::make_unique<Raw>(port));
      if (i % 3 == 0) slow.back()->send("GET /fhir/Patient/");
      if (i % 3 == 1) slow.back()->send("POST /fhir/Patient HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n{");
    }
    std::size_t alive = slow.size();
    const auto start = Clock::now();
    while (alive > slow.size() / 3 && Clock::now() - start < std::chrono::seconds(10)) {
      alive = 0;
      for (std::size_t i = 0; i < slow.size(); ++i) alive += i % 3 == 2 || slow[i]->send("x");
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    CHECK(alive == slow.size() / 3);  // those that said nothing have more time
    calm("slow");
  }

  // Huge headers and endless ones.
  {
    const auto huge = get("/fhir/Patient", "X-Huge: " + std::string(4u << 20, 'x') + "\r\n");
    const auto many = get("/fhir/Patient", repeat("X-Many: 1\r\n", 1u << 19));
    for (const auto status : ask(port, 8, huge)) CHECK((status == 431 || status == 0));  // reset: the answer may be lost with it
    for (const auto status : ask(port, 8, many)) CHECK((status == 431 || status == 0));
    for (const auto status : ask(port, 4, "GET /fhir/" + std::string(1u << 20, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n"))
      CHECK((status == 414 || status == 0));
    calm("headers");
  }

  // Requests within requests.
  {
    const std::string inner = "DELETE /fhir/Patient/x HTTP/1.1\r\nHost: h\r\n\r\n";
    const std::string length = "Content-Length: " + std::to_string(inner.size()) + "\r\n";
    const std::string head = "POST /fhir/Patient HTTP/1.1\r\nHost: h\r\nContent-Type: application/fhir+json\r\n";
    for (const auto& framing :
         {"Content-Length: 0\r\n" + length, length + "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\n" + length,
          length + "Content-Length: 5\r\n", std::string("Transfer-Encoding: chunked, identity\r\n"),
          std::string("Transfer-Encoding: xchunked\r\n"), std::string("Content-Length: +5\r\n"),
          std::string("Content-Length: 0x10\r\n"), std::string("Content-Length : 5\r\n"),
          std::string("Content-Length: 18446744073709551620\r\n")}) {
      INFO(framing);
      Raw raw(port);
      raw.send(head + framing + "\r\n" + inner + inner);
      const auto status = raw.read().status;
      CHECK(((status >= 400 && status < 500) || status == 501));
      CHECK(raw.ended());  // nothing after it is taken for a request
    }
    calm("smuggling");
  }

  // Floods of requests whose answers nobody reads until the end.
  {
    std::vector<std::thread> threads;
    std::atomic<int> answered{0};
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        Raw raw(port);
        std::thread sending([&] { raw.send(repeat(get("/fhir/Patient/nobody"), 500)); });
        for (int answer = 0; answer < 500 && raw.read().status == 404; ++answer) ++answered;
        sending.join();
      });
    }
    for (auto& thread : threads) thread.join();
    CHECK(answered == 8 * 500);
    calm("flood");
  }

  // Compression bombs.
  {
    const auto bomb = *http::encode_gzip(std::string(256u << 20, ' '));
    const auto nested = *http::encode_gzip(bomb);
    for (const auto status : ask(port, 4, post("/fhir/Patient", bomb, "Content-Encoding: gzip\r\n"))) CHECK(status == 413);
    for (const auto status : ask(port, 4, post("/fhir/Patient", nested, "Content-Encoding: gzip, gzip\r\n")))
      CHECK(status == 413);
    calm("bombs");
    if (measured) CHECK(peak_memory(served.pid()) < 1000);
  }

  // Nesting a million deep.
  {
    constexpr std::size_t deep = 1000000;
    for (const auto& body : {repeat("[", deep) + repeat("]", deep), repeat(R"({"a":)", deep),
                             R"({"resourceType":"Patient","extension":[)" + repeat(R"({"url":"u","extension":[)", deep),
                             R"({"resourceType":"Bundle","entry":[{"resource":)" +
                                 repeat(R"({"resourceType":"Bundle","entry":[{"resource":)", deep)}) {
      for (const auto status : ask(port, 2, post("/fhir/Patient", body))) CHECK((status == 400 || status == 422));
    }
    calm("nesting");
    if (measured) CHECK(peak_memory(served.pid()) < 1000);
  }

  // Names as long as R4 lets them be.
  {
    const std::string name = R"({"family":")" + std::string((1u << 20) - 1, 'a') + "\"}";
    const auto body = R"({"resourceType":"Patient","name":[)" + repeat(name + ",", 15) + name + "]}";
    for (const auto status : ask(port, 2, post("/fhir/Patient", body))) CHECK((status == 201 || is_late(status)));
    calm("names");
  }

  // Large bodies that stop half-way, all at once; then pages of what is large, which nobody reads.
  {
    std::vector<std::unique_ptr<Raw>> held;
    const std::string begun =
        "POST /fhir/Patient HTTP/1.1\r\nHost: h\r\nContent-Length: 60000000\r\n\r\n" + std::string(8u << 20, ' ');
    for (int i = 0; i < 64; ++i) {
      held.push_back(std::make_unique<Raw>(port));
      held.back()->send(begun);
    }
    calm("half bodies");
    if (measured) CHECK(peak_memory(served.pid()) < 1000);
    held.clear();
    for (int i = 0; i < 64; ++i) {
      held.push_back(std::make_unique<Raw>(port));
      const int little = 64 << 10;  // the system keeps no more for who does not read
      setsockopt(held.back()->handle(), SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
      held.back()->send(get("/fhir/Patient?name=aaaa&_count=1000"));
    }
    std::this_thread::sleep_for(std::chrono::seconds(1));
    calm("unread pages");
    if (measured) CHECK(peak_memory(served.pid()) < 1000);
  }

  // Bundles of a million entries.
  {
    const auto entries = repeat(R"({"request":{"method":"GET","url":"Patient/a"}},)", 1u << 20);
    const auto body = R"({"resourceType":"Bundle","type":"batch","entry":[)" + entries.substr(0, entries.size() - 1) + "]}";
    for (const auto status : ask(port, 2, post("/fhir", body))) CHECK((status == 413 || is_late(status)));
    calm("Bundles");
    if (measured) CHECK(peak_memory(served.pid()) < 2000);
  }

  CHECK(served.stop() == 0);
}
