// Ledger: what the server has acknowledged, and what it was asked and never answered. The measure of every check after a kill.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace kill_test {

// What one version holds: the text that its writer chose, never chosen twice; or that it is a deletion.
struct Content {
  std::string stamp;
  bool deleted = false;
  auto operator<=>(const Content&) const = default;
};

// One resource that the clients know by its identifier. Guarded by the ledger's mutex.
struct Record {
  std::string identifier;                         // of the system urn:kiln:kill; given by the client
  std::string id;                                 // given by the server; empty until known
  std::map<std::uint64_t, Content> acknowledged;  // by version
  std::vector<Content> unanswered;                // sent, not answered: each may be there once, or not
  int round = 0;                                  // the last in which it was written
};

// The writes of a transaction that was not answered: all are there, or none.
struct UnansweredTransaction {
  std::vector<std::string> stamps;
};

struct Ledger {
  // A record lives as long as the ledger.
  Record& record(std::string identifier, int round);
  // Notes what the answer to a write says; a second answer for a version that says otherwise is a fault.
  void acknowledge(Record& record, const std::string& id, std::uint64_t version, Content content, int round);
  void same(Record& record, const std::string& id);  // a condition matched this resource
  void unanswered(Record& record, Content content, int round);
  void unanswered_transaction(std::vector<std::string> stamps);
  void fault(std::string text);
  void count(std::uint64_t Ledger::*what, std::string text);  // a fault that is counted
  void read_back(const std::string& stamp);                   // an unanswered write that turned out to be there

  std::mutex mutex;  // of the records' members; not held by the caller of the functions above
  std::deque<Record> records;
  std::vector<UnansweredTransaction> transactions;  // of this round
  std::set<std::string> found_stamps;               // of this round, see read_back
  std::vector<std::string> faults;
  std::uint64_t acknowledged = 0;  // writes
  std::uint64_t lost = 0;          // acknowledged, and not there as acknowledged
  std::uint64_t doubled = 0;       // there more than once
  std::uint64_t halves = 0;        // transactions
};

}  // namespace kill_test
