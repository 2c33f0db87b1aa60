// PATCH [type]/[id] and PATCH [type]?criteria. R4 http.html#patch.

#include <chrono>

#include "fhir/rest/condition.h"
#include "fhir/rest/conditional.h"
#include "fhir/rest/interactions.h"
#include "fhir/rest/patch_body.h"
#include "fhir/rest/provenance.h"
#include "fhir/rest/read.h"
#include "fhir/rest/write.h"
#include "resources-gen/model/thread_clock.h"

namespace rest {
namespace {

using model::failure;
using model::FailureKind;
using model::IssueCode;

// What the writer's thread may patch again itself: all others wait meanwhile.
constexpr std::size_t small_bytes = 64u << 10;
constexpr auto quick = std::chrono::milliseconds(5);  // of CPU
constexpr int most_attempts = 5;                      // of the worker, for what is not so small

// A patch on its way: applied by the worker to the version that is current, and by the writer once more if that was replaced
// meanwhile, so that no concurrent patch is lost.
class Patching : public std::enable_shared_from_this<Patching> {
 public:
  Patching(const Context& context, ExchangePtr exchange) : context_(context), exchange_(std::move(exchange)) {}

  void run(Done done) {
    if (auto understood = understand(); !understood) {
      const auto refused = understood.error();
      return done(refused.kind == FailureKind::unsupported_media ? refused_patch_type(refused) : failure_response(refused));
    }
    for (int attempt = 1;; ++attempt) {
      const auto planned = plan(nullptr);
      // Of a batch, entries before this one may still wait for the writer: it is behind them that this one has its turn.
      const bool settled = !exchange_->in_bundle || attempt > 1;
      if (!planned && settled) return refuse(context_, exchange_, planned.error(), done);
      if (may_redo_) break;
      const auto answered = [this] { return answer(); };
      auto operation = with_provenance(context_, exchange_, [this](store::WriteContext& writer) { return write(writer); });
      const auto result = context_.store.write(carried_out_once(exchange_, std::move(operation), answered), exchange_->lane);
      if (result) return done(answer_once(context_, *exchange_, answered));
      if (!changed_ || attempt == most_attempts) return done(failure_response(result.error()));
    }
    const auto self = shared_from_this();
    submit(
        context_, exchange_, [self](store::WriteContext& writer) { return self->write(writer); },
        [self] { return self->answer(); }, std::move(done));
  }

 private:
  model::Result<void> understand() {
    const auto& target = exchange_->target;
    if (target.shape == Shape::type) {
      auto condition = parse_criteria(context_, *exchange_, "PATCH");
      if (!condition) return condition.error();
      condition_ = std::move(*condition);
    } else if (auto checked = check_parameters(*exchange_, {}); !checked) {
      return checked.error();
    }
    auto conditions = parse_preconditions(exchange_->request);
    if (!conditions) return conditions.error();
    conditions_ = std::move(*conditions);
    auto read = read_patch(context_, exchange_->request.header("Content-Type"), exchange_->request.body);
    if (!read) return read.error();
    patch_ = std::move(*read);
    return {};
  }

  // The version to be patched, as the writer sees it, or (null) as it is on disk.
  model::Result<store::Version> find(store::WriteContext* writer) const {
    const auto& target = exchange_->target;
    if (condition_) {
      const auto matches = find_matches(context_, *condition_, 2, writer != nullptr);
      if (!matches) return matches.error();
      if (matches->size() > 1) {
        return failure(FailureKind::precondition_failed, IssueCode::multiple_matches,
                       "PATCH " + several_matches(context_, *condition_, *matches));
      }
      if (matches->empty()) {
        return failure(
            FailureKind::not_found, IssueCode::not_found,
            std::string(context_.schema.type_name(target.type)) + "?" + condition_->text + " matches nothing to patch");
      }
      return matches->front();
    }
    const auto current = !is_id(target.id) ? std::nullopt
                         : writer          ? writer->current(target.type, target.id)
                                           : context_.store.current(target.type, target.id);
    if (!current) return unknown_resource(context_.schema, target.type, target.id);
    if (current->deleted()) return deleted_resource(context_.schema, *current);
    return *current;
  }

  // Applies the patch to what is current: sets base_ and prepared_. May be done again by the writer if it was quick, well or not.
  model::Result<void> plan(store::WriteContext* writer) {
    const auto begun = model::ThreadClock::now();
    base_ = {};
    std::size_t bytes = 0;
    auto planned = apply(writer, bytes);
    may_redo_ = bytes <= small_bytes && model::ThreadClock::now() - begun <= quick;
    return planned;
  }

  model::Result<void> apply(store::WriteContext* writer, std::size_t& bytes) {
    const auto found = find(writer);
    if (!found) return found.error();
    const auto what = std::string(context_.schema.type_name(found->type)) + "/" + found->id;
    if (auto refused = check(conditions_, what, *found)) return *refused;
    const auto body =
        writer ? context_.store.rendered(writer->stored(*found)).body : context_.store.render(found->document).value().body;
    bytes = body->size();
    if (exchange_->once) exchange_->once->quoted = {version_path(context_.schema, *found)};
    auto patched = apply_patch(context_, *patch_, *body);
    if (!patched) return patched.error();
    prepared_ = prepare(context_, patched->tree, found->id, store::Method::patch, shows_resource(*exchange_));
    prepared_.warnings = std::move(patched->issues);
    base_ = *found;
    return {};
  }

  model::Result<void> write(store::WriteContext& writer) {
    changed_ = false;
    const auto found = find(&writer);
    if (!found) return found.error();
    if (found->document != base_.document) {
      if (!may_redo_) {
        changed_ = true;
        return failure(FailureKind::conflict, IssueCode::conflict,
                       "The resource was written by others each time that the patch was to be stored; send it again");
      }
      if (auto planned = plan(&writer); !planned) return planned;
    }
    version_ = writer.put(prepared_.draft);
    return {};
  }

  Response answer() const { return written(context_, *exchange_, 200, version_, prepared_); }

  const Context& context_;
  const ExchangePtr exchange_;
  std::optional<Condition> condition_;
  Preconditions conditions_;
  patch::PatchPtr patch_;
  store::Version base_;  // that the patch was applied to
  Prepared prepared_;
  bool may_redo_ = false;  // by the writer
  bool changed_ = false;
  store::Version version_;
};

}  // namespace

void patch_resource(const Context& context, ExchangePtr exchange, Done done) {
  std::make_shared<Patching>(context, std::move(exchange))->run(std::move(done));
}

}  // namespace rest
