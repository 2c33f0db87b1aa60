#include "fhir/rest/bundle.h"

#include <unordered_set>

#include "fhir/rest/bundle_elements.h"
#include "fhir/rest/interactions.h"
#include "fhir/rest/write.h"
#include "resources-gen/model/bounded_issues.h"

namespace rest {
namespace {

using model::failure;
using model::FailureKind;
using model::IssueCode;

constexpr std::size_t bulk_entries = 100;  // beyond it a Bundle waits for the small writes of others

// Of a batch's faults, which each entry answers for itself: beyond so many the whole is refused.
constexpr std::uint32_t most_faults = 50'000;

// What of a batch's faults is no entry's own: those of the Bundle, of items that are no entries, and that there are more than can
// be told apart.
model::Issues faults_of_all(const formats::ReadResult& read, const BundleElements& elements) {
  std::unordered_set<std::size_t> places;
  for (auto node = read.tree.root().first_child(); node; node = node.next_sibling()) {
    if (node.element() == elements.entry) places.insert(node.node().index);
  }
  model::Issues faults;
  for (const auto& issue : read.issues) {
    const auto place = entry_place(issue.expression);
    if (!place || !places.contains(place->index)) model::add_bounded(faults, issue);
  }
  return faults;
}

// Bundle.type; empty if there is none.
std::string_view kind_of(const BundleElements& elements, model::NodeRef bundle) {
  const auto type = bundle.type() == elements.bundle ? bundle.child(elements.type) : model::NodeRef();
  return type && type.has_value() ? type.text() : std::string_view();
}

}  // namespace

void bundle(const Context& context, ExchangePtr exchange, Done done) {
  const auto refuse = [&](FailureKind kind, IssueCode code, std::string text, std::string expression = {}) {
    done(failure_response(failure(kind, code, std::move(text), std::move(expression))));
  };
  if (exchange->in_bundle)
    return refuse(FailureKind::bad_request, IssueCode::not_supported, "A Bundle cannot be processed within a Bundle");
  if (auto checked = check_parameters(*exchange, {}); !checked) return done(failure_response(checked.error()));
  auto body = read_any_body(context, *exchange);
  if (!body) return done(failure_response(body.error()));
  if (body->unlisted_errors != 0 && kind_of(context.bundle, body->tree.root()) == "batch") {
    body = read_any_body(context, *exchange, {.max_issues = most_faults});
    if (!body) return done(failure_response(body.error()));
  }
  auto read = std::make_shared<formats::ReadResult>(std::move(*body));
  const auto root = read->tree.root();
  if (root.type() != context.bundle.bundle) {
    return refuse(FailureKind::bad_request, IssueCode::invalid,
                  "The body is a " + std::string(root.type_name()) +
                      "; the base takes a Bundle of type batch or transaction. POST it to [base]/" +
                      std::string(root.type_name()),
                  "resourceType");
  }
  const auto kind = kind_of(context.bundle, root);
  if (kind != "batch" && kind != "transaction") {
    return refuse(FailureKind::bad_request, IssueCode::not_supported,
                  "The Bundle is of type '" + std::string(kind.substr(0, 40)) +
                      "'; the base takes batch and transaction. To store the Bundle itself, POST it to [base]/Bundle",
                  "Bundle.type");
  }
  if (kind == "batch" && exchange->provenance) {
    return refuse(FailureKind::bad_request, IssueCode::not_supported,
                  "X-Provenance tells of one write: a batch is several, each on its own; send a transaction");
  }
  exchange->request.body = {};  // the tree has its own copy
  if (const auto count = count_entries(context.bundle, root); count > context.options.max_bundle_entries) {
    return refuse(FailureKind::too_large, IssueCode::too_long,
                  "The Bundle has " + std::to_string(count) + " entries; at most " +
                      std::to_string(context.options.max_bundle_entries) + " are taken",
                  "Bundle.entry");
  }
  auto entries = read_entries(context.bundle, root);
  if (entries.size() > bulk_entries) exchange->lane = store::Lane::bulk;
  if (kind == "transaction") {
    if (!read->ok()) return done(failure_response({FailureKind::unprocessable, read->issues}));
    return transaction(context, std::move(exchange), std::move(read), std::move(entries), std::move(done));
  }
  auto whole = faults_of_all(*read, context.bundle);
  if (whole.has_errors()) return done(failure_response({FailureKind::unprocessable, std::move(whole)}));
  batch(context, std::move(exchange), std::move(read), std::move(entries), std::move(done));
}

}  // namespace rest
