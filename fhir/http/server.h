// Server: sockets, TLS and HTTP/1.1 framing for a rest::Endpoint. The only folder that includes Asio or Beast.
//
// RFC 9110, 9112. One event loop per I/O thread; requests that may block run on a pool of workers; answers of one connection keep
// their order (pipelining).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fhir/rest/service.h"
#include "resources-gen/model/result.h"

namespace http {

struct ServerOptions {
  std::string bind = "127.0.0.1";
  std::uint16_t port = 8080;    // 0: any free one, see port()
  unsigned io_threads = 0;      // 0: one per core
  unsigned workers = 0;         // 0: twice the cores, at least 4
  std::string tls_certificate;  // PEM files; both or neither
  std::string tls_key;
  std::uint64_t max_body_bytes = 64u << 20;  // also after Content-Encoding is undone
  std::uint64_t body_memory = 0;             // for all requests and answers together; 0: a quarter of the machine's
  std::uint32_t max_header_bytes = 32u << 10;
  std::uint32_t max_connections = 4096;
  std::uint32_t max_waiting = 16384;        // requests for a worker
  std::chrono::seconds header_timeout{10};  // from first byte to end of headers, and idle keep-alive below
  std::chrono::seconds body_timeout{60};
  std::chrono::seconds idle_timeout{120};
  std::vector<std::string> trusted_proxies;  // networks whose Forwarded headers are believed: "10.0.0.0/8", "::1"
  std::vector<std::string> cors_origins;     // "https://app.example.org" or "*": pages that may ask from a browser
  std::string access_log;                    // file, "-" for standard error, empty for none; one JSON object a line
};

class Server {
 public:
  // Binds and listens; fails with the reason if it can't. Who connects now waits until start().
  static model::Result<std::unique_ptr<Server>> listen(const ServerOptions& options);
  virtual ~Server() = default;
  virtual std::uint16_t port() const = 0;
  // Answers requests from now on. Once; `service` outlives the server.
  virtual void start(rest::Endpoint& service) = 0;
  // Stops accepting, lets requests under way finish (at most `grace`), closes. Returns when done.
  virtual void stop(std::chrono::seconds grace) = 0;
};

}  // namespace http
