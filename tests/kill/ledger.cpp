#include "tests/kill/ledger.h"

namespace kill_test {

Record& Ledger::record(std::string identifier, int round) {
  const std::lock_guard lock(mutex);
  Record record;
  record.identifier = std::move(identifier);
  record.round = round;
  return records.emplace_back(std::move(record));
}

void Ledger::acknowledge(Record& record, const std::string& id, std::uint64_t version, Content content, int round) {
  same(record, id);
  const std::lock_guard lock(mutex);
  ++acknowledged;
  record.round = round;
  const auto [place, is_new] = record.acknowledged.emplace(version, content);
  if (!is_new) {
    ++lost;
    faults.push_back(id + ": version " + std::to_string(version) + " was acknowledged twice: " + place->second.stamp + " and " +
                     content.stamp);
  }
}

void Ledger::same(Record& record, const std::string& id) {
  const std::lock_guard lock(mutex);
  if (record.id.empty()) record.id = id;
  if (record.id == id) return;
  ++doubled;
  faults.push_back(record.identifier + " is " + record.id + " and " + id);
}

void Ledger::unanswered(Record& record, Content content, int round) {
  const std::lock_guard lock(mutex);
  record.round = round;
  record.unanswered.push_back(std::move(content));
}

void Ledger::unanswered_transaction(std::vector<std::string> stamps) {
  const std::lock_guard lock(mutex);
  transactions.push_back({std::move(stamps)});
}

void Ledger::fault(std::string text) {
  const std::lock_guard lock(mutex);
  faults.push_back(std::move(text));
}

void Ledger::count(std::uint64_t Ledger::*what, std::string text) {
  const std::lock_guard lock(mutex);
  ++(this->*what);
  faults.push_back(std::move(text));
}

void Ledger::read_back(const std::string& stamp) {
  const std::lock_guard lock(mutex);
  found_stamps.insert(stamp);
}

}  // namespace kill_test
