#include "fhir/http/connection.h"

#include <sys/socket.h>

#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <optional>

#include "fhir/http/answering.h"
#include "fhir/http/body_intake.h"
#include "fhir/http/content_coding.h"
#include "fhir/http/input_buffer.h"
#include "fhir/http/refusals.h"
#include "fhir/http/request_reader.h"
#include "fhir/http/response_header.h"
#include "fhir/http/source_sender.h"

namespace http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using TlsStream = asio::ssl::stream<tcp::socket>;
using boost::beast::http::error;

constexpr std::size_t read_bytes = 16u << 10;
constexpr std::size_t body_read_bytes = 256u << 10;
constexpr std::size_t body_piece_bytes = 128u << 10;  // of a body that goes to a sink, at least
constexpr std::uint64_t drain_bytes = 4u << 20;       // read and dropped after a refusal, so that the client sees the answer
constexpr std::uint64_t least_bytes_per_second = 100u << 10;
// RFC 8446 5.1
constexpr int tls_head = 5;
constexpr unsigned char handshake_record = 22;
constexpr int longest_record = tls_head + (16 << 10);

template <typename Stream>
class Connection final : public Answering {
 public:
  template <typename... Args>
  explicit Connection(std::shared_ptr<Loop> loop, std::string admitted, Args&&... args)
      : Answering(std::move(loop)), admitted_(std::move(admitted)), stream_(std::forward<Args>(args)...) {
    loop_->connections.insert(this);
  }
  // May be a worker's or the writer's thread: the socket was closed on the loop's, in close().
  ~Connection() override { shared_.connections.leave(admitted_); }

