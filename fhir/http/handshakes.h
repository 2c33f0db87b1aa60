// Handshakes: which TLS handshakes of one loop are under way. Belongs to the loop's thread.
//
// A handshake costs its loop a signature, in which nothing else is answered. So few of one client's are under way at once: the
// others wait, first come, first served, and between two the loop sees to its other connections.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>

namespace http {

class Handshakes {
 public:
  using Ticket = std::uint64_t;
  static constexpr unsigned most_of_one = 2;
  // After which another may begin though this one is not done: it waits for its client, then, as what the client said first was
  // there when it began.
  static constexpr auto longest_turn = std::chrono::milliseconds(5);

  // Calls `begin` when it is the client's turn, perhaps before it returns. `begin` must call neither function here.
  Ticket enter(const std::string& client, std::function<void()> begin);
  // Once for each that entered: its turn is over, or it waits for one no more.
  void leave(const std::string& client, Ticket ticket);

 private:
  struct Client {
    std::map<Ticket, std::function<void()>> waiting;
    unsigned under_way = 0;
  };
  static void give_turns(Client& client);

  std::unordered_map<std::string, Client> clients_;  // those that have some
  Ticket last_ = 0;
};

}  // namespace http
