#include "fhir/rest/transaction.h"

#include <chrono>

#include "fhir/rest/bundle_answer.h"
#include "fhir/rest/partial.h"
#include "fhir/rest/provenance.h"
#include "fhir/rest/read.h"
#include "fhir/rest/routes.h"
#include "fhir/rest/search.h"
#include "resources-gen/model/thread_clock.h"

namespace rest {
namespace {

using model::failure;
using model::FailureKind;
using model::IssueCode;

constexpr std::size_t small_parts = 100;  // a Bundle up to this size may be planned anew, and answered, on the writer's thread
constexpr auto small_time = std::chrono::milliseconds(20);  // and if planning it took no more CPU: patches may
constexpr int few_attempts = 3;    // of the worker to plan a large one; then the writer does it, and all others wait
constexpr int most_attempts = 10;  // of what would keep them waiting longer than this; then it is refused
constexpr auto bearable_time = std::chrono::milliseconds(500);

}  // namespace

void Transaction::check_conditions(Part& part, store::WriteContext* writer) {
  part.version.reset();
  part.removed.clear();
  if (part.kind == Part::Kind::create || part.kind == Part::Kind::read) return;
  const auto check = [&](const std::string& what, const std::optional<store::Version>& current) {
    if (const auto refused = rest::check(part.conditions, what, current)) faults_.add(*refused, part.entry.expression("request"));
  };
  if (part.kind == Part::Kind::remove && part.criteria != no_number) {
    for (const auto& match : part.removals) check(name_of(match), match);
    return;
  }
  if (part.id.empty()) return;  // what it is about is in doubt, which was said
  const auto current = writer ? writer->current(part.target.type, part.id) : context_.store.current(part.target.type, part.id);
  part.created = !current || current->deleted();
  check(part.what, current);
  if (part.kind == Part::Kind::remove && !part.created) part.removals = {*current};
}

void Transaction::put_removals(Part& part, store::WriteContext& writer) {
  for (const auto& removal : part.removals) {
    store::Draft draft;
    draft.type = removal.type;
    draft.id = removal.id;
    draft.method = store::Method::remove;
    part.removed.push_back(writer.put(std::move(draft)));
  }
  if (part.removed.size() == 1) part.version = part.removed.front();
}

// In the writer: conditions first, all of them, then puts. R4 http.html#trules has the order.
model::Result<void> Transaction::write(store::WriteContext& writer) {
  changed_ = false;
  if (!still_holds(planned_, writer)) {
    if (!exclusive_) {
      changed_ = true;
      return failure(
          FailureKind::conflict, IssueCode::conflict,
          "What the transaction's conditions match was changed by others each time that it was to be stored; send it again");
    }
    auto resolution = resolve(&writer);
    if (!resolution) return resolution.error();
    if (auto made = plan(*resolution, &writer); !made) return made;
    planned_ = std::move(*resolution);
  }
  faults_ = {};
  for (auto& part : parts_) check_conditions(part, &writer);
  if (!faults_.empty()) return faults_.failure();
  for (const auto& kinds : {std::pair{Part::Kind::remove, Part::Kind::remove}, std::pair{Part::Kind::create, Part::Kind::create},
                            std::pair{Part::Kind::update, Part::Kind::patch}}) {
    for (auto& part : parts_) {
      if ((part.kind != kinds.first && part.kind != kinds.second) || !part.writes()) continue;
      if (part.kind == Part::Kind::remove) {
        put_removals(part, writer);
        continue;
      }
      part.version = writer.put(part.prepared.draft);
      const bool new_id = part.kind == Part::Kind::create || part.id == part.target_ids.new_id;
      if (new_id && part.version->version != 1) {
        return failure(FailureKind::conflict, IssueCode::conflict,
                       "The id chosen for a new resource was taken meanwhile; send it again", part.entry.expression());
      }
    }
  }
  moment_ = writer.next_document() - 1;
  return {};
}

void Transaction::answer_read(BundleText& text, Part& part) {
  auto& asked = *part.asked;
  const auto respond = [&](Response response) {
    if (text.size() >= most_answer_bytes) shorten(asked, response);
    add_answer(context_, text, asked, response);
  };
  const auto& target = asked.target;
  if (part.query) {
    search::Query at_moment = *part.query;
    at_moment.position = search::Position{search::Position::Kind::first, moment_, 0, std::nullopt, at_moment.now_ms, 0};
    auto set = searchset(context_, asked, at_moment, {});
    return respond(set ? json_response(200, std::move(*set)) : failure_response(set.error()));
  }
  if (target.shape == Shape::instance) {
    if (const auto checked = check_parameters(asked, {"_summary", "_elements"}); !checked)
      return respond(failure_response(checked.error()));
    const auto subset = read_subset(asked, context_.schema, target.type);
    if (!subset) return respond(failure_response(subset.error()));
    const auto version = is_id(target.id) ? context_.store.as_of(target.type, target.id, moment_) : std::nullopt;
    const auto found = version ? context_.store.render(version->document) : std::nullopt;
    const auto conditions = parse_read_conditions(asked);
    if (!conditions) return respond(failure_response(conditions.error()));
    if (!found) return respond(failure_response(unknown_resource(context_.schema, target.type, target.id)));
    return respond(resource_response(context_.schema, *found, *conditions, *subset));
  }
  std::optional<Response> answer;  // handlers of GET answer at once
  dispatch(context_, part.asked, [&](Response response) { answer = std::move(response); });
  respond(answer ? *answer : unexpected_response());
}

void Transaction::answer_part(BundleText& text, Part& part) {
  if (part.kind == Part::Kind::read) return answer_read(text, part);
  EntryAnswer answer;
  const Part& made = part.same_as == no_number ? part : parts_[part.same_as];
  const auto& version = part.matched ? part.matched : made.version;
  const bool found = part.matched || part.same_as != no_number;
  if (part.kind == Part::Kind::remove) {
    answer.status = 204;
  } else {
    answer.status = !found && (part.kind == Part::Kind::create || (part.kind == Part::Kind::update && part.created)) ? 201 : 200;
  }
  std::string tag, resource, outcome;
  if (version) {
    tag = etag(version->version);
    answer.etag = tag;
    answer.last_modified = version->last_updated;
    if (part.kind != Part::Kind::remove) {
      answer.location = version_path(context_.schema, *version);
      answer.full_url = base_url(context_, *exchange_) + "/" + answer.location.substr(0, answer.location.find("/_history"));
      // A preference only: an answer that has grown large goes on without.
      const bool shows = exchange_->prefer.answer == Return::representation && text.size() < most_answer_bytes;
      if (shows && (part.matched || made.prepared.form.empty())) {
        const auto rendered = context_.store.render(version->document);
        if (rendered && rendered->body) resource = *rendered->body;
      } else if (shows) {
        resource = made.prepared.rendered(*version);
      }
    }
  }
  if (exchange_->prefer.answer == Return::outcome) {
    model::Issues issues;
    const auto tell = [&](std::string what) {
      issues.add({model::Severity::information, IssueCode::informational, std::move(what), {}});
    };
    for (const auto& removed : part.removed) tell("Deleted " + name_of(removed));
    if (part.kind != Part::Kind::remove) {
      tell(found ? answer.location + " matches ifNoneExist: nothing was created"
                 : (answer.status == 201 ? "Created " : "Updated ") + answer.location);
    } else if (part.removed.empty()) {
      tell("There was nothing to delete at " + std::string(part.entry.url));
    }
    outcome = outcome_text(issues);
  }
  answer.resource = resource;
  answer.outcome = outcome;
  add_answer(text, answer);
}

Response Transaction::answer() { return exchange_->once && exchange_->once->kept ? answer_again() : answer_now(); }

Response Transaction::refused(const model::Failure& failure) {
  return exchange_->once ? refuse_once(failure) : failure_response(failure);
}

Response Transaction::answer_now() {
  BundleText text("transaction-response", 256 * parts_.size() + 256);
  for (auto& part : parts_) answer_part(text, part);
  return json_response(200, text.end());
}

model::Result<void> Transaction::plan_anew() {
  auto resolution = resolve(nullptr);
  if (!resolution) return resolution.error();
  planned_ = std::move(*resolution);
  return plan(planned_, nullptr);
}

void Transaction::run(Done done) {
  if (auto checked = check(); !checked) return done(failure_response(checked.error()));
  if (exchange_->once && exchange_->once->kept) return done(answer());
  if (!writes_ && !exchange_->once) {
    moment_ = context_.store.last_document();
    return done(answer());
  }
  const auto begun = model::ThreadClock::now();
  if (auto made = plan_anew(); !made) return done(refused(made.error()));
  const auto taken = model::ThreadClock::now() - begun;
  const bool small = parts_.size() <= small_parts && taken <= small_time;
  const auto self = shared_from_this();
  auto operation = with_provenance(context_, exchange_, [self](store::WriteContext& writer) { return self->write(writer); });
  if (exchange_->once) {
    operation = [self, writing = std::move(operation)](store::WriteContext& writer) { return self->write_once(writer, writing); };
  }
  if (small && !reads_) {
    return context_.store.submit(operation, exchange_->lane, completion(std::move(done), [self] { return self->answer(); }));
  }
  // Large ones, and those that read what they wrote, wait here, so that the writer's thread does no more than write.
  for (int attempt = 1;; ++attempt) {
    exclusive_ = small || (attempt > few_attempts && taken <= bearable_time);
    const auto result = context_.store.write(operation, exchange_->lane);
    if (result) return done(answer());
    if (!changed_ || attempt == most_attempts) return done(failure_response(result.error()));
    if (auto made = plan_anew(); !made) return done(refused(made.error()));
  }
}

void transaction(const Context& context, ExchangePtr exchange, ReadBundle bundle, std::vector<Entry> entries, Done done) {
  std::make_shared<Transaction>(context, std::move(exchange), std::move(bundle), std::move(entries))->run(std::move(done));
}

}  // namespace rest
