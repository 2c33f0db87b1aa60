// 64 clients that repeat what was not answered, under Idempotency-Keys, while the server is killed again and again: every request
// is carried out once and has one answer; a follower of the change feed sees what was committed. KILN_ONCE=long: 10,000 requests,
// 1,000 identifiers, ten kills; KILN_KILL_SEED.

#include <algorithm>
#include <atomic>
#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "tests/kill/follower.h"
#include "tests/kill/talk.h"
#include "tests/support/process.h"

namespace {

using namespace kill_test;
namespace json = boost::json;

constexpr int clients = 64;

struct Size {
  int requests = 800, identifiers = 80, kills = 3;
};

Size chosen_size() {
  const char* text = std::getenv("KILN_ONCE");
  return text != nullptr && std::string_view(text) == "long" ? Size{10000, 1000, 10} : Size{};
}

// What a client is told, and must be told again.
struct Told {
  int status = 0;
  std::string body, place, tag, when;
  bool operator==(const Told&) const = default;
};

Told told(const http::ClientResponse& answer) {
  return {answer.status, answer.body, std::string(answer.header("Location")), std::string(answer.header("ETag")),
          std::string(answer.header("Last-Modified"))};
}

struct Asked {
  std::string method, path, body, key;
  std::vector<std::pair<std::string, std::string>> headers;
};

// Every identifier comes about ten times, at another place in the sixteen kinds of request each time.
std::string identifier_of(int number, const Size& size) {
  return std::to_string((number + number / size.identifiers) % size.identifiers);
}

// Eleven of sixteen are conditional creates, of which many name the same identifier; the others are plain creates, transactions,
// batches and updates, which would show a second time at once.
Asked request(int number, const Size& size) {
  const std::string text = std::to_string(number);
  Asked asked{"POST", "/Patient", "", "key-" + text, {}};
  const auto entry = [&](const std::string& method, const std::string& url, const std::string& resource) {
    return R"({"resource":)" + resource + R"(,"request":{"method":")" + method + R"(","url":")" + url + "\"}}";
  };
  const std::string basic = R"({"resourceType":"Basic","code":{"text":")" + text + "\"}}";
  const std::string counter = R"({"resourceType":"Basic","id":"counter","code":{"text":")" + text + "\"}}";
  switch (number % 16) {
    case 3:
    case 7:
      asked.path = "/Basic";
      asked.body = basic;
      break;
    case 11:
      asked.path = "";
      asked.body = R"({"resourceType":"Bundle","type":"transaction","entry":[)" + entry("POST", "Basic", basic) + "," +
                   entry("PUT", "Basic/counter", counter) + "]}";
      break;
    case 13:
      asked.path = "";
      asked.body = R"({"resourceType":"Bundle","type":"batch","entry":[)" + entry("POST", "Basic", basic) + "," +
                   entry("PUT", "Basic/counter", counter) + "]}";
      break;
    case 15:
      asked.method = "PUT";
      asked.path = "/Basic/counter";
      asked.body = counter;
      break;
    default: {
      const auto identifier = identifier_of(number, size);
      asked.body = patient(identifier, identifier);
      asked.headers.emplace_back("If-None-Exist", criteria(identifier));
    }
  }
  asked.headers.emplace_back("Idempotency-Key", asked.key);
  asked.headers.emplace_back("Content-Type", "application/fhir+json");
  return asked;
}

// Where the server is; it moves with every kill.
class Place {
 public:
  std::string url() {
    const std::lock_guard lock(mutex_);
    return url_;
  }
  void set(std::string url) {
    {
      const std::lock_guard lock(mutex_);
      url_ = std::move(url);
    }
    moved_.notify_all();
  }
  // Another than `old`, if one comes within a second.
  std::string after(const std::string& old) {
    std::unique_lock lock(mutex_);
    moved_.wait_for(lock, std::chrono::seconds(1), [&] { return url_ != old; });
    return url_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable moved_;
  std::string url_;
};

class Faults {
 public:
  void add(std::string text) {
    const std::lock_guard lock(mutex_);
    faults_.push_back(std::move(text));
  }
  const std::vector<std::string>& all() const { return faults_; }

