#include "fhir/commands/import_target.h"

#include "fhir/http/client.h"
#include "resources-gen/formats/json.h"
#include "resources-gen/model/temporal.h"

namespace commands {
namespace {

class NodeTarget final : public ImportTarget {
 public:
  explicit NodeTarget(Node& node) : node_(node) {}
  model::Result<ImportAnswer> post(const std::string& bundle) override {
    rest::Request request;
    request.method = "POST";
    request.target = "/fhir";
    request.headers = {{"Content-Type", "application/fhir+json"}, {"Prefer", "return=minimal"}};
    request.body = bundle;
    auto response = node_.service().handle(std::move(request));
    return ImportAnswer{response.status, response.body ? *response.body : std::string()};
  }
  model::Result<bool> stored_since(const std::string& type, const std::string& id, std::int64_t milliseconds) override {
    const auto version = node_.store().current(model::r4().resource_type(type), id);
    return version && !version->deleted() && version->last_updated >= milliseconds;
  }
  std::shared_ptr<rest::BodySink> begin_large() override {
    rest::Request head;
    head.method = "PUT";
    head.target = "/fhir/Binary/x";
    return node_.service().begin_body(head);
  }
  model::Result<ImportAnswer> put_large(const std::string& id, const std::string& resource,
                                        std::shared_ptr<rest::BodySink> content) override {
    rest::Request request;
    request.method = "PUT";
    request.target = "/fhir/Binary/" + id;
    request.headers = {{"Content-Type", "application/fhir+json"}, {"Prefer", "return=minimal"}};
    request.body = resource;
    request.sink = std::move(content);
    auto response = node_.service().handle(std::move(request));
    return ImportAnswer{response.status, response.body ? *response.body : std::string()};
  }

 private:
  Node& node_;
};

class ServerTarget final : public ImportTarget {
 public:
  explicit ServerTarget(std::unique_ptr<http::Client> client) : client_(std::move(client)) {}
  model::Result<ImportAnswer> post(const std::string& bundle) override {
    auto response = client_->request(
        "POST", "", bundle,
        {{"Content-Type", "application/fhir+json"}, {"Accept", "application/fhir+json"}, {"Prefer", "return=minimal"}});
    if (!response) return response.error();
    return ImportAnswer{response->status, std::move(response->body)};
  }
  model::Result<bool> stored_since(const std::string& type, const std::string& id, std::int64_t milliseconds) override {
    auto response = client_->request("GET", "/" + type + "/" + id, {}, {{"Accept", "application/fhir+json"}});
    if (!response) return response.error();
    if (response->status != 200) return false;
    const auto parsed = formats::read_json(response->body, model::r4());
    if (parsed.tree.empty()) return false;
    const auto meta = parsed.tree.root().child("meta");
    const auto updated = meta ? meta.child("lastUpdated") : model::NodeRef();
    if (!updated) return false;
    const auto moment = model::Temporal::parse(updated.text(), model::Primitive::instant);
    return moment && moment->low() / 10000 >= milliseconds;
  }
  model::Result<ImportAnswer> put_large(const std::string&, const std::string&, std::shared_ptr<rest::BodySink>) override {
    return ImportAnswer{413, {}};
  }

 private:
  std::unique_ptr<http::Client> client_;
};

}  // namespace

std::unique_ptr<ImportTarget> import_into(Node& node) { return std::make_unique<NodeTarget>(node); }

model::Result<std::unique_ptr<ImportTarget>> import_to(const std::string& url, const std::string& ca_file) {
  auto client = http::Client::make(url, ca_file);
  if (!client) return client.error();
  return std::unique_ptr<ImportTarget>(std::make_unique<ServerTarget>(std::move(*client)));
}

}  // namespace commands
