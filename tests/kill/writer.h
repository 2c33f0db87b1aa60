// Writer: one client that writes as fast as it is answered, until the server is gone, and notes in the ledger what it was told.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "tests/kill/ledger.h"
#include "tests/kill/talk.h"

namespace kill_test {

// What the writers of a round compete for.
struct Contested {
  std::vector<Record*> updates;            // all of them update these, with If-Match
  std::map<std::string, Record*> creates;  // by identifier: conditional creates, several for each
  std::uint64_t attempts = 0;
  std::mutex mutex;
};

class Writer {
 public:
  // `own`: live records of earlier rounds that only this writer changes.
  Writer(std::string url, int round, int number, std::uint32_t seed, Ledger& ledger, Contested& contested,
         std::vector<Record*> own);
  void run();  // returns when a request gets no answer, or after an answer that should not be

 private:
  using Headers = std::vector<std::pair<std::string, std::string>>;
  // False: stop. `answer_` has what came.
  bool send(std::string_view method, const std::string& path, const std::string& body, Headers headers = {});
  bool unexpected(std::string_view what);
  std::string stamp();
  std::string own_identifier();
  Record& contested_create();
  Record* live_own();  // nullptr if there is none; the caller puts it back
  std::uint64_t version(const Record& record);

  bool create();
  bool conditional_create();
  bool update();
  bool contested_update();
  bool remove();
  bool transaction();

  std::string url_;
  int round_, number_;
  std::mt19937 random_;
  Ledger& ledger_;
  Contested& contested_;
  std::vector<Record*> own_;
  std::unique_ptr<http::Client> client_;
  http::ClientResponse answer_;
  std::uint64_t stamps_ = 0;
};

}  // namespace kill_test