 private:
  std::mutex mutex_;
  std::vector<std::string> faults_;
};

// One client: its connection follows the server about; what is not answered is sent again, the same, until it is.
class Client {
 public:
  explicit Client(Place& place) : place_(place), url_(place.url()), client_(connect(url_)) {}

  http::ClientResponse ask(const Asked& asked, int& tries) {
    for (;;) {
      ++tries;
      auto answer = client_->request(asked.method, asked.path, asked.body, asked.headers);
      if (answer && answer->status != 503) return std::move(*answer);
      const auto now = place_.after(url_);
      if (now == url_) continue;
      url_ = now;
      client_ = connect(url_);
    }
  }

 private:
  Place& place_;
  std::string url_;
  std::unique_ptr<http::Client> client_;
};

void each_request(int count, const std::function<void(Client&, int)>& what, Place& place) {
  std::atomic<int> next{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < clients; ++i) {
    threads.emplace_back([&] {
      Client client(place);
      for (int number = next++; number < count; number = next++) what(client, number);
    });
  }
  for (auto& thread : threads) thread.join();
}

struct Row {
  std::uint64_t commit = 0;
  std::string line;
  bool operator==(const Row&) const = default;
};

std::vector<Row> rows(std::string_view text) {
  std::vector<Row> out;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    out.push_back({json::parse(line).at("commit").to_number<std::uint64_t>(), std::string(line)});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace

TEST_CASE("requests under Idempotency-Keys are carried out once, whatever is killed and repeated") {
  const Size size = chosen_size();
  const char* given = std::getenv("KILN_KILL_SEED");
  const auto seed = given ? static_cast<std::uint32_t>(std::strtoul(given, nullptr, 10)) : std::random_device()();
  INFO("KILN_KILL_SEED=" << seed);
  std::mt19937 random(seed);
  tests::Scratch scratch;
  Place place;
  Faults faults;
  auto served = std::make_unique<tests::Served>(scratch / "data");
  place.set(served->url());
  Follower follower([&] { return place.url(); });

  std::vector<Told> answers(static_cast<std::size_t>(size.requests));
  std::atomic<int> answered{0}, repeated{0}, replays{0};
  std::thread killer([&] {
    for (int kill = 1; kill <= size.kills; ++kill) {
      // At a moment that nobody chose, within the kill's share of the requests.
      const int share = size.requests / (size.kills + 1);
      const int at = share * kill - static_cast<int>(random() % static_cast<std::uint32_t>(share));
      while (answered < at) std::this_thread::sleep_for(std::chrono::microseconds(200));
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 3000));
      served->kill();
      served = std::make_unique<tests::Served>(scratch / "data");
      place.set(served->url());
    }
  });
  each_request(
      size.requests,
      [&](Client& client, int number) {
        const auto asked = request(number, size);
        int tries = 0;
        const auto answer = client.ask(asked, tries);
        repeated += tries - 1;
        auto& first = answers[static_cast<std::size_t>(number)] = told(answer);
        if (first.status != 200 && first.status != 201)
          return faults.add(asked.key + " is answered with " + std::to_string(first.status) + " " + first.body.substr(0, 300));
        ++answered;
        if (number % 4 != 0) return;
        const auto again = client.ask(asked, tries);
        ++replays;
        if (told(again) != first) faults.add(asked.key + " is answered otherwise at once: " + first.body + " and " + again.body);
        if (again.header("Idempotent-Replayed") != "true") faults.add(asked.key + " is not said to be replayed");
      },
      place);
  killer.join();

