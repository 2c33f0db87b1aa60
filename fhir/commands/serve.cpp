// kiln serve: the server, until SIGTERM or SIGINT.

#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdio>

#include "fhir/commands/node.h"
#include "fhir/commands/table.h"
#include "fhir/http/origin.h"
#include "fhir/http/server.h"

namespace commands {
namespace {

struct ServeOptions {
  std::string data = "./data";
  bool memory = false;
  std::string base_url;
  unsigned max_body_mb = 64;
  unsigned max_binary_mb = 4096;
  unsigned grace_seconds = 10;
  unsigned max_header_kb = 32;
  unsigned body_memory_mb = 0;
  unsigned async_results_mb = 256;
  rest::ServiceOptions service;
  http::ServerOptions server;
};

// Whoever listens on every address has none that could stand in a link: the machine's own name for itself then.
std::string origin(const http::ServerOptions& server) {
  const bool any = server.bind == "0.0.0.0" || server.bind == "::";
  const bool v6 = server.bind.find(':') != std::string::npos;
  const std::string host = any ? "localhost" : v6 ? "[" + server.bind + "]" : server.bind;
  return http::origin_text(server.tls_certificate.empty() ? "http" : "https", {host, server.port});
}

// Descriptors for all connections, as far as the system allows; and no more connections than there are descriptors for.
void fit_connections(http::ServerOptions& server) {
  constexpr rlim_t others = 128;  // the store's files, event loops, logs
  const rlim_t wanted = rlim_t{server.max_connections} + others;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(limit.rlim_max, wanted);
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < wanted) {
    const rlim_t left = limit.rlim_cur > 2 * others ? limit.rlim_cur - others : limit.rlim_cur / 2;
    server.max_connections = static_cast<std::uint32_t>(std::max<rlim_t>(left, 1));
  }
}

int run_server(ServeOptions& options) {
  // Blocked before any thread starts, so that all inherit it and only sigwait below takes them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  options.server.max_body_bytes = options.service.max_body_bytes = std::uint64_t{options.max_body_mb} << 20;
  options.service.async_result_bytes = std::uint64_t{options.async_results_mb} << 20;
  options.service.cors = !options.server.cors_origins.empty();
  options.service.max_binary_bytes = std::uint64_t{options.max_binary_mb} << 20;
  options.server.max_header_bytes = options.max_header_kb << 10;
  options.server.body_memory = std::uint64_t{options.body_memory_mb} << 20;
  fit_connections(options.server);
  // Before the store is opened: a port in use is said at once, and a free one (--port 0) is known.
  auto server = http::Server::listen(options.server);
  if (!server) return report(server.error());
  options.server.port = (*server)->port();
  const auto base = origin(options.server) + options.service.base_path;
  options.service.base_url = options.base_url.empty() ? base : options.base_url;
  auto node = Node::open(options.memory ? "" : options.data, options.service);
  if (!node) return report(node.error());
  (*server)->start((*node)->service());

  const char* verify = options.server.tls_certificate.empty() ? "" : "--cacert CERTIFICATE ";
  std::printf("Kiln %s serves %s (data: %s)\n", KILN_VERSION, base.c_str(), options.memory ? "in memory" : options.data.c_str());
  std::printf("  try: curl %s'%s/Patient?_count=5&_pretty=true'\n", verify, base.c_str());
  std::printf("  what it can do: %s/metadata    stop: Ctrl-C\n", base.c_str());
  std::fflush(stdout);

  int signal = 0;
  sigwait(&signals, &signal);
  std::printf("Kiln stops: requests under way finish first\n");
  std::fflush(stdout);
  (*server)->stop(std::chrono::seconds(options.grace_seconds));
  server->reset();
  node->reset();
  return 0;
}

}  // namespace

