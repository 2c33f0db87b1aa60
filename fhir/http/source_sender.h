// SourceSender: writes an answer's body that a source makes: asks, writes, asks again when that is written.
//
// Part of its owner, a connection, on the loop's thread. The owner has:
//   source_sent()            all of it is sent
//   source_failed(unsaid, no_room)  it cannot go on; `unsaid`: not even the header is sent, so that there can be another answer;
//                            `no_room`: hold() has said so
//   who()                    whose turn among the workers it takes
//   hold(bytes)              whether there is memory for as many, which the source and the sender then have
//   source_rests()           it has nothing to say for now: no deadline runs, and a client that goes must be seen
#pragma once

#include <array>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "fhir/http/response_header.h"
#include "fhir/http/source_pump.h"

namespace http {

template <typename Stream, typename Owner>
class SourceSender {
 public:
  SourceSender(Owner& owner, Stream& stream) : owner_(owner), stream_(stream) {}

  bool under_way() const { return pump_ != nullptr; }
  bool resting() const { return resting_; }
  std::uint64_t sent() const { return sent_; }  // bytes on the wire, header included

  // The header goes with the first piece.
  void begin(const std::shared_ptr<Loop>& loop, std::shared_ptr<rest::BodySource> source, std::string header,
             const BodyFraming& framing) {
    header_ = std::move(header);
    framing_ = framing;
    left_ = framing.length;
    sent_ = 0;
    resting_ = false;
    owner_.deadline = known_length() ? owner_.sending_deadline(framing.length) : Clock::time_point::max();
    pump_ = std::make_shared<SourcePump>(loop, std::move(source), owner_.who());
    ask();
  }

  // Ends a feed that rests; false: it is none, or has something to say first, and will be asked to end when it has not.
  bool end_feed() {
    if (!resting_ || known_length()) return false;
    resting_ = false;
    pump_->let_go();
    send(Next::end, {});
    return true;
  }

  // Nothing more is sent. May let go of the last that holds the owner.
  void stop() {
    if (pump_) std::exchange(pump_, nullptr)->let_go();
    resting_ = false;
  }

 private:
  using Next = rest::BodySource::Next;
  using Kind = BodyFraming::Kind;
  bool known_length() const { return framing_.kind == Kind::length; }

  void ask() {
    pump_->ask([this, holds = owner_.shared_from_this()](Next next, std::string piece) {
      if (!pump_) return;
      if (!owner_.hold(pump_->held() + piece.capacity())) return fail(true);
      send(next, std::move(piece));
    });
  }

  void send(Next next, std::string piece) {
    if (known_length()) {
      if (piece.size() > left_ || (next == Next::end && piece.size() < left_)) next = Next::broken;
      left_ -= std::min<std::uint64_t>(piece.size(), left_);
    } else if (next == Next::later && owner_.stopping()) {
      next = Next::end;  // a feed has no other end
    }
    if (next == Next::broken) return fail();
    piece_ = std::move(piece);
    chunk_.clear();
    tail_ = {};
    if (framing_.kind == Kind::chunked) {
      if (!piece_.empty()) {
        char size[20];
        chunk_.assign(size, static_cast<std::size_t>(std::snprintf(size, sizeof size, "%zx\r\n", piece_.size())));
        tail_ = "\r\n";
      }
      if (next == Next::end) tail_ = piece_.empty() ? "0\r\n\r\n" : "\r\n0\r\n\r\n";
    }
    const std::array<boost::asio::const_buffer, 4> buffers{boost::asio::buffer(header_), boost::asio::buffer(chunk_),
                                                           boost::asio::buffer(piece_), boost::asio::buffer(tail_)};
    if (boost::asio::buffer_size(buffers) == 0) return sent(next);
    if (!known_length()) owner_.deadline = owner_.sending_deadline(piece_.size());
    boost::asio::async_write(
        stream_, buffers, [this, next, holds = owner_.shared_from_this()](boost::system::error_code trouble, std::size_t bytes) {
          sent_ += bytes;
          if (!pump_) return;
          header_.clear();
          if (trouble) return fail();
          sent(next);
        });
  }

  void sent(Next next) {
    if (!known_length()) owner_.deadline = Clock::time_point::max();
    std::string().swap(piece_);
    if (next == Next::end) {
      stop();
      return owner_.source_sent();
    }
    owner_.hold(pump_->held());
    if (next == Next::more) return ask();
    resting_ = true;
    owner_.source_rests();
    if (!pump_) return;
    pump_->wait([this, holds = owner_.shared_from_this()] {
      resting_ = false;
      ask();
    });
  }

  void fail(bool no_room = false) {
    const bool unsaid = !header_.empty();
    owner_.source_failed(unsaid, no_room);
  }

  Owner& owner_;
  Stream& stream_;
  std::shared_ptr<SourcePump> pump_;
  std::string header_;  // as long as it is not sent
  BodyFraming framing_;
  std::uint64_t left_ = 0;  // of the declared length
  std::uint64_t sent_ = 0;
  std::string piece_, chunk_;
  std::string_view tail_;
  bool resting_ = false;
};

}  // namespace http
