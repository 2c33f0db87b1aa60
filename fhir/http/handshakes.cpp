#include "fhir/http/handshakes.h"

#include <utility>

namespace http {

Handshakes::Ticket Handshakes::enter(const std::string& client, std::function<void()> begin) {
  auto& entry = clients_[client];
  entry.waiting.emplace(++last_, std::move(begin));
  give_turns(entry);
  return last_;
}

void Handshakes::leave(const std::string& client, Ticket ticket) {
  const auto found = clients_.find(client);
  if (found == clients_.end()) return;
  auto& entry = found->second;
  if (entry.waiting.erase(ticket) == 0) --entry.under_way;
  give_turns(entry);
  if (entry.under_way == 0) clients_.erase(found);  // then none waits either
}

void Handshakes::give_turns(Client& client) {
  while (client.under_way < most_of_one && !client.waiting.empty()) {
    ++client.under_way;
    client.waiting.extract(client.waiting.begin()).mapped()();
  }
}

}  // namespace http