  void start() {
    error_code ignored;
    socket().set_option(tcp::no_delay(true), ignored);
    const auto peer = socket().remote_endpoint(ignored);
    begin_with(peer.address().to_string(), shared_.proxies.contains(peer.address()));
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      deadline = Clock::now() + shared_.options.header_timeout;
      await_hello(tls_head);
    } else {
      next_request();
    }
  }

  void close() override {
    if (closed_) return;
    const auto held = self();  // what the pump lets go of may be the last to hold us
    closed_ = true;
    intake_ = nullptr;  // what has come of a body is let go now, whoever still holds us
    if (reader_) reader_->request.sink = nullptr;
    if (source_.under_way()) {
      sent_ = source_.sent();
      log(response_, sent_);
      source_.stop();
    }
    stop_waiting();
    end_turn();
    loop_->connections.erase(this);
    error_code ignored;
    socket().close(ignored);
  }
  void expire() override {
    if (!reading_ || expired_) return close();
    expired_ = true;
    deadline = Clock::now() + std::chrono::seconds(2);
    error_code ignored;
    socket().cancel(ignored);  // the read under way ends and answers
  }
  void end() override {
    if (waiting_) return close();
    if (source_.resting()) source_.end_feed();
  }

 private:
  std::shared_ptr<Connection> self() { return std::static_pointer_cast<Connection>(shared_from_this()); }

  tcp::socket& socket() {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }

  // A turn is asked for when the client's first record is there whole (RFC 8446 5.1): who dribbles it keeps nobody waiting.
  void await_hello(int bytes) {
    error_code ignored;
    socket().set_option(asio::socket_base::receive_low_watermark(bytes), ignored);
    socket().async_wait(tcp::socket::wait_read, [self = self(), bytes](error_code trouble) {
      if (trouble || self->closed_) return self->close();
      std::array<unsigned char, tls_head> head;
      const auto came = ::recv(self->socket().native_handle(), head.data(), head.size(), MSG_PEEK | MSG_DONTWAIT);
      const int length = came == tls_head && head[0] == handshake_record ? tls_head + (head[3] << 8 | head[4]) : 0;
      if (bytes == tls_head && length > bytes && length <= longest_record) return self->await_hello(length);
      self->take_turn();  // for what is no TLS too, or ends before: that is found there
    });
  }

  void take_turn() {
    error_code ignored;
    socket().set_option(asio::socket_base::receive_low_watermark(1), ignored);
    if (proxied_) return shake_hands();  // a trusted proxy's clients are many
    turn_.emplace(loop_->context);
    ticket_ = loop_->handshakes.enter(client_, [self = self()] { self->shake_hands(); });
  }

  void shake_hands() {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      if (turn_) {
        turn_->expires_after(Handshakes::longest_turn);
        turn_->async_wait([weak = std::weak_ptr(self())](error_code cancelled) {
          if (auto alive = weak.lock(); alive && !cancelled) alive->end_turn();
        });
      }
      stream_.async_handshake(asio::ssl::stream_base::server, [self = self()](error_code trouble) {
        if (trouble) return self->close();
        self->end_turn();
        self->next_request();
      });
    }
  }
  void end_turn() {
    if (!turn_) return;
    turn_.reset();
    loop_->handshakes.leave(client_, ticket_);
  }

  void next_request() {
    if (closed_) return;
    reader_.emplace();
    reader_->eager(true);
    reader_->limit_header(shared_.options.max_header_bytes);
    terms_.clear();
    reader_->body_limit(boost::none);  // the reader has its own
    reader_->limit = shared_.options.max_body_bytes;
    reader_->endpoint = shared_.service;
    intake_ = nullptr;
    continued_ = false;
    begun_ = false;
    blank_passed_ = false;
    waiting_ = input_.empty();
    if (waiting_) input_.let_go();
    if (waiting_ && stopping()) return finish_connection();
    deadline = Clock::now() + (waiting_ ? shared_.options.idle_timeout : shared_.options.header_timeout);
    if (waiting_) {
      read_more();
    } else {
      reading_ = true;
      parse();
    }
  }

  void read_more() {
    if (receiving_) return;
    // No more than what the client has sent.
    const std::size_t room = std::clamp<std::uint64_t>(reader_->received, read_bytes, body_read_bytes);
    input_.make_room(reader_->is_header_done() ? room : read_bytes);
    receive();
  }

  // One read at a time. Beside a source that rests it watches for the client's going; what it brings is the next request's.
  void receive() {
    receiving_ = true;
    stream_.async_read_some(asio::buffer(input_.room(), input_.room_size()),
                            [self = self()](error_code trouble, std::size_t bytes) {
                              self->receiving_ = false;
                              self->received(trouble, bytes);
                            });
  }

  void received(error_code trouble, std::size_t bytes) {
    if (closed_) return;
    if (draining_) return drained(trouble, bytes);
    if (expired_) return refuse(refusal(408, model::IssueCode::timeout, "The request did not come to its end in time"));
    if (source_.under_way() && trouble == asio::error::eof && !source_.resting())
      return;                                  // its half only, perhaps: what it asked for is sent
    const bool busy = !waiting_ && !reading_;  // a watch's read, ended after its feed and beside the next request
    if (trouble && busy && !source_.under_way()) return;
    if (trouble) return close();
    input_.filled(bytes);
    if (source_.under_way()) return watch();
    if (busy) return;
    if (waiting_) {
      waiting_ = false;
      reading_ = true;
      deadline = Clock::now() + shared_.options.header_timeout;
    }
    parse();
  }

  // RFC 9112 2.2: an empty line before a request is let pass, as some clients send one after a body. False: nothing of a
  // request is there yet, and more is being read.
  bool begin_request() {
    if (const auto unread = input_.unread(); !blank_passed_ && unread[0] == '\r') {
      if (unread.size() == 1) {
        read_more();
        return false;
      }
      if (unread[1] == '\n') {
        input_.consume(2);
        blank_passed_ = true;
        if (input_.empty()) {
          waiting_ = true;
          reading_ = false;
          deadline = Clock::now() + shared_.options.idle_timeout;
          if (stopping()) {
            finish_connection();
          } else {
            read_more();
          }
          return false;
        }
      }
    }
    begun_ = true;
    return true;
  }

  void parse() {
    if (!begun_ && !begin_request()) return;
    const bool header_was_done = reader_->is_header_done();
    for (;;) {
      error_code trouble;
      std::size_t used = 0;
      if (!input_.empty()) used = reader_->put(asio::buffer(input_.unread()), trouble);
      input_.consume(used);
      if (trouble && trouble != error::need_more) return refuse(reading_refusal(trouble, *reader_, shared_.options));
      if (reader_->is_done()) break;
      if (trouble == error::need_more || used == 0 || input_.empty()) {
        if (reader_->is_header_done() && !header_was_done) start_body();
        // Bytes of a body are taken as they come: what is left is a chunk's extension or the trailer.
        if (reader_->is_header_done() && input_.size() > shared_.options.max_header_bytes) {
          return refuse(trailer_refusal(shared_.options));
        }
        if (reader_->is_header_done() && reader_->expects_continue && !continued_) return send_continue();
        if (reader_->request.sink && reader_->request.body.size() >= body_piece_bytes) return pass_on();
        if (!reader_->request.sink && !held_.resize(reader_->request.body.capacity())) return refuse(busy_refusal());
        return read_more();
      }
    }
    if (reader_->request.sink) return pass_on();
    dispatch();
  }

  // What has come of a body goes to its sink. Nothing is read meanwhile: a client sends no faster than its content is stored.
  void pass_on() {
    deadline = Clock::time_point::max();
    auto& request = reader_->request;
    if (!intake_) {
      auto decoder = make_decoder(request.header("Content-Encoding"), request.sink->limit());
      if (!decoder) return refuse(coding_refusal(decoder.error()));
      intake_ = std::make_shared<BodyIntake>(loop_, request.sink, std::move(*decoder), who());
      if (!held_.resize(intake_->memory())) return refuse(busy_refusal());
    }
    const bool last = reader_->is_done();
    intake_->take(std::exchange(request.body, {}), last, [self = self(), last](model::Result<void> taken) {
      if (self->closed_) return;
      if (!taken) return self->refuse(body_refusal(taken.error()));
      if (last) return self->dispatch();
      self->deadline = self->sending_deadline(body_piece_bytes);
      self->read_more();
    });
  }

  void dispatch() {
    reading_ = false;
    if (std::exchange(intake_, nullptr)) held_.resize(BodyIntake::kept);
    deadline = Clock::time_point::max();
    answer(*reader_);
  }

  void refuse(rest::Response response) {
    reading_ = false;
    if (reader_->request.target.empty()) reader_->take_cut_line(input_.unread());
    answer_unread(*reader_, std::move(response));
  }

  // A body may take body_timeout, and longer if it comes at a decent pace.
  void start_body() {
    const auto length = reader_->content_length();
    deadline = sending_deadline(reader_->request.sink ? body_piece_bytes : length ? *length : shared_.options.max_body_bytes);
  }

  void send_continue() {
    continued_ = true;
    static constexpr std::string_view text = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(stream_, asio::buffer(text), [self = self()](error_code trouble, std::size_t) {
      if (trouble) return self->close();
      self->read_more();
    });
  }

  void respond(rest::Response response) override {
    if (closed_) return;
    response_ = std::move(response);
    terms_.add_cors(shared_.cors, response_);
    if (stopping()) keep_alive_ = false;
    const auto framing = framing_of(response_, old_version_);
    if (framing.kind == BodyFraming::Kind::until_close) keep_alive_ = false;
    header_.clear();
    append_header(header_, response_, framing, loop_->date(), shared_.standing, keep_alive_, old_version_);
    const bool send_body = framing.kind != BodyFraming::Kind::none && !head_;
    if (response_.source && send_body) {
      return source_.begin(loop_, std::move(response_.source), std::move(header_), framing);
    }
    const std::size_t length = response_.body && send_body ? response_.body->size() : 0;
    deadline = sending_deadline(length);
    const std::array<asio::const_buffer, 2> buffers{asio::buffer(header_),
                                                    length > 0 ? asio::buffer(*response_.body) : asio::const_buffer()};
    asio::async_write(stream_, buffers, [self = self()](error_code trouble, std::size_t bytes) {
      self->sent_ = bytes;
      if (trouble) return self->log(self->response_, self->sent_), self->close();
      self->answered();
    });
  }

  // Within which as many bytes are to go through, either way.
  Clock::time_point sending_deadline(std::uint64_t bytes) const {
    return Clock::now() + shared_.options.body_timeout + std::chrono::seconds(bytes / least_bytes_per_second);
  }

  // All of the answer is sent.
  void answered() {
    log(response_, sent_);
    response_ = {};
    held_.resize(0);
    if (!keep_alive_) return finish_connection();
    next_request();
  }

  friend class SourceSender<Stream, Connection>;
  void source_sent() {
    sent_ = source_.sent();
    if (stopping()) keep_alive_ = false;
    answered();
  }
  void source_rests() {
    if (!receiving_) watch();
  }
  bool hold(std::uint64_t bytes) { return held_.resize(bytes); }
  void source_failed(bool unsaid, bool no_room) {
    if (!unsaid) {
      error_code ignored;
      // A body that ends with the connection must not end like a whole one.
      socket().set_option(asio::socket_base::linger(true, 0), ignored);
      return close();
    }
    source_.stop();
    keep_alive_ = false;
    respond_ourselves(terms_.asked(), no_room ? busy_refusal()
                                              : refusal(500, model::IssueCode::exception,
                                                        "The content could not be read; the server's log says more"));
  }

  // Reads on while the source has nothing to say: only so is a client's going seen. What it sends beyond a moderate part of a
  // next request stays in the socket.
  void watch() {
    if (input_.size() >= read_bytes) return;
    input_.make_room(read_bytes);
    receive();
  }

  // Closes so that the last answer is seen: our half first, then what still comes is read and dropped for a moment.
  void finish_connection() {
    deadline = Clock::now() + std::chrono::seconds(2);
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      stream_.async_shutdown([self = self()](error_code trouble) {
        if (!trouble) return self->close();  // the client has ended too
        self->end_sending();
      });
    } else {
      end_sending();
    }
  }
  void end_sending() {
    if (closed_) return;
    error_code ignored;
    socket().shutdown(tcp::socket::shutdown_send, ignored);
    drain();
  }

  void drain() {
    draining_ = true;
    if (receiving_) return;
    input_.clear();
    input_.make_room(body_read_bytes);
    receiving_ = true;
    socket().async_read_some(asio::buffer(input_.room(), input_.room_size()),  // below TLS: what it says is of no interest
                             [self = self()](error_code trouble, std::size_t bytes) {
                               self->receiving_ = false;
                               self->received(trouble, bytes);
                             });
  }
  void drained(error_code trouble, std::size_t bytes) {
    drained_ += bytes;
    if (trouble || drained_ > drain_bytes) return close();
    drain();
  }

  const std::string admitted_;  // as whom Admission counts it
  Stream stream_;
  InputBuffer input_;
  std::optional<RequestReader> reader_;
  std::shared_ptr<BodyIntake> intake_;  // of a body that goes to a sink
  rest::Response response_;
  std::string header_;
  SourceSender<Stream, Connection> source_{*this, stream_};  // an answer made while it is sent
  std::uint64_t sent_ = 0, drained_ = 0;
  std::optional<asio::steady_timer> turn_;  // while a handshake waits or is under way: when its turn ends
  Handshakes::Ticket ticket_ = 0;
  bool waiting_ = true;
  bool reading_ = false;  // part of a request has come
  bool expired_ = false;
  bool closed_ = false;
  bool receiving_ = false;  // a read is under way
  bool draining_ = false;
  bool continued_ = false;
  bool begun_ = false;         // the parser has been given a byte of this request
  bool blank_passed_ = false;  // the empty line before it
};

}  // namespace

void start_connection(std::shared_ptr<Loop> loop, tcp::socket socket, std::string client, asio::ssl::context* tls) {
  if (tls != nullptr) {
    std::make_shared<Connection<TlsStream>>(std::move(loop), std::move(client), std::move(socket), *tls)->start();
  } else {
    std::make_shared<Connection<tcp::socket>>(std::move(loop), std::move(client), std::move(socket))->start();
  }
}

}  // namespace http
