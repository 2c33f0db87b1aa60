// A transaction under an Idempotency-Key: what is kept of it, and the answer made again from that.
//
// Kept is what came of each entry and the moment that its reads see: the answer follows, resources from their versions. So the
// answer need not be known in the writer, and no copy of a resource is kept.

#include <stdexcept>

#include "fhir/rest/transaction.h"
#include "store/bytes.h"

namespace rest {
namespace {

// What came of an entry. Each is followed by a number: of the version's document, of the entry that it is the same as, of the
// milliseconds that were `now` for a search; or 0. After `removed` comes a number of deletions, and the document of each.
enum class Outcome : std::uint8_t { nothing, written, created, matched, same_as, read, removed };

}  // namespace

std::string Transaction::marker() const {
  std::string out;
  store::append_varint(out, moment_);
  store::append_varint(out, parts_.size());
  const auto add = [&](Outcome outcome, std::uint64_t number) {
    out.push_back(static_cast<char>(outcome));
    store::append_varint(out, number);
  };
  for (const auto& part : parts_) {
    if (part.kind == Part::Kind::read) {
      add(Outcome::read, part.query ? static_cast<std::uint64_t>(part.query->now_ms) : 0);
    } else if (part.kind == Part::Kind::remove) {
      add(Outcome::removed, part.removed.size());
      for (const auto& version : part.removed) store::append_varint(out, version.document);
    } else if (part.matched) {
      add(Outcome::matched, part.matched->document);
    } else if (part.same_as != no_number) {
      add(Outcome::same_as, part.same_as);
    } else if (part.version) {
      add(part.created ? Outcome::created : Outcome::written, part.version->document);
    } else {
      add(Outcome::nothing, 0);
    }
  }
  return out;
}

bool Transaction::restore(std::string_view marker) {
  store::ByteReader in(marker);
  moment_ = in.varint();
  if (in.varint() != parts_.size()) throw std::runtime_error("what was kept of a transaction is not of this one");
  bool all = true;
  for (auto& part : parts_) {
    const auto outcome = static_cast<Outcome>(in.byte());
    const auto number = in.varint();
    if (part.asked) part.asked->request.base_url = exchange_->request.base_url;
    part.matched.reset();
    part.version.reset();
    part.prepared = {};
    part.same_as = outcome == Outcome::same_as ? number : no_number;
    part.created = outcome == Outcome::created;
    if (outcome == Outcome::read && part.query) {
      auto query = std::make_shared<search::Query>(*part.query);
      query->now_ms = static_cast<std::int64_t>(number);
      part.query = std::move(query);
    }
    part.removed.clear();
    for (std::uint64_t left = outcome == Outcome::removed ? number : 0; left > 0 && !in.done(); --left) {
      auto version = context_.store.at(in.varint());
      all = all && version;
      if (version) part.removed.push_back(std::move(*version));
    }
    if (part.removed.size() == 1) part.version = part.removed.front();
    if (outcome != Outcome::written && outcome != Outcome::created && outcome != Outcome::matched) continue;
    auto version = context_.store.at(number);
    all = all && version;
    (outcome == Outcome::matched ? part.matched : part.version) = std::move(version);
  }
  if (!in.done()) throw std::runtime_error("what was kept of a transaction does not read");
  return all;
}

model::Result<void> Transaction::write_once(store::WriteContext& writer, const store::Operation& writing) {
  const auto found = find_kept(*exchange_->once, writer);
  if (!found) return found.error();
  if (*found) return {};
  auto written = writing(writer);
  if (written) {
    keep_marker(*exchange_, writer, marker());
  } else if (is_final(written.error().kind)) {
    keep_answer(*exchange_, writer, failure_response(written.error()));
  }
  return written;
}

Response Transaction::answer_again() {
  const auto& kept = *exchange_->once->kept;
  if (kept.answer) return replayed(context_, *exchange_);
  restore_headers(context_, *exchange_);
  if (!restore(kept.marker)) return erased_since();
  auto response = answer_now();
  mark_replayed(response);
  return response;
}

// What is on disk refuses the transaction as a worker has planned it. An earlier try may still be on its way: whichever reaches
// the writer first decides for both.
Response Transaction::refuse_once(const model::Failure& failure) {
  const auto result = context_.store.write(
      [&](store::WriteContext& writer) -> model::Result<void> {
        const auto found = find_kept(*exchange_->once, writer);
        if (!found) return found.error();
        if (*found) return {};
        if (is_final(failure.kind)) keep_answer(*exchange_, writer, failure_response(failure));
        return failure;
      },
      exchange_->lane);
  return result ? answer_again() : failure_response(result.error());
}

}  // namespace rest
