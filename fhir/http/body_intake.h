// BodyIntake: a request's body handed to a rest::BodySink piece by piece, on workers, its content coding undone on the way.
//
// Belongs to the loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "fhir/http/content_decoder.h"
#include "fhir/http/loop.h"

namespace http {

class BodyIntake : public std::enable_shared_from_this<BodyIntake> {
 public:
  using Done = std::function<void(model::Result<void>)>;

  // `decoder` may be null. `client`: whose turn among the workers it takes.
  BodyIntake(std::shared_ptr<Loop> loop, std::shared_ptr<rest::BodySink> sink, std::unique_ptr<ContentDecoder> decoder,
             std::string client)
      : loop_(std::move(loop)), sink_(std::move(sink)), decoder_(std::move(decoder)), client_(std::move(client)) {}

  // Bytes of memory that a body under way takes: what the sink keeps of a small one, pieces, and the decoder's windows.
  std::uint64_t memory() const { return kept + (decoder_ ? decoder_->memory() : 0); }

  // Passes a piece on; `done` is called on the loop when the next may come, or the request has failed. Not again before that.
  void take(std::string piece, bool last, Done done);

  // The same without the decoder.
  static constexpr std::uint64_t kept = 3u << 19;

 private:
  void on_worker(std::function<void()> work);
  void decode();
  void taken(model::Result<void> result, bool more);
  void finish(model::Result<void> result);

  std::shared_ptr<Loop> loop_;
  std::shared_ptr<rest::BodySink> sink_;
  std::unique_ptr<ContentDecoder> decoder_;
  const std::string client_;
  bool last_ = false;
  Done done_;
};

}  // namespace http