  // Once more after another kill: every answer, byte for byte.
  served->kill();
  served = std::make_unique<tests::Served>(scratch / "data");
  place.set(served->url());
  each_request(
      size.requests,
      [&](Client& client, int number) {
        const auto asked = request(number, size);
        int tries = 0;
        const auto again = client.ask(asked, tries);
        ++replays;
        const auto& first = answers[static_cast<std::size_t>(number)];
        if (told(again) != first)
          faults.add(asked.key + " is answered otherwise after a kill: " + first.place + " " + first.body + " and " +
                     std::to_string(again.status) + " " + std::string(again.header("Location")) + " " + again.body);
        if (again.header("Idempotent-Replayed") != "true") faults.add(asked.key + " is not said to be replayed after a kill");
      },
      place);

  // What is there: a Patient for each identifier, a Basic for each plain create, a version of the counter for each update.
  const auto client = connect(served->url());
  const auto feed = client->request("GET", "/_changes", "", {});
  REQUIRE(feed.has_value());
  const auto lines = rows(feed->body);
  std::map<std::string, int> patients, basics;
  int counters = 0;
  for (const auto& row : lines) {
    const auto value = json::parse(row.line).as_object();
    const auto& resource = value.at("resource").as_object();
    if (value.at("type").as_string() == "Patient") {
      ++patients[std::string(resource.at("identifier").at(0).at("value").as_string())];
    } else if (value.at("id").as_string() == "counter") {
      ++counters;
    } else {
      ++basics[std::string(resource.at("code").at("text").as_string())];
    }
  }
  std::set<std::string> wanted_patients;
  std::size_t wanted_basics = 0;
  int wanted_counters = 0, made = 0;
  for (int number = 0; number < size.requests; ++number) {
    const int kind = number % 16;
    if (kind == 3 || kind == 7 || kind == 11 || kind == 13) ++wanted_basics;
    if (kind == 11 || kind == 13 || kind == 15) ++wanted_counters;
    if (kind % 4 != 3 && kind != 13) {
      wanted_patients.insert(identifier_of(number, size));
      made += answers[static_cast<std::size_t>(number)].status == 201;
    }
  }
  CHECK(wanted_patients.size() == static_cast<std::size_t>(size.identifiers));
  CHECK(patients.size() == wanted_patients.size());
  for (const auto& [identifier, times] : patients) {
    if (times != 1) faults.add("there are " + std::to_string(times) + " Patients of identifier " + identifier);
  }
  CHECK(static_cast<std::size_t>(made) == wanted_patients.size());  // one client was told that it made it, in the end
  CHECK(basics.size() == wanted_basics);
  for (const auto& [text, times] : basics) {
    if (times != 1) faults.add("the create of " + text + " was carried out " + std::to_string(times) + " times");
  }
  CHECK(counters == wanted_counters);

  // The follower saw the same, in order, each commit as one event and once.
  REQUIRE_FALSE(lines.empty());
  std::vector<Row> seen;
  for (const auto& event : follower.finish(lines.back().commit)) {
    for (auto& row : rows(event.data)) {
      if (std::to_string(row.commit) != event.id)
        faults.add("event " + event.id + " has a version of commit " + std::to_string(row.commit));
      seen.push_back(std::move(row));
    }
  }
  CHECK(seen.size() == lines.size());
  CHECK((seen == lines));
  CHECK(follower.connections() > 1);
  CHECK(served->stop() == 0);
  CHECK(repeated > 0);
  std::printf(
      "%d requests of %d clients (seed %u), %d kills: %d sent again for want of an answer, %d replays, %zu versions, "
      "%d connections of the follower\n",
      size.requests, clients, seed, size.kills + 1, repeated.load(), replays.load(), lines.size(), follower.connections());
  for (std::size_t i = 0; i < std::min<std::size_t>(faults.all().size(), 20); ++i) FAIL_CHECK(faults.all()[i]);
  CHECK(faults.all().empty());
}
