// Bodies made while they are sent: framing, back pressure, feeds that wait, sources that fail, clients that go.
#include <sys/socket.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <fstream>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include <boost/json.hpp>

#include "tests/http/support.h"
#include "tests/support/process.h"

using namespace http_test;

namespace {

using Clock = std::chrono::steady_clock;
using Next = rest::BodySource::Next;
double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// What a test knows of a source, before and after its end.
struct Watched {
  std::atomic<int> asked{0};
  std::atomic<bool> together{false};  // it was asked while it was being asked
  std::mutex mutex;
  std::condition_variable changed;
  std::function<void()> wake;
  std::atomic<bool> gone{false};

  bool wait_gone(std::chrono::seconds most) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, most, [this] { return gone.load(); });
  }
  // Once it was asked so often.
  bool wait_asked(int times) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(10), [&] { return asked >= times; });
  }
  void ring() {
    std::function<void()> bell;
    {
      const std::lock_guard lock(mutex);
      bell = wake;
    }
    if (bell) bell();
  }
};

class Scripted final : public rest::BodySource {
 public:
  using Step = std::function<Next(std::string&)>;
  Scripted(std::shared_ptr<Watched> watched, Step step, std::optional<std::uint64_t> length)
      : watched_(std::move(watched)), step_(std::move(step)), length_(length) {}
  ~Scripted() override {
    const std::lock_guard lock(watched_->mutex);
    watched_->gone = true;
    watched_->changed.notify_all();
  }
  Next next(std::string& out) override {
    if (busy_.exchange(true)) watched_->together = true;
    const auto said = step_(out);
    busy_ = false;
    {
      const std::lock_guard lock(watched_->mutex);
      ++watched_->asked;
    }
    watched_->changed.notify_all();
    return said;
  }
  std::optional<std::uint64_t> length() const override { return length_; }
  void on_more(std::function<void()> wake) override {
    const std::lock_guard lock(watched_->mutex);
    watched_->wake = std::move(wake);
  }

 private:
  std::shared_ptr<Watched> watched_;
  Step step_;
  std::optional<std::uint64_t> length_;
  std::atomic<bool> busy_{false};
};

// Each path has a source; another path an ordinary answer.
class Sources final : public rest::Endpoint {
 public:
  std::shared_ptr<Watched> add(const std::string& path, std::function<Scripted::Step()> make,
                               std::optional<std::uint64_t> length = {}) {
    auto watched = std::make_shared<Watched>();
    paths_[path] = {watched, std::move(make), length};
    return watched;
  }
  void handle(rest::Request request, std::function<void(rest::Response)> done) override {
    rest::Response response;
    response.interaction = "test";
    response.headers.emplace_back("Content-Type", "text/plain");
    if (const auto found = paths_.find(request.target); found != paths_.end()) {
      const auto& [watched, make, length] = found->second;
      response.source = std::make_shared<Scripted>(watched, make(), length);
    } else {
      response.body = std::make_shared<const std::string>("plain");
    }
    done(std::move(response));
  }
  std::optional<rest::Response> try_quick(const rest::Request&) const override { return std::nullopt; }
  const rest::ServiceOptions& options() const override { return options_; }

 private:
  rest::ServiceOptions options_;
  struct Path {
    std::shared_ptr<Watched> watched;
    std::function<Scripted::Step()> make;
    std::optional<std::uint64_t> length;
  };
  std::map<std::string, Path> paths_;
};

// Steps of fixed answers, then `last` for ever.
std::function<Scripted::Step()> script(std::vector<std::pair<Next, std::string>> steps, Next last = Next::end) {
  return [steps, last] {
    return [steps, last, at = std::size_t{0}](std::string& out) mutable {
      if (at == steps.size()) return last;
      out += steps[at].second;
      return steps[at++].first;
    };
  };
}

std::string body_of(std::size_t bytes, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::string out(bytes, ' ');
  for (auto& c : out) c = static_cast<char>(random());
  return out;
}

std::string head(const std::string& target) { return "HEAD " + target + " HTTP/1.1\r\nHost: h\r\n\r\n"; }

}  // namespace

