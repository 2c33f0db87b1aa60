#include "tests/kill/proof.h"

#include <algorithm>
#include <boost/json.hpp>
#include <functional>
#include <stdexcept>
#include <thread>

#include "tests/kill/talk.h"

namespace kill_test {
namespace {

namespace json = boost::json;

http::ClientResponse get(http::Client& client, const std::string& path) {
  auto got = client.request("GET", path, "", {});
  if (!got) throw std::runtime_error("no answer to GET " + path);
  return std::move(*got);
}

json::object bundle(const http::ClientResponse& answer) {
  auto read = object(answer.body);
  if (answer.status != 200 || !read) throw std::runtime_error(std::to_string(answer.status) + ": " + answer.body.substr(0, 500));
  return std::move(*read);
}

const json::array& entries(const json::object&& bundle) = delete;  // lives in the bundle
const json::array& entries(const json::object& bundle) {
  static const json::array none;
  const auto* found = bundle.if_contains("entry");
  return found == nullptr ? none : found->as_array();
}

// An entry of a history: its id, version and content.
struct Version {
  std::string id;
  std::uint64_t version;
  Content content;
};

Version version_of_entry(const json::object& entry) {
  const auto& request = entry.at("request").as_object();
  const auto version = version_of_etag(std::string_view(entry.at("response").at("etag").as_string()));
  const std::string place(request.at("url").as_string());
  if (request.at("method").as_string() == "DELETE") return {place.substr(place.find('/') + 1), version, {"", true}};
  const auto& resource = entry.at("resource").as_object();
  if (version_of(resource) != version) throw std::runtime_error("an entry of two versions: " + json::serialize(entry));
  return {id_of(resource), version, {stamp_of(resource), false}};
}

std::string text(const Content& content) { return content.deleted ? "a deletion" : "'" + content.stamp + "'"; }

// The id that the record's identifier finds; empty if none. Several are a fault.
std::string found_by_identifier(http::Client& client, Ledger& ledger, const Record& record, json::object& match) {
  const auto page = bundle(get(client, "/Patient?" + criteria(record.identifier)));
  const auto& found = entries(page);
  if (found.size() > 1)
    ledger.count(&Ledger::doubled, record.identifier + " finds " + std::to_string(found.size()) + " resources");
  if (found.empty()) return {};
  match = found.at(0).at("resource").as_object();
  return id_of(match);
}

void prove_record(http::Client& client, Ledger& ledger, Record& record) {
  json::object match;
  const auto found = found_by_identifier(client, ledger, record, match);
  if (record.id.empty()) {
    if (found.empty()) {
      record.unanswered.clear();  // never made
      return;
    }
    record.id = found;
  }

  std::map<std::uint64_t, Content> history;
  const auto answer = get(client, "/Patient/" + record.id + "/_history?_count=1000");
  if (answer.status == 200) {
    const auto page = bundle(answer);
    for (const auto& entry : entries(page)) {
      const auto version = version_of_entry(entry.as_object());
      if (!history.emplace(version.version, version.content).second) {
        ledger.count(&Ledger::doubled, record.id + " has version " + std::to_string(version.version) + " twice");
      }
    }
  }
  for (const auto& [number, content] : record.acknowledged) {
    const auto place = history.find(number);
    if (place == history.end()) {
      ledger.count(&Ledger::lost, record.id + ": version " + std::to_string(number) + ", acknowledged, is gone");
    } else if (place->second != content) {
      ledger.count(&Ledger::lost, record.id + ": version " + std::to_string(number) + " was acknowledged with " + text(content) +
                                      " and holds " + text(place->second));
    }
  }
  std::uint64_t expected = 1;
  for (const auto& [number, content] : history) {
    if (number != expected)
      ledger.fault(record.id + ": version " + std::to_string(expected) + " is missing before " + std::to_string(number));
    expected = number + 1;
    if (record.acknowledged.contains(number)) continue;
    const auto sent = std::find(record.unanswered.begin(), record.unanswered.end(), content);
    if (sent == record.unanswered.end()) {
      ledger.count(&Ledger::doubled, record.id + ": nobody asked for version " + std::to_string(number) + ", " + text(content));
    } else {
      record.unanswered.erase(sent);
      ledger.read_back(content.stamp);
    }
    record.acknowledged.emplace(number, content);
  }
  record.unanswered.clear();
  if (history.empty()) return;

  const auto& [newest, content] = *history.rbegin();
  const auto read = get(client, "/Patient/" + record.id);
  const auto resource = read.status == 200 ? object(read.body) : std::nullopt;
  const bool as_it_was = content.deleted
                             ? read.status == 410 && found.empty()
                             : resource && version_of(*resource) == newest && stamp_of(*resource) == content.stamp &&
                                   found == record.id && version_of(match) == newest && stamp_of(match) == content.stamp;
  if (!as_it_was) {
    ledger.count(&Ledger::lost, record.id + " at version " + std::to_string(newest) + ", " + text(content) + ", is read as " +
                                    std::to_string(read.status) + " " + read.body.substr(0, 300) + " and found as '" + found +
                                    "'");
  }
}

// Every page of a Bundle from `path` on.
void each_entry(const std::string& url, http::Client& client, std::string path,
                const std::function<void(const json::object&)>& take) {
  while (!path.empty()) {
    const auto page = bundle(get(client, path));
    for (const auto& entry : entries(page)) take(entry.as_object());
    path.clear();
    for (const auto& link : page.at("link").as_array()) {
      if (link.at("relation").as_string() == "next") path = std::string(link.at("url").as_string()).substr(url.size());
    }
  }
}

}  // namespace

void prove_records(const std::string& url, Ledger& ledger, const std::vector<Record*>& records, int connections) {
  std::vector<std::thread> threads;
  for (int first = 0; first < connections; ++first) {
    threads.emplace_back([&, first] {
      const auto client = connect(url);
      for (std::size_t i = static_cast<std::size_t>(first); i < records.size(); i += static_cast<std::size_t>(connections)) {
        try {
          prove_record(*client, ledger, *records[i]);
        } catch (const std::exception& e) {
          ledger.fault(records[i]->identifier + ": " + e.what());
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

void prove_transactions(Ledger& ledger) {
  for (const auto& transaction : ledger.transactions) {
    std::size_t found = 0;
    for (const auto& stamp : transaction.stamps) found += ledger.found_stamps.count(stamp);
    if (found != 0 && found != transaction.stamps.size()) {
      ledger.count(&Ledger::halves, "of a transaction's " + std::to_string(transaction.stamps.size()) + " writes, " +
                                        std::to_string(found) + " are there: " + transaction.stamps.front());
    }
  }
  ledger.transactions.clear();
  ledger.found_stamps.clear();
}

void prove_whole(const std::string& url, Ledger& ledger) {
  std::map<std::pair<std::string, std::uint64_t>, Content> wanted;
  std::set<std::string> alive;
  for (const auto& record : ledger.records) {
    for (const auto& [number, content] : record.acknowledged) wanted.emplace(std::pair(record.id, number), content);
    if (!record.acknowledged.empty() && !record.acknowledged.rbegin()->second.deleted) alive.insert(record.id);
  }
  try {
    const auto client = connect(url);
    each_entry(url, *client, "/_history?_count=1000", [&](const json::object& entry) {
      const auto version = version_of_entry(entry);
      const auto place = wanted.find(std::pair(version.id, version.version));
      if (place == wanted.end()) {
        ledger.count(&Ledger::doubled, "the system's history has " + version.id + " version " + std::to_string(version.version) +
                                           " twice, or it is nobody's");
        return;
      }
      if (place->second != version.content)
        ledger.count(&Ledger::lost, "the system's history has " + version.id + " otherwise than acknowledged");
      wanted.erase(place);
    });
    each_entry(url, *client, "/Patient?_count=1000", [&](const json::object& entry) {
      const auto id = id_of(entry.at("resource").as_object());
      if (alive.erase(id) == 0)
        ledger.count(&Ledger::doubled, "the search for every Patient finds " + id + " twice, or it is nobody's");
    });
  } catch (const std::exception& e) {
    ledger.fault(e.what());
  }
  for (const auto& [key, content] : wanted) {
    ledger.count(&Ledger::lost, "the system's history lacks " + key.first + " version " + std::to_string(key.second));
  }
  for (const auto& id : alive) ledger.count(&Ledger::lost, "the search for every Patient lacks " + id);
}

}  // namespace kill_test
