// Proof: the server's answers after a restart, held against the ledger. Faults are counted there.
#pragma once

#include <string>
#include <vector>

#include "tests/kill/ledger.h"

namespace kill_test {

// Each of `records` by its identifier (search), its id (read) and its history: every acknowledged version once and as
// acknowledged, versions without gaps, nothing that nobody asked for. What was unanswered is then known: in the ledger as
// acknowledged, or gone.
void prove_records(const std::string& url, Ledger& ledger, const std::vector<Record*>& records, int connections);

// After prove_records of all that the round touched: each unanswered transaction is there whole, or not at all.
void prove_transactions(Ledger& ledger);

// The history of the system and the search for everything hold what the ledger holds, each version once, and no more.
void prove_whole(const std::string& url, Ledger& ledger);

}  // namespace kill_test
