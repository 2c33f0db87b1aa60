// A server in this process on a store in memory, and a socket that says exactly the bytes it is told to.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fhir/commands/node.h"
#include "fhir/http/server.h"

namespace http_test {

class Serving {
 public:
  explicit Serving(http::ServerOptions options = {}, rest::ServiceOptions service = {});
  // Answers by `endpoint`, which outlives it, instead of a store.
  Serving(rest::Endpoint& endpoint, http::ServerOptions options);
  ~Serving();
  std::uint16_t port() const { return server_->port(); }
  http::Server& server() { return *server_; }
  store::Store& store() { return node_->store(); }

 private:
  std::unique_ptr<commands::Node> node_;
  std::unique_ptr<http::Server> server_;
};

struct Answer {
  int status = 0;  // 0: the connection ended instead
  std::string head, body;
  std::string header(std::string_view name) const;  // empty: none
};

class Raw {
 public:
  explicit Raw(std::uint16_t port, const char* from = "127.0.0.1");  // `from`: the address that asks
  ~Raw();
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;
  bool send(std::string_view bytes);  // false: the other side has closed
  void end_sending();                 // our half closed
  void reset();                       // closed with RST
  // Reads one answer by its Content-Length or chunks; `bodiless` for HEAD. Interim answers (100) are returned as they are.
  Answer read(bool bodiless = false);
  Answer read_head();                        // up to the empty line
  std::string read_chunk();                  // one chunk's content; empty: the last, or the connection ended
  std::string read_some(std::size_t bytes);  // so many bytes of what comes, fewer if the connection ends
  bool ended();                              // nothing more comes: waits for it up to 10 s
  int handle() const { return socket_; }

 private:
  bool more();
  std::string line();
  int socket_ = -1;
  std::string input_;
};

std::string get(std::string_view target, std::string_view headers = {});
std::string post(std::string_view target, std::string_view body, std::string_view headers = {});
bool is_outcome(const Answer& answer);  // its body is an OperationOutcome with an error

}  // namespace http_test
