// Once: a request that carries an Idempotency-Key is carried out once, and given the first answer when it comes again.
//
// draft-ietf-httpapi-idempotency-key-header. The answer is kept in the commit of the write itself (store/README.md, Replies), and
// every such request is decided in the writer, which is serial: of two that arrive at once the second finds what the first kept.
// README.md has what makes two requests the same, and which answers are kept.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/rest/exchange.h"

namespace rest {

// What was kept for a request: its answer; or, for interactions that make the same answer again themselves, what they need to.
struct Kept {
  std::optional<Response> answer;  // `shown` instead of a body that shows a stored version
  std::string marker;
  // What the exchange adds to any answer:
  std::vector<std::string> ignored, remarks;
  store::Document provenance = 0;
  std::string base_url;
};

// The key that a request carries, and what came of it.
struct Once {
  std::string key;       // in the store: 32 bytes, of who asks and what the header says
  std::string request;   // 32 bytes, of all that decides the answer: another one under the same key is refused
  std::string base_url;  // that the answer has, whatever a repetition calls us
  std::optional<Kept> kept;
  std::vector<std::string> quoted;  // "Patient/1/_history/2": of whose content a refusal may hold a part
};

// True if the exchange carries a key that counts: it has one from its Bundle, or its header has one and it is no read.
bool carries_key(const Exchange& exchange);
// Reads the key, and answers from what was kept for it, else hands the exchange to its handler (with `kept`, if that is a
// marker). 400: it is no key. 422: it was used for another request.
void carry_out_once(const Context& context, ExchangePtr exchange, Done done);
// The key of a part of a request: of an entry of a batch.
std::shared_ptr<Once> once_for_part(const Once& whole, std::size_t part);

// In the writer: looks for what was kept. True: it is in `once.kept` now, and nothing else is to be done. 422 as above.
model::Result<bool> find_kept(Once& once, const store::WriteContext& writer);
void keep_answer(const Exchange& exchange, store::WriteContext& writer, const Response& response);
void keep_marker(const Exchange& exchange, store::WriteContext& writer, std::string_view marker);
// True of refusals that are final for this request as the state is: not those that ask for another try.
bool is_final(model::FailureKind kind);

// The answer that was kept, as it was, and marked. 410 if it showed what has been erased since.
Response replayed(const Context& context, Exchange& exchange);
// Gives the exchange what it had when the first answer was made, and what becomes headers in the end.
void restore_headers(const Context& context, Exchange& exchange);
Response erased_since();
void mark_replayed(Response& response);
bool was_replayed(const Response& response);

// `operation`, which runs unless an answer was kept, and in whose commit `answer()` is kept. Itself if the exchange carries no
// key.
store::Operation carried_out_once(const ExchangePtr& exchange, store::Operation operation, std::function<Response()> answer);
// What is answered when that is on disk: what was kept before, else `answer()`.
Response answer_once(const Context& context, Exchange& exchange, const std::function<Response()>& answer);
// For submit() (write.h).
void submit_once(const Context& context, const ExchangePtr& exchange, store::Operation operation,
                 std::function<Response()> answer, Done done);
// For refuse() (write.h): in the writer, so that an earlier try that still waits there is not decided otherwise.
void refuse_once(const Context& context, const ExchangePtr& exchange, const model::Failure& failure, Done done);

}  // namespace rest
