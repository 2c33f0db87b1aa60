#include "fhir/rest/provenance.h"

#include <vector>

#include "fhir/rest/conditional.h"
#include "fhir/rest/write.h"

namespace rest {
namespace {

using model::failure;
using model::FailureKind;
using model::IssueCode;
using store::Version;

// "X-Provenance: " before each fault, so that none is taken for one of the body.
model::Failure of_header(FailureKind kind, const model::Issues& issues) {
  model::Failure out{kind, {}};
  for (auto issue : issues) {
    issue.diagnostics = "X-Provenance: " + issue.diagnostics;
    out.issues.add(std::move(issue));
  }
  return out;
}

// The text is one object that has a member: resourceType.
std::string with_targets(std::string_view text, const std::vector<std::string>& references) {
  std::string out(text.substr(0, text.rfind('}')));
  out += ",\"target\":[";
  for (std::size_t i = 0; i < references.size(); ++i) {
    out += i == 0 ? "{\"reference\":" : ",{\"reference\":";
    formats::append_string(out, references[i]);
    out += "}";
  }
  return out + "]}";
}

// Passes everything on, and keeps what was put.
class Recorder final : public store::WriteContext {
 public:
  explicit Recorder(store::WriteContext& writer) : writer_(writer) {}
  std::optional<Version> current(model::TypeId type, std::string_view id) const override { return writer_.current(type, id); }
  store::Stored stored(const Version& version) const override { return writer_.stored(version); }
  Version put(store::Draft draft) override {
    made_.push_back(writer_.put(std::move(draft)));
    return made_.back();
  }
  store::Commit commit() const override { return writer_.commit(); }
  std::int64_t now() const override { return writer_.now(); }
  store::Document next_document() const override { return writer_.next_document(); }
  std::optional<std::string> find_reply(std::string_view key) const override { return writer_.find_reply(key); }
  void keep_reply(std::string_view key, std::string reply) override { writer_.keep_reply(key, std::move(reply)); }
  const std::vector<Version>& made() const { return made_; }

 private:
  store::WriteContext& writer_;
  std::vector<Version> made_;
};

model::Result<void> put(const Context& context, Provenance& provenance, const std::vector<Version>& made,
                        store::WriteContext& writer) {
  std::vector<std::string> references;
  references.reserve(made.size());
  for (const auto& version : made) references.push_back(version_path(context.schema, version));
  const auto read = formats::read_json(with_targets(provenance.text, references), context.schema);
  if (!read.ok()) return of_header(FailureKind::unprocessable, read.issues);
  provenance.made = writer.put(prepare(context, read.tree, provenance.id, store::Method::post, false).draft);
  if (provenance.made->version == 1) return {};
  return failure(FailureKind::conflict, IssueCode::conflict,
                 "The id chosen for the Provenance was taken meanwhile; send it again");
}

}  // namespace

model::Result<void> read_provenance(const Context& context, Exchange& exchange) {
  const auto sent = only_value(exchange.request, "X-Provenance");
  if (!sent) return sent.error();
  if (!*sent) return {};
  const auto text = **sent;
  const auto raw = formats::read_json(text, context.schema);
  if (raw.malformed || raw.tree.empty()) return of_header(FailureKind::bad_request, raw.issues);
  const auto root = raw.tree.root();
  if (root.type_name() != "Provenance") {
    return failure(FailureKind::bad_request, IssueCode::invalid,
                   "X-Provenance holds a " + std::string(root.type_name()) + "; it takes a Provenance", "resourceType");
  }
  if (root.child("target")) {
    return failure(FailureKind::unprocessable, IssueCode::business_rule,
                   "X-Provenance has a target; the server fills it in with the versions that the request makes",
                   "Provenance.target");
  }
  // What it will be, but for the references, so that its own faults are all that is found.
  const auto whole = formats::read_json(with_targets(text, {"Basic/0/_history/1"}), context.schema);
  if (whole.malformed) return of_header(FailureKind::bad_request, whole.issues);
  if (!whole.ok()) return of_header(FailureKind::unprocessable, whole.issues);
  exchange.provenance = std::make_shared<Provenance>(Provenance{std::string(text), context.ids.next(), std::nullopt});
  return {};
}

store::Operation with_provenance(const Context& context, const ExchangePtr& exchange, store::Operation operation) {
  if (!exchange->provenance) return operation;
  return [&context, provenance = exchange->provenance,
          operation = std::move(operation)](store::WriteContext& writer) -> model::Result<void> {
    provenance->made.reset();
    Recorder recorder(writer);
    if (auto done = operation(recorder); !done) return done;
    if (recorder.made().empty()) return {};
    return put(context, *provenance, recorder.made(), writer);
  };
}

}  // namespace rest
