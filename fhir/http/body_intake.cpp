#include "fhir/http/body_intake.h"

#include <boost/asio/post.hpp>
#include <exception>
#include <utility>

namespace http {

void BodyIntake::take(std::string piece, bool last, Done done) {
  last_ = last;
  done_ = std::move(done);
  on_worker([self = shared_from_this(), given = std::make_shared<std::string>(std::move(piece))] {
    if (self->decoder_) {
      self->decoder_->feed(std::move(*given));
      return self->decode();
    }
    self->sink_->take(*given, [self](model::Result<void> result) { self->taken(std::move(result), false); });
  });
}

void BodyIntake::on_worker(std::function<void()> work) {
  auto guarded = [self = shared_from_this(), work = std::move(work)] {
    try {
      work();
    } catch (const std::exception& trouble) {
      self->finish(model::failure(model::FailureKind::internal, model::IssueCode::exception, trouble.what()));
    }
  };
  if (loop_->shared->workers->post(std::move(guarded), client_)) return;
  finish(
      model::failure(model::FailureKind::unavailable, model::IssueCode::throttled, "The server is busy: try again in a moment"));
}

void BodyIntake::decode() {
  std::string content;
  auto more = decoder_->decode(content);
  if (!more) return finish(more.error());
  if (!*more && last_) {
    if (auto ended = decoder_->end(); !ended) return finish(ended.error());
  }
  sink_->take(content,
              [self = shared_from_this(), left = *more](model::Result<void> result) { self->taken(std::move(result), left); });
}

// On any thread.
void BodyIntake::taken(model::Result<void> result, bool more) {
  if (!result || !more) return finish(std::move(result));
  on_worker([self = shared_from_this()] { self->decode(); });
}

void BodyIntake::finish(model::Result<void> result) {
  boost::asio::post(loop_->context, [done = std::exchange(done_, nullptr), result = std::move(result)]() mutable {
    if (done) done(std::move(result));
  });
}

}  // namespace http
