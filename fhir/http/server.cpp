#include "fhir/http/server.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <thread>
#include <vector>

#include "fhir/http/connection.h"
#include "fhir/http/refusals.h"
#include "fhir/http/response_header.h"

namespace http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

class AsioServer final : public Server {
 public:
  explicit AsioServer(const ServerOptions& options) : shared_(std::make_shared<Shared>(options)) {
    const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
    const unsigned threads = options.io_threads != 0 ? options.io_threads : cores;
    for (unsigned i = 0; i < threads; ++i) loops_.push_back(std::make_shared<Loop>(shared_));
    const unsigned workers = options.workers != 0 ? options.workers : std::max(4u, 2 * cores);
    shared_->workers = std::make_unique<Workers>(workers, options.max_waiting);
  }

  ~AsioServer() override { stop(std::chrono::seconds(0)); }

  model::Result<void> open() {
    const auto& options = shared_->options;
    const auto failed = [](const std::string& what) {
      return model::failure(model::FailureKind::internal, model::IssueCode::exception, what);
    };
    if (!options.access_log.empty()) {
      auto log = AccessLog::open(options.access_log);
      if (!log) return log.error();
      shared_->log = std::move(*log);
    }
    auto proxies = TrustedProxies::parse(options.trusted_proxies);
    if (!proxies) return proxies.error();
    shared_->proxies = std::move(*proxies);
    auto cors = Cors::parse(options.cors_origins);
    if (!cors) return cors.error();
    shared_->cors = std::move(*cors);
    // Without it caches would take Last-Modified as leave to show for days what has been corrected since: RFC 9111 4.2.2.
    shared_->standing =
        std::string("\r\nCache-Control: no-cache\r\nVary: Accept, Accept-Encoding") + (shared_->cors.varies() ? ", Origin" : "");
    error_code trouble;
    if (!options.tls_certificate.empty() || !options.tls_key.empty()) {
      tls_.emplace(asio::ssl::context::tls_server);
      tls_->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1 |
                        asio::ssl::context::single_dh_use);
      tls_->use_certificate_chain_file(options.tls_certificate, trouble);
      if (trouble) return failed("The TLS certificate '" + options.tls_certificate + "' cannot be used: " + trouble.message());
      tls_->use_private_key_file(options.tls_key, asio::ssl::context::pem, trouble);
      if (trouble) return failed("The TLS key '" + options.tls_key + "' cannot be used: " + trouble.message());
    }
    const auto address = asio::ip::make_address(options.bind, trouble);
    if (trouble) return failed("'" + options.bind + "' is no address to bind to");
    const tcp::endpoint endpoint(address, options.port);
    acceptor_.emplace(loops_[0]->context);
    acceptor_->open(endpoint.protocol(), trouble);
    if (!trouble) acceptor_->set_option(tcp::acceptor::reuse_address(true), trouble);
    if (!trouble) acceptor_->bind(endpoint, trouble);
    if (!trouble) acceptor_->listen(1024, trouble);
    if (trouble) {
      return failed("Cannot listen on " + options.bind + " port " + std::to_string(options.port) + ": " + trouble.message());
    }
    port_ = acceptor_->local_endpoint().port();
    return {};
  }

  void start(rest::Endpoint& service) override {
    shared_->service = &service;
    for (auto& loop : loops_) {
      guards_.push_back(asio::make_work_guard(loop->context));
      loop->start_sweep();
    }
    accept();
    for (auto& loop : loops_) threads_.emplace_back([loop] { loop->context.run(); });
  }

  std::uint16_t port() const override { return port_; }

  void stop(std::chrono::seconds grace) override {
    if (threads_.empty()) return;
    shared_->stopping = true;
    asio::post(loops_[0]->context, [this] {
      error_code ignored;
      acceptor_->close(ignored);
    });
    end_connections();
    const auto end = Clock::now() + grace;
    while (shared_->connections.count() > 0 && Clock::now() < end) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    // What they still do is answered or dropped. What has not begun goes once all connections, which it holds, are closed.
    auto left = std::make_shared<std::vector<std::function<void()>>>(shared_->workers->stop());
    close_connections();
    for (auto& loop : loops_) {
      asio::post(loop->context, [loop, left] { loop->sweep.cancel(); });
    }
    guards_.clear();
    left.reset();
    const auto last = Clock::now() + std::chrono::seconds(2);
    while (shared_->connections.count() > 0 && Clock::now() < last) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    for (auto& loop : loops_) loop->context.stop();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
    // What is left in a loop's queue holds its connection, and that the loop: let it end here.
    for (auto& loop : loops_) {
      loop->context.restart();
      loop->context.poll();
    }
  }

 private:
  void accept() {
    auto& loop = loops_[turn_++ % loops_.size()];
    acceptor_->async_accept(loop->context, [this, loop](error_code trouble, tcp::socket socket) {
      if (!acceptor_->is_open()) return;
      if (!trouble) {
        error_code gone;
        const auto address = socket.remote_endpoint(gone).address();
        const std::string client = shared_->proxies.contains(address) ? std::string() : address.to_string();
        if (!shared_->connections.enter(client)) {
          turn_away(socket);
        } else {
          auto* tls = tls_ ? &*tls_ : nullptr;
          asio::post(loop->context, [loop, tls, client, owned = std::move(socket)]() mutable {
            start_connection(loop, std::move(owned), client, tls);
          });
        }
      } else if (trouble != asio::error::connection_aborted) {
        // Out of file descriptors, here or in the system, or of memory: wait for some to be freed rather than spin.
        pause_.emplace(loops_[0]->context, std::chrono::milliseconds(100));
        pause_->async_wait([this](error_code) { accept(); });
        return;
      }
      accept();
    });
  }

  // Nothing is read of who comes too late, so the answer is the one to a request that says nothing. Who wants TLS would not
  // understand it, and a handshake is what there is no room for.
  void turn_away(tcp::socket& socket) {
    if (tls_) return;
    auto response = refusal(503, model::IssueCode::throttled, "Too many connections are open; try again in a while");
    response.headers.emplace_back("Retry-After", "5");
    shared_->service->complete({}, response);
    shared_->cors.allow_unasked(response);
    std::string text;
    append_header(text, response, framing_of(response, false), loops_[0]->date(), shared_->standing, false, false);
    text += *response.body;
    error_code ignored;
    socket.non_blocking(true, ignored);
    socket.send(asio::buffer(text), 0, ignored);
  }

  // Each of a loop's connections, on its thread; `act` may take it out.
  void on_connections(void (ConnectionBase::*act)()) {
    for (auto& loop : loops_) {
      asio::post(loop->context, [loop, act] {
        const std::vector<ConnectionBase*> all(loop->connections.begin(), loop->connections.end());
        for (auto* connection : all) (connection->*act)();
      });
    }
  }
  void end_connections() { on_connections(&ConnectionBase::end); }
  void close_connections() { on_connections(&ConnectionBase::close); }

  std::shared_ptr<Shared> shared_;
  std::vector<std::shared_ptr<Loop>> loops_;
  std::optional<asio::ssl::context> tls_;
  std::optional<tcp::acceptor> acceptor_;
  std::optional<asio::steady_timer> pause_;
  std::vector<asio::executor_work_guard<asio::io_context::executor_type>> guards_;
  std::vector<std::thread> threads_;
  std::size_t turn_ = 0;
  std::uint16_t port_ = 0;
};

}  // namespace

model::Result<std::unique_ptr<Server>> Server::listen(const ServerOptions& options) {
  auto server = std::make_unique<AsioServer>(options);
  if (auto opened = server->open(); !opened) return opened.error();
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace http
