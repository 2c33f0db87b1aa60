// Answering: how a request that a connection has read comes to its answer: by the pump itself, from memory at once, or by the
// endpoint on a worker. It knows nothing of sockets and of framing: connection.cpp reads what is answered here, and sends what
// comes of it.
//
// Belongs to the loop's thread. While a worker or the store's writer has the request, they read `terms_`, and the loop does not.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "fhir/http/loop.h"
#include "fhir/http/reply_terms.h"
#include "fhir/http/request_reader.h"

namespace http {

class Answering : public ConnectionBase, public std::enable_shared_from_this<Answering> {
 protected:
  explicit Answering(std::shared_ptr<Loop> loop) : loop_(std::move(loop)), shared_(*loop_->shared) {}
  // Who asks, and that none of the memory that bodies have is theirs yet. A proxy stands for many.
  void begin_with(std::string client, bool proxied);

  // A request that has come whole: respond() is called, now or later. Takes the request out of the reader.
  void answer(RequestReader& reader);
  // One that has not, or whose body cannot be taken: `response` is its answer, and the connection's last.
  void answer_unread(RequestReader& reader, rest::Response response);
  // With an answer of our own, which goes out as the endpoint's do.
  void respond_ourselves(const rest::Request& request, rest::Response response);
  // Sends the answer. Nothing further is answered before it is sent.
  virtual void respond(rest::Response response) = 0;

  // A line for the request that was last answered; none if there is no log.
  void log(const rest::Response& response, std::uint64_t sent) const {
    if (shared_.log) write_log(response, sent);
  }
  // A request that waits for memory is let go.
  void stop_waiting() {
    if (waiting_for_room_) waiting_for_room_->cancel();
  }
  // Who is to wait for whom: the client, unless a proxy does not say which of its clients asks.
  std::string who() const { return !terms_.client.empty() ? terms_.client : proxied_ ? std::string() : client_; }
  bool stopping() const { return shared_.stopping.load(std::memory_order_relaxed); }

  std::shared_ptr<Loop> loop_;
  Shared& shared_;
  ReplyTerms terms_;
  std::string client_;    // the peer's address
  bool proxied_ = false;  // the peer is a trusted proxy
  MemoryShare held_{shared_.held};
  bool keep_alive_ = false;   // after the answer there may be another request
  bool old_version_ = false;  // HTTP/1.0
  bool head_ = false;         // the answer goes without its body

 private:
  void begin(const RequestReader& reader);
  void begin_work(rest::Request request, Clock::time_point patience);
  void work(rest::Request request);
  void wait_decoded(rest::Request request);
  bool make_room(const rest::Request& request);
  void send(rest::Response response);
  rest::Response without_room(rest::Response response) const;
  void finish(rest::Response response);
  void write_log(const rest::Response& response, std::uint64_t sent) const;

  MemoryShare worked_on_{shared_.worked_on};
  std::optional<boost::asio::steady_timer> waiting_for_room_;
  bool decoded_ = false;  // the content coding of the request's body is undone
  bool reads_ = false;    // what was asked for changes nothing, by its method
  std::string log_method_, log_target_;
  std::uint64_t request_bytes_ = 0;
  Clock::time_point started_;
};

}  // namespace http
