#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>

#include "fhir/rest/bundle.h"
#include "fhir/rest/bundle_answer.h"
#include "fhir/rest/failures.h"
#include "fhir/rest/once.h"
#include "fhir/rest/routes.h"
#include "resources-gen/model/bounded_issues.h"
#include "resources-gen/model/thread_clock.h"

namespace rest {
namespace {

using model::failure;
using model::FailureKind;
using model::IssueCode;

constexpr auto most_time = std::chrono::seconds(60);  // of CPU, for all entries

// The answers that have come in, up to a size that is worth telling; filled from the writer's thread too.
class Answers {
 public:
  explicit Answers(std::size_t count) : list_(count), missing_(count) {}

  void put(std::size_t index, const Exchange& asked, Response response) {
    const std::lock_guard lock(mutex_);
    if (bytes_ >= most_answer_bytes) shorten(asked, response);
    if (response.body) bytes_ += response.body->size();
    list_[index] = std::move(response);
    if (--missing_ == waiting_for_) arrived_.notify_all();
  }
  // Waits until no more than `missing` answers are missing.
  void wait(std::size_t missing) {
    std::unique_lock lock(mutex_);
    waiting_for_ = missing;
    arrived_.wait(lock, [&] { return missing_ <= missing; });
  }
  const Response& operator[](std::size_t index) const { return list_[index]; }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Response> list_;
  std::size_t bytes_ = 0;
  std::size_t missing_;
  std::size_t waiting_for_ = 0;
};

// The faults of entries, by entry. Resources are read again on their own: of those only what their JSON no longer shows, the
// faults of XML (`of_resources`), and why one that is wanted cannot be had.
std::vector<model::Issues> faults_by_entry(const model::Issues& issues, const std::vector<Entry>& entries, bool of_resources) {
  std::vector<model::Issues> faults(entries.size());
  for (const auto& issue : issues) {
    const auto place = entry_place(issue.expression);
    if (!place || place->index >= entries.size()) continue;
    const auto& entry = entries[place->index];
    const bool of_resource = place->member.starts_with("resource");
    const bool wanted = !entry.resource && (entry.method == "POST" || entry.method == "PUT" || entry.method == "PATCH");
    const bool patch = entry.method == "PATCH";             // which is not read as what it will be
    if (issue.severity > model::Severity::error) continue;  // it refuses nothing, and must not stand in the place of what does
    if (of_resources || !of_resource || wanted || patch || !entry.resource_alone) model::add_bounded(faults[place->index], issue);
  }
  return faults;
}

// Why an entry cannot be processed at all.
std::optional<model::Failure> refuse(const Entry& entry, const model::Issues& faults) {
  if (faults.has_errors()) return model::Failure{FailureKind::unprocessable, faults};
  if (!entry.has_request) {
    return failure(FailureKind::bad_request, IssueCode::required, "The entry has no request", entry.expression());
  }
  if (entry.method.empty() || entry.url.empty()) {
    return failure(FailureKind::bad_request, IssueCode::required, "The entry's request needs a method and a url",
                   entry.expression("request"));
  }
  if (const auto wrong = trouble_of(entry); !wrong.empty()) {
    return failure(FailureKind::bad_request, IssueCode::value, wrong, entry.expression("request"));
  }
  return std::nullopt;
}

// Under an Idempotency-Key the batch as a whole claims the key before anything is done, so that no other request has it. Its
// entries have keys made of that (entry.cpp), so each is carried out once, whatever the batch was broken off at.
model::Result<void> claim_key(const Context& context, const Exchange& exchange) {
  auto& once = *exchange.once;
  if (once.kept) return {};
  const auto claimed = context.store.write(
      [&](store::WriteContext& writer) -> model::Result<void> {
        const auto found = find_kept(once, writer);
        if (!found) return found.error();
        if (!*found) keep_marker(exchange, writer, {});
        return {};
      },
      exchange.lane);
  if (!claimed) return claimed.error();
  return {};
}

// Whether nothing was done now: some entries were answered from what was kept, and none was carried out.
bool all_replayed(const std::vector<Entry>& entries, const Answers& answers) {
  bool any = false;
  for (const auto& entry : entries) {
    const auto& response = answers[entry.index];
    const bool kept = was_replayed(response);
    if (!kept && response.status < 400) return false;
    any = any || kept;
  }
  return any;
}

}  // namespace

void batch(const Context& context, ExchangePtr exchange, ReadBundle bundle, std::vector<Entry> entries, Done done) {
  if (exchange->once) {
    if (const auto claimed = claim_key(context, *exchange); !claimed) return done(failure_response(claimed.error()));
  }
  const auto format = check_content_type(exchange->request.header("Content-Type"));
  const auto faults = faults_by_entry(bundle->issues, entries, format && is_xml(*format));
  std::vector<const Entry*> order;
  for (const auto& entry : entries) order.push_back(&entry);
  std::stable_sort(order.begin(), order.end(),
                   [](const Entry* a, const Entry* b) { return processing_rank(*a) < processing_rank(*b); });

  const auto answers = std::make_shared<Answers>(entries.size());
  std::vector<ExchangePtr> asked(entries.size());
  std::size_t left = entries.size();
  bool reading = false;
  const auto begun = model::ThreadClock::now();
  for (const auto* entry : order) {
    // Writes queue up, and share a commit; what reads sees them all.
    if (!reading && processing_rank(*entry) == 3) {
      answers->wait(left);
      reading = true;
    }
    --left;
    const auto index = entry->index;
    asked[index] = exchange_for(context, *exchange, *entry);
    const auto put = first_answer([answers, index, entry_asked = asked[index]](Response response) {
      answers->put(index, *entry_asked, std::move(response));
    });
    if (const auto refused = refuse(*entry, faults[index])) {
      put(failure_response(*refused));
      continue;
    }
    if (model::ThreadClock::now() - begun > most_time) {
      put(failure_response(failure(FailureKind::timeout, IssueCode::too_costly,
                                   "The entries before this one have taken too long; send it again, in a smaller batch")));
      continue;
    }
    try {
      dispatch(context, asked[index], put);
    } catch (const std::exception&) {
      put(unexpected_response());
    }
  }
  answers->wait(0);

  BundleText text("batch-response", 256 * entries.size() + 256);
  for (std::size_t i = 0; i < entries.size(); ++i) add_answer(context, text, *asked[i], (*answers)[i]);
  auto response = json_response(200, text.end());
  if (exchange->once && all_replayed(entries, *answers)) mark_replayed(response);
  done(std::move(response));
}

}  // namespace rest