Run serve(Options options) {
  auto given = std::make_shared<ServeOptions>();
  auto& o = *given;
  const auto data = options.add("--data", o.data, "Data directory; made if absent");
  options.flag("--memory", o.memory, "Keep everything in memory: gone at exit").excludes(data);
  options.add("--bind", o.server.bind, "Address to listen on");
  options.add("--port", o.server.port, "Port to listen on; 0: a free one");
  const auto base_url = [&o](const std::string& text) -> model::Result<void> {
    const auto base = http::parse_base_url(text);
    if (!base) return base.error();
    o.base_url = base->text();  // spelled as links will have it
    return {};
  };
  options.read("--base-url", base_url, "What clients call this server, if not http://BIND:PORT/fhir");
  options.add("--cors-origin", o.server.cors_origins,
              "Origin (https://app.example.org) whose pages may use the server from a browser, or '*' for all, without "
              "credentials; repeatable");
  options.add("--trusted-proxy", o.server.trusted_proxies,
              "Address or network (10.0.0.0/8) of a proxy whose Forwarded and X-Forwarded-* headers are believed; repeatable");
  const auto certificate =
      options.add("--tls-cert", o.server.tls_certificate, "PEM certificate chain: serve https").existing_file();
  const auto key = options.add("--tls-key", o.server.tls_key, "PEM private key of the certificate").existing_file();
  certificate.needs(key);
  key.needs(certificate);
  options.add("--max-body", o.max_body_mb, "Largest request body, MB, also after decompression").between(1, 1 << 20);
  options.add("--max-binary", o.max_binary_mb, "Largest raw content of a Binary, MB, also after decompression")
      .between(1, 1 << 20);
  options.add("--max-header", o.max_header_kb, "Largest request header, kB").between(1, 1 << 20);
  options
      .add("--body-memory", o.body_memory_mb,
           "Memory for large requests and answers, of all clients together, MB; 0: a quarter of the machine's")
      .between(0, 1 << 20);
  options.add("--max-entries", o.service.max_bundle_entries, "Most entries of a batch or transaction");
  options
      .add("--max-conditional-deletes", o.service.max_conditional_deletes,
           "Most resources that one DELETE of criteria may delete")
      .between(1, 20000);
  options.add("--default-count", o.service.default_count, "Page size where _count is not given");
  options.add("--max-count", o.service.max_count, "Largest page size").between(1, 100000);
  options.add("--idempotency-hours", o.service.idempotency_hours, "Hours that the answer to an Idempotency-Key is kept")
      .between(1, 24 * 366);
  options.add("--async-workers", o.service.async_workers,
              "Threads that carry out requests with Prefer: respond-async; 0: the preference is not honoured");
  options.add("--async-jobs", o.service.async_jobs, "Most asynchronous requests, those whose results are kept included");
  options.add("--async-jobs-per-client", o.service.async_jobs_per_client, "Most of one client's that wait or run");
  options.add("--async-results", o.async_results_mb, "Largest sum of results kept, MB");
  options.flag("--allow-erasure", o.service.allow_erasure,
               "Let clients erase versions for good (DELETE with _hardDelete=true, or of a _history)");
  options.add("--max-connections", o.server.max_connections, "Most connections at once").between(1, 1000000);
  options.add("--async-keep", o.service.async_keep, "Seconds that the result of an asynchronous request is kept");
  options.add("--header-timeout", o.server.header_timeout, "Seconds that a request's header may take");
  options.add("--body-timeout", o.server.body_timeout,
              "Seconds that a body may take, sent or received; large ones a second more per 100 kB");
  options.add("--idle-timeout", o.server.idle_timeout, "Seconds that a connection may be idle between requests");
  options.add("--io-threads", o.server.io_threads, "Event loops; 0: one per core").between(0, 256);
  options.add("--workers", o.server.workers, "Worker threads; 0: twice the cores").between(0, 1024);
  options.add("--access-log", o.server.access_log,
              "File for a JSON line per request, '-' for standard error; never holds record content");
  options.add("--grace", o.grace_seconds, "Seconds that requests under way get at a stop");
  return [given] { return run_server(*given); };
}

}  // namespace commands
