// Load: many keep-alive HTTP/1.1 clients in one thread, each with one request under way; and figures of the process they load.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

struct Reply {
  int status = 0;
  std::string_view header;  // raw header text
  std::string_view body;
};

struct LoadPlan {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  unsigned clients = 1;
  std::uint64_t requests = 0;  // in all
  double seconds = 0;          // or: stop after so long (0: no limit)
  // The bytes of client `client`'s next request, `n` counting over all clients. An empty string ends that client.
  std::function<std::string(unsigned client, std::uint64_t n)> request;
  std::function<void(unsigned client, const Reply& reply)> reply;  // may be empty
};

struct LoadFigures {
  std::uint64_t requests = 0;
  std::uint64_t errors = 0;  // answers of 400 and over
  double seconds = 0;
  std::vector<std::uint32_t> microseconds;  // sorted
  double per_second() const { return seconds > 0 ? static_cast<double>(requests) / seconds : 0; }
  double percentile(double share) const;  // milliseconds
};

// Throws std::runtime_error if the server cannot be reached or breaks off.
LoadFigures run_load(const LoadPlan& plan);

// "POST /fhir/Patient HTTP/1.1 ..." with Host, and Content-Type and Content-Length where there is a body.
std::string http_request(std::string_view method, std::string_view target, std::string_view body = {},
                         std::string_view headers = {});

// A child process, stopped (SIGTERM, then SIGKILL) when it goes.
class Process {
 public:
  explicit Process(const std::vector<std::string>& command, const std::string& log);
  ~Process() { stop(); }
  Process(const Process&) = delete;
  pid_t pid() const { return pid_; }
  void stop();
  double cpu_seconds() const;  // user and system, so far
  std::uint64_t resident_bytes() const;
  std::uint64_t anonymous_bytes() const;  // of resident: not backed by mapped files

 private:
  pid_t pid_ = -1;
};

std::uint16_t free_port();
// Waits until the port accepts; returns seconds waited. Throws after `limit` seconds.
double wait_for_port(std::uint16_t port, double limit);
std::uint64_t directory_bytes(const std::string& directory);  // allocated on disk

}  // namespace bench
