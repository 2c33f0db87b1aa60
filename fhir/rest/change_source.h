// ChangeSource: the versions of the store in the order of their commits, piece by piece, as lines of JSON or server-sent events.
//
// README.md has a line and an event. Nothing is held between pieces but a document number.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "fhir/rest/commit_bell.h"
#include "fhir/rest/service.h"

namespace rest {

struct ChangeRange {
  store::Commit after = 0;           // commits above it
  store::Document first = 1;         // the first document of those
  store::Document end = 0;           // exclusive, between two commits; 0: as far as there are any, and then what comes
  std::vector<model::TypeId> types;  // empty: all
  bool bodies = true;
};

// Lines up to the range's end.
class ChangeLines final : public BodySource {
 public:
  ChangeLines(const model::Schema& schema, const store::Store& store, ChangeRange range);
  Next next(std::string& out) override;

 private:
  const model::Schema& schema_;
  const store::Store& store_;
  const ChangeRange range_;
  store::Document position_;
};

// Events, one for each commit, without end; a comment now and then while nothing happens, so that both sides know of each other.
// HTML Living Standard, 9.2 (server-sent events).
class ChangeEvents final : public BodySource {
 public:
  ChangeEvents(const model::Schema& schema, const store::Store& store, CommitBell& bell, ChangeRange range,
               std::chrono::milliseconds heartbeat = std::chrono::seconds(15));
  Next next(std::string& out) override;
  void on_more(std::function<void()> wake) override;

 private:
  using Clock = std::chrono::steady_clock;
  void end_event(std::string& out);

  const model::Schema& schema_;
  const store::Store& store_;
  CommitBell& bell_;
  const ChangeRange range_;
  const std::chrono::milliseconds heartbeat_;
  store::Document position_;
  store::Commit open_ = 0;  // the commit whose event is being written; 0: none
  store::Commit told_ = 0;  // the last that the client knows as its place
  bool begun_ = false;
  bool ahead_ = true;  // nothing was found yet above range_.after, which may be a commit still to come
  Clock::time_point spoke_ = Clock::now();
  std::shared_ptr<void> token_;
};

}  // namespace rest