TEST_CASE("a body made while it is sent comes whole, with its length or in chunks, and the connection goes on") {
  const auto seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  Sources sources;
  std::map<std::string, std::string> bodies;
  for (int i = 0; i < 12; ++i) {
    const auto whole = body_of(i == 0 ? 0 : random() % (i < 6 ? 300 : 2000000), random());
    std::vector<std::pair<Next, std::string>> steps;
    for (std::size_t from = 0; from < whole.size();) {
      const auto size = std::min<std::size_t>(random() % 5 == 0 ? 0 : 1 + random() % 262144, whole.size() - from);
      steps.emplace_back(Next::more, whole.substr(from, size));
      from += size;
    }
    if (!steps.empty() && random() % 2 == 0) steps.back().first = Next::end;
    const auto path = "/" + std::to_string(i);
    sources.add(path, script(steps), i % 2 == 0 ? std::optional<std::uint64_t>(whole.size()) : std::nullopt);
    bodies[path] = whole;
  }
  Serving serving(sources, {});
  Raw raw(serving.port());
  for (int round = 0; round < 2; ++round) {
    for (const auto& [path, whole] : bodies) {
      REQUIRE(raw.send(get(path) + head(path) + get("/plain")));  // pipelined
      const auto full = raw.read();
      INFO(path);
      REQUIRE(full.status == 200);
      CHECK(full.body == whole);
      const auto bare = raw.read(true);
      CHECK(bare.status == 200);
      CHECK(bare.header("Content-Length") == full.header("Content-Length"));
      CHECK(bare.header("Transfer-Encoding") == full.header("Transfer-Encoding"));
      CHECK(full.header("Content-Length").empty() == (full.header("Transfer-Encoding") == "chunked"));
      CHECK(raw.read().body == "plain");
    }
  }
  for (const auto& [path, whole] : bodies) {  // RFC 9112 6.3: HTTP/1.0 has no chunks, the body ends with the connection
    Raw old(serving.port());
    REQUIRE(old.send("GET " + path + " HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    const auto answer = old.read_head();
    CHECK(answer.header("Transfer-Encoding").empty());
    CHECK(old.read_some(whole.size() + (answer.header("Content-Length").empty() ? 1 : 0)) == whole);
  }
}

TEST_CASE("a source is asked only when the client has read, by one worker at a time, and goes with the client") {
  Sources sources;
  const auto piece = std::make_shared<std::string>(body_of(262144, 1));
  const auto endless = [piece] {
    return [piece](std::string& out) {
      out += *piece;
      return Next::more;
    };
  };
  const auto large = sources.add("/large", endless, std::uint64_t{1} << 40);
  const auto feed = sources.add("/feed", endless);
  Serving serving(sources, {});
  for (const auto& [path, watched] : {std::pair{"/large", large}, std::pair{"/feed", feed}}) {
    INFO(path);
    Raw raw(serving.port());
    REQUIRE(raw.send(get(path)));
    CHECK(raw.read_head().status == 200);
    CHECK(raw.read_some(8u << 20).size() == 8u << 20);
    // The kernel takes some megabytes for both sides; then the source has rest, while others are served.
    int before = -1;
    for (int i = 0; i < 100 && before != watched->asked; ++i) {
      before = watched->asked;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    CHECK(watched->asked < 32 + 128);
    CHECK(watched->asked == before);
    Raw other(serving.port());
    REQUIRE(other.send(get("/plain")));
    CHECK(other.read().body == "plain");
    CHECK_FALSE(watched->gone);
    raw.reset();
    CHECK(watched->wait_gone(std::chrono::seconds(5)));
    CHECK_FALSE(watched->together);
  }
}

TEST_CASE("a feed waits for its wake or a second, holds no worker, and sees its client go") {
  http::ServerOptions options;
  options.workers = 1;
  Sources sources;
  auto news = std::make_shared<std::atomic<int>>(0);
  const auto feed = sources.add("/feed", [news] {
    return [news, told = 0](std::string& out) mutable {
      if (told == *news) return Next::later;
      out = "news " + std::to_string(++told);
      return Next::more;
    };
  });
  const auto quiet = sources.add("/quiet", script({}, Next::later));
  Serving serving(sources, options);
  Raw raw(serving.port());
  REQUIRE(raw.send(get("/feed")));
  CHECK(raw.read_head().status == 200);  // before there is anything to tell
  for (int i = 1; i <= 20; ++i) {
    const auto start = Clock::now();
    ++*news;
    feed->ring();
    CHECK(raw.read_chunk() == "news " + std::to_string(i));
    CHECK(since(start) < 0.8);
    Raw other(serving.port());
    REQUIRE(other.send(get("/plain")));
    CHECK(other.read().body == "plain");
  }
  ++*news;  // nobody rings
  CHECK(raw.read_chunk() == "news 21");
  // Calls too many and from everywhere do no harm.
  std::vector<std::thread> ringing;
  for (int i = 0; i < 4; ++i) {
    ringing.emplace_back([&] {
      for (int n = 0; n < 2000; ++n) feed->ring();
    });
  }
  for (auto& each : ringing) each.join();
  ++*news;
  feed->ring();
  CHECK(raw.read_chunk() == "news 22");
  {
    Raw closing(serving.port());
    REQUIRE(closing.send(get("/quiet")));
    REQUIRE(closing.read_head().status == 200);
    REQUIRE(quiet->wait_asked(1));
  }  // closed, not reset
  CHECK(quiet->wait_gone(std::chrono::seconds(5)));
  raw.reset();
  CHECK(feed->wait_gone(std::chrono::seconds(5)));
  feed->ring();  // long after
  CHECK_FALSE(feed->together);
}

TEST_CASE("what a client sends beside a feed is answered after it; one that has only stopped sending gets all it asked for") {
  Sources sources;
  auto over = std::make_shared<std::atomic<bool>>(false);
  const auto feed = sources.add("/feed", [over] {
    return [over](std::string& out) {
      if (!*over) return Next::later;
      out = "last";
      return Next::end;
    };
  });
  const auto whole = body_of(3000000, 3);
  sources.add("/large", script({{Next::more, whole.substr(0, 1000000)}, {Next::more, whole.substr(1000000)}}), whole.size());
  Serving serving(sources, {});
  Raw raw(serving.port());
  REQUIRE(raw.send(get("/feed") + get("/plain")));
  REQUIRE(raw.read_head().status == 200);
  REQUIRE(feed->wait_asked(1));
  REQUIRE(raw.send(get("/large") + get("/plain").substr(0, 9)));
  *over = true;
  feed->ring();
  CHECK(raw.read_chunk() == "last");
  CHECK(raw.read_chunk().empty());
  CHECK(raw.read().body == "plain");
  CHECK(raw.read().body == whole);
  REQUIRE(raw.send(get("/plain").substr(9)));
  CHECK(raw.read().body == "plain");
  REQUIRE(raw.send(get("/large")));
  raw.end_sending();
  CHECK(raw.read().body == whole);
  CHECK(raw.ended());
}

TEST_CASE("a source that fails is a 500 if nothing was sent, else the client sees that the body is not whole") {
  Sources sources;
  const auto throwing = [] { return [](std::string&) -> Next { throw std::runtime_error("test"); }; };
  sources.add("/at-once", script({}, Next::broken));
  sources.add("/at-once-length", script({}, Next::broken), 100);
  sources.add("/throws", throwing);
  sources.add("/none", script({}), 5);
  const std::string some(1000, 'x');
  sources.add("/later-on", script({{Next::more, some}}, Next::broken));
  sources.add("/later-on-length", script({{Next::more, some}}, Next::broken), 5000);
  sources.add("/short", script({{Next::more, some}}), 5000);
  sources.add("/long", script({{Next::more, some}, {Next::more, some}}), 1500);
  Serving serving(sources, {});
  for (const auto* path : {"/at-once", "/at-once-length", "/throws", "/none"}) {
    INFO(path);
    Raw raw(serving.port());
    REQUIRE(raw.send(get(path)));
    const auto answer = raw.read();
    CHECK(answer.status == 500);
    CHECK(is_outcome(answer));
    CHECK(raw.ended());
  }
  for (const auto* path : {"/later-on", "/later-on-length", "/short", "/long"}) {
    INFO(path);
    Raw raw(serving.port());
    REQUIRE(raw.send(get(path)));
    CHECK(raw.read().status == 0);  // a head, and then no end
    CHECK(raw.ended());
  }
}

TEST_CASE("a client that reads nothing is let go, a feed that has nothing to say is not") {
  http::ServerOptions options;
  options.body_timeout = options.header_timeout = options.idle_timeout = std::chrono::seconds(1);
  Sources sources;
  auto say = std::make_shared<std::atomic<bool>>(false);
  const auto quiet = sources.add("/quiet", [say] {
    return [say, said = false](std::string& out) mutable {
      if (!*say || said) return Next::later;
      said = true;
      out = "still here";
      return Next::more;
    };
  });
  const auto piece = std::make_shared<std::string>(body_of(65536, 1));
  const auto endless = sources.add("/endless", [piece] {
    return [piece](std::string& out) {
      out += *piece;
      return Next::more;
    };
  });
  Serving serving(sources, options);
  Raw feed(serving.port()), deaf(serving.port());
  const int small = 4096;
  setsockopt(deaf.handle(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  REQUIRE(feed.send(get("/quiet")));
  REQUIRE(feed.read_head().status == 200);
  REQUIRE(deaf.send(get("/endless")));
  CHECK(endless->wait_gone(std::chrono::seconds(10)));
  REQUIRE(quiet->wait_asked(4));  // three seconds: thrice every timeout
  CHECK_FALSE(quiet->gone);
  *say = true;
  quiet->ring();
  CHECK(feed.read_chunk() == "still here");
}

TEST_CASE("a stop ends feeds at once and properly, and lets a download come to its end") {
  Sources sources;
  const auto feed = sources.add("/feed", script({{Next::more, "first"}}, Next::later));
  const auto piece = std::make_shared<std::string>(body_of(262144, 1));
  constexpr int pieces = 200;  // more than the kernel takes
  const auto large = sources.add(
      "/large",
      [piece] {
        return [piece, left = pieces](std::string& out) mutable {
          out += *piece;
          return --left == 0 ? Next::end : Next::more;
        };
      },
      std::uint64_t{pieces} * 262144);
  Serving serving(sources, {});
  Raw listening(serving.port()), loading(serving.port());
  REQUIRE(listening.send(get("/feed")));
  REQUIRE(listening.read_head().status == 200);
  REQUIRE(listening.read_chunk() == "first");
  REQUIRE(feed->wait_asked(2));
  REQUIRE(loading.send(get("/large")));
  REQUIRE(large->wait_asked(1));
  const auto start = Clock::now();
  std::thread stopping([&] { serving.server().stop(std::chrono::seconds(20)); });
  CHECK(feed->wait_gone(std::chrono::seconds(2)));
  CHECK(listening.read_some(100) == "0\r\n\r\n");  // the last chunk, then the end
  CHECK(since(start) < 2);
  CHECK(loading.read().body.size() == std::size_t{pieces} * 262144);
  stopping.join();
  CHECK(since(start) < 15);
}

TEST_CASE("the access log has the bytes of bodies made while they were sent, also of those broken off") {
  const tests::Scratch scratch;
  const auto file = (scratch / "access.log").string();
  {
    http::ServerOptions options;
    options.access_log = file;
    Sources sources;
    sources.add("/whole", script({{Next::more, std::string(100000, 'x')}, {Next::end, std::string(100000, 'y')}}));
    const auto feed = sources.add("/feed", script({{Next::more, std::string(5000, 'x')}}, Next::later));
    Serving serving(sources, options);
    Raw raw(serving.port());
    REQUIRE(raw.send(get("/whole")));
    CHECK(raw.read().body.size() == 200000);
    REQUIRE(raw.send(get("/feed")));
    CHECK(raw.read_head().status == 200);
    CHECK(raw.read_chunk().size() == 5000);
    raw.reset();
    CHECK(feed->wait_gone(std::chrono::seconds(5)));
  }
  std::ifstream in(file);
  std::vector<boost::json::object> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(boost::json::parse(line).as_object());
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].at("interaction") == "test");
  CHECK(lines[0].at("responseBytes").to_number<int>() > 200000);
  CHECK(lines[0].at("responseBytes").to_number<int>() < 201000);
  CHECK(lines[1].at("responseBytes").to_number<int>() > 5000);
  CHECK(lines[1].at("responseBytes").to_number<int>() < 6000);
}
