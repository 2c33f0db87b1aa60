#include "tests/kill/writer.h"

#include <boost/json.hpp>

namespace kill_test {

namespace json = boost::json;

Writer::Writer(std::string url, int round, int number, std::uint32_t seed, Ledger& ledger, Contested& contested,
               std::vector<Record*> own)
    : url_(std::move(url)),
      round_(round),
      number_(number),
      random_(seed),
      ledger_(ledger),
      contested_(contested),
      own_(std::move(own)) {}

void Writer::run() {
  // Weights of the operations.
  struct Row {
    unsigned weight;
    bool (Writer::*operation)();
  };
  static constexpr Row rows[] = {
      {30, &Writer::create}, {15, &Writer::conditional_create}, {20, &Writer::update}, {15, &Writer::contested_update},
      {8, &Writer::remove},  {12, &Writer::transaction},
  };
  try {
    client_ = connect(url_);
    while (true) {
      unsigned drawn = random_() % 100;
      const Row* row = rows;
      while (drawn >= row->weight) drawn -= (row++)->weight;
      if (!(this->*row->operation)()) return;
    }
  } catch (const std::exception& e) {
    ledger_.fault("an answer that cannot be read: " + std::string(e.what()) + ": " + answer_.body.substr(0, 500));
  }
}

bool Writer::send(std::string_view method, const std::string& path, const std::string& body, Headers headers) {
  if (!body.empty()) headers.emplace_back("Content-Type", "application/fhir+json");
  auto got = client_->request(method, path, body, headers);
  if (!got) return false;
  answer_ = std::move(*got);
  return true;
}

bool Writer::unexpected(std::string_view what) {
  ledger_.fault(std::string(what) + " was answered with " + std::to_string(answer_.status) + ": " + answer_.body.substr(0, 500));
  return false;
}

std::string Writer::stamp() {
  return "r" + std::to_string(round_) + "w" + std::to_string(number_) + "s" + std::to_string(stamps_++);
}

std::string Writer::own_identifier() { return "own-" + stamp(); }

Record& Writer::contested_create() {
  const std::lock_guard lock(contested_.mutex);
  const auto identifier = "any-" + std::to_string(round_) + "-" + std::to_string(contested_.attempts++ / 6);
  Record*& record = contested_.creates[identifier];
  if (record == nullptr) record = &ledger_.record(identifier, round_);
  return *record;
}

Record* Writer::live_own() {
  if (own_.empty()) return nullptr;
  std::swap(own_[random_() % own_.size()], own_.back());
  Record* const record = own_.back();
  own_.pop_back();
  return record;
}

std::uint64_t Writer::version(const Record& record) {
  const std::lock_guard lock(ledger_.mutex);
  return record.acknowledged.rbegin()->first;
}

bool Writer::create() {
  Record& record = ledger_.record(own_identifier(), round_);
  const Content content{stamp()};
  if (!send("POST", "/Patient", patient(record.identifier, content.stamp))) {
    ledger_.unanswered(record, content, round_);
    return false;
  }
  if (answer_.status != 201) return unexpected("a create");
  const auto stored = object(answer_.body).value();
  ledger_.acknowledge(record, id_of(stored), version_of(stored), content, round_);
  own_.push_back(&record);
  return true;
}

bool Writer::conditional_create() {
  Record& record = contested_create();
  const Content content{stamp()};
  if (!send("POST", "/Patient", patient(record.identifier, content.stamp), {{"If-None-Exist", criteria(record.identifier)}})) {
    ledger_.unanswered(record, content, round_);
    return false;
  }
  if (answer_.status != 201 && answer_.status != 200) return unexpected("a conditional create");
  const auto stored = object(answer_.body).value();
  if (answer_.status == 201) {
    ledger_.acknowledge(record, id_of(stored), version_of(stored), content, round_);
  } else {
    ledger_.same(record, id_of(stored));
  }
  return true;
}

bool Writer::update() {
  Record* const record = live_own();
  if (record == nullptr) return true;
  const auto known = version(*record);
  const Content content{stamp()};
  if (!send("PUT", "/Patient/" + record->id, patient(record->identifier, content.stamp, record->id),
            {{"If-Match", "W/\"" + std::to_string(known) + "\""}})) {
    ledger_.unanswered(*record, content, round_);
    return false;
  }
  if (answer_.status != 200) return unexpected("an update with If-Match of the version that it had");
  const auto stored = object(answer_.body).value();
  if (version_of(stored) != known + 1 || stamp_of(stored) != content.stamp)
    return unexpected("an update of version " + std::to_string(known));
  ledger_.acknowledge(*record, record->id, known + 1, content, round_);
  own_.push_back(record);
  return true;
}

bool Writer::contested_update() {
  Record& record = *contested_.updates[random_() % contested_.updates.size()];
  if (!send("GET", "/Patient/" + record.id, "")) return false;
  if (answer_.status != 200) return unexpected("a read");
  const auto seen = version_of(object(answer_.body).value());
  const Content content{stamp()};
  if (!send("PUT", "/Patient/" + record.id, patient(record.identifier, content.stamp, record.id),
            {{"If-Match", "W/\"" + std::to_string(seen) + "\""}})) {
    ledger_.unanswered(record, content, round_);
    return false;
  }
  if (answer_.status == 412) return true;  // another was quicker
  if (answer_.status != 200) return unexpected("an update with If-Match");
  if (version_of(object(answer_.body).value()) != seen + 1) return unexpected("an update of version " + std::to_string(seen));
  ledger_.acknowledge(record, record.id, seen + 1, content, round_);
  return true;
}

bool Writer::remove() {
  Record* const record = live_own();
  if (record == nullptr) return true;
  const Content content{"", true};
  if (!send("DELETE", "/Patient/" + record->id, "")) {
    ledger_.unanswered(*record, content, round_);
    return false;
  }
  if (answer_.status != 204) return unexpected("a delete");
  const auto known = version(*record);
  if (version_of_etag(answer_.header("ETag")) != known + 1) return unexpected("a delete of version " + std::to_string(known));
  ledger_.acknowledge(*record, record->id, known + 1, content, round_);
  return true;
}

// Two or three creates, an update with ifMatch if there is something to update, and at times a conditional create.
bool Writer::transaction() {
  struct Part {
    Record* record;
    Content content;
    std::uint64_t version;  // that it must get; 0: a conditional create
  };
  std::vector<Part> parts;
  json::array entries;
  const auto add = [&](Record& record, std::string_view id, std::uint64_t version, json::object request) {
    parts.push_back({&record, {stamp()}, version});
    entries.push_back(json::object{{"resource", json::parse(patient(record.identifier, parts.back().content.stamp, id))},
                                   {"request", std::move(request)}});
  };
  for (unsigned i = 2 + random_() % 2; i > 0; --i)
    add(ledger_.record(own_identifier(), round_), "", 1, {{"method", "POST"}, {"url", "Patient"}});
  if (Record* const record = live_own()) {
    const auto known = version(*record);
    add(*record, record->id, known + 1,
        {{"method", "PUT"}, {"url", "Patient/" + record->id}, {"ifMatch", "W/\"" + std::to_string(known) + "\""}});
  }
  if (random_() % 3 == 0) {
    Record& record = contested_create();
    add(record, "", 0, {{"method", "POST"}, {"url", "Patient"}, {"ifNoneExist", criteria(record.identifier)}});
  }
  const json::object bundle = {{"resourceType", "Bundle"}, {"type", "transaction"}, {"entry", entries}};
  if (!send("POST", "", json::serialize(bundle))) {
    std::vector<std::string> stamps;
    for (const auto& part : parts) {
      ledger_.unanswered(*part.record, part.content, round_);
      if (part.version != 0) stamps.push_back(part.content.stamp);
    }
    ledger_.unanswered_transaction(std::move(stamps));
    return false;
  }
  if (answer_.status != 200) return unexpected("a transaction");
  const auto answered = object(answer_.body).value();
  const auto& answers = answered.at("entry").as_array();
  if (answers.size() != parts.size()) return unexpected("a transaction of " + std::to_string(parts.size()));
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto& response = answers[i].at("response").as_object();
    const std::string status(response.at("status").as_string()), location(response.at("location").as_string());
    const auto made = version_of_etag(std::string_view(response.at("etag").as_string()));
    const std::string from_id = location.substr(location.find("Patient/") + 8);
    const auto id = from_id.substr(0, from_id.find('/'));
    if (parts[i].version != 0 && made != parts[i].version) return unexpected("entry " + std::to_string(i) + " of a transaction");
    if (parts[i].version == 0 && status.starts_with("200")) {
      ledger_.same(*parts[i].record, id);
      continue;
    }
    ledger_.acknowledge(*parts[i].record, id, made, parts[i].content, round_);
    if (parts[i].version != 0) own_.push_back(parts[i].record);
  }
  return true;
}

}  // namespace kill_test
