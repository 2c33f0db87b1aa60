#include "fhir/rest/binary_content.h"

#include <openssl/evp.h>

#include <charconv>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stdexcept>

#include "fhir/rest/base64.h"
#include "fhir/rest/conditional.h"
#include "fhir/rest/header_text.h"
#include "resources-gen/formats/json.h"
#include "resources-gen/formats/xml_scan.h"

namespace rest {
namespace {

using model::failure;
using model::FailureKind;
using model::IssueCode;

// R4 resource.html#simple-tags: part of the resource is not there.
constexpr std::string_view subset_tag =
    R"({"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"})";

class Sha256 {
 public:
  Sha256() : state_(EVP_MD_CTX_new()) {
    if (state_ == nullptr || EVP_DigestInit_ex(state_, EVP_sha256(), nullptr) != 1) throw std::runtime_error("no SHA-256");
  }
  ~Sha256() { EVP_MD_CTX_free(state_); }
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void add(std::string_view bytes) { EVP_DigestUpdate(state_, bytes.data(), bytes.size()); }
  std::string finish() {
    std::string out(32, '\0');
    EVP_DigestFinal_ex(state_, reinterpret_cast<unsigned char*>(out.data()), nullptr);
    return out;
  }

 private:
  EVP_MD_CTX* state_;
};

class ContentSink final : public BodySink {
 public:
  ContentSink(const Context& context, std::shared_ptr<void> token)
      : token_(std::move(token)),
        store_(context.store),
        inline_bytes_(context.options.inline_binary_bytes),
        limit_(context.options.max_binary_bytes) {}

  std::uint64_t limit() const override { return limit_; }

  void take(std::string_view piece, std::function<void(model::Result<void>)> done) override {
    if (size_ + piece.size() > limit_) {
      return done(failure(FailureKind::too_large, IssueCode::too_long,
                          "The content is larger than " + std::to_string(limit_) + " bytes"));
    }
    size_ += piece.size();
    digest_.add(piece);
    if (!upload_ && size_ <= inline_bytes_) {
      held_ += piece;
      return done({});
    }
    if (upload_) return upload_->append(piece, std::move(done));
    upload_ = store_.begin_blob();
    held_ += piece;
    upload_->append(std::exchange(held_, {}), std::move(done));
  }

  bool large() const { return upload_ != nullptr; }
  const std::string& held() const { return held_; }
  std::shared_ptr<const store::BlobDraft> finish() { return upload_->finish("sha-256:" + digest_.finish()); }

 private:
  const std::shared_ptr<void> token_;
  store::Store& store_;
  const std::uint64_t inline_bytes_, limit_;
  Sha256 digest_;
  std::uint64_t size_ = 0;
  std::string held_;  // all of it while it is small
  std::unique_ptr<store::BlobUpload> upload_;
};

// How a body may be read, by its Content-Type.
enum class Reading {
  raw,
  generic,  // JSON or XML of any kind: a Binary resource, if it is one
  fhir      // says that it is a resource
};
Reading reading_of(std::string_view content_type) {
  const auto name = next_part(content_type, ';');
  for (const auto* each : {"application/fhir+json", "application/fhir+xml", "application/json+fhir", "application/xml+fhir"}) {
    if (equal_ignoring_case(name, each)) return Reading::fhir;
  }
  for (const auto* each : {"application/json", "text/json", "application/xml", "text/xml"}) {
    if (equal_ignoring_case(name, each)) return Reading::generic;
  }
  return Reading::raw;
}

bool is_write(std::string_view method, Shape shape) {
  return (method == "POST" && shape == Shape::type) || (method == "PUT" && (shape == Shape::instance || shape == Shape::type));
}

// Whether an XML document's root element is a Binary, of FHIR unless that is said already.
bool is_binary_xml(std::string_view xml, bool fhir) {
  for (auto at = xml.find('<'); at != std::string_view::npos && at + 1 < xml.size(); at = xml.find('<', at)) {
    const auto rest = xml.substr(at);
    if (rest.starts_with("<!--")) {
      at = xml.find("-->", at);
    } else if (rest[1] == '?' || rest[1] == '!') {
      at = xml.find('>', at);
    } else {
      auto name = rest.substr(1, rest.find_first_of(" \t\r\n/>", 1) - 1);
      if (const auto colon = name.find(':'); colon != std::string_view::npos) name.remove_prefix(colon + 1);
      // Which of its declarations is meant the reader sees to; without one it is no resource.
      return name == "Binary" && (fhir || rest.substr(0, rest.find('>')).find(formats::fhir_namespace) != std::string_view::npos);
    }
    if (at == std::string_view::npos) break;
  }
  return false;
}

// R4 binary.html: what says that it is FHIR is raw content too, unless it is a Binary.
bool is_binary_resource(const Context& context, Reading reading, std::string_view content_type, std::string_view body) {
  const auto name = next_part(content_type, ';');
  if (name.find("xml") != std::string_view::npos) return is_binary_xml(body, reading == Reading::fhir);
  if (body.starts_with(R"({"resourceType":"Binary")")) return true;
  const auto read = formats::read_json(body, context.schema);
  if (read.malformed) return reading == Reading::fhir;  // it says what it is, and is told what is wrong with it
  return !read.tree.empty() && read.tree.root().type() == context.schema.resource_type("Binary");
}

// Runs of white space become one space: R4 datatypes.html#code has no others.
model::Result<std::string> content_type_code(std::string_view sent) {
  if (sent.empty()) return std::string("application/octet-stream");  // RFC 9110 8.3
  std::string out;
  for (const char c : sent) {
    const bool space = c == ' ' || c == '\t';
    if (space && (out.empty() || out.back() == ' ')) continue;
    out += space ? ' ' : c;
  }
  if (!is_media_type(out)) {
    return failure(FailureKind::unsupported_media, IssueCode::not_supported,
                   "Content-Type '" + out.substr(0, 100) + "' is no media type: it becomes the Binary's contentType");
  }
  return out;
}

model::Result<std::shared_ptr<ContentSink>> content_of(const Context& context, Request& request) {
  if (auto come = std::dynamic_pointer_cast<ContentSink>(std::exchange(request.sink, nullptr))) return come;
  // The body is here; it goes to disk in slices all the same, so that none holds the writer for long.
  auto sink = std::make_shared<ContentSink>(context, nullptr);
  for (std::string_view rest = request.body; !rest.empty();) {
    const auto piece = rest.substr(0, 1u << 20);
    rest.remove_prefix(piece.size());
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<model::Result<void>> taken;
    sink->take(piece, [&](model::Result<void> result) {
      const std::lock_guard lock(mutex);
      taken = std::move(result);
      changed.notify_one();
    });
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return taken.has_value(); });
    if (!*taken) return taken->error();
  }
  return sink;
}

std::string base64(std::string_view bytes) {
  std::string out;
  append_base64(out, bytes);
  return out;
}

void set_header(Request& request, std::string_view name, std::string value) {
  for (auto& [key, old] : request.headers) {
    if (equal_ignoring_case(key, name)) {
      old = std::move(value);
      return;
    }
  }
  request.headers.emplace_back(name, std::move(value));
}

}  // namespace

std::shared_ptr<BodySink> content_sink(const Context& context, const Request& head,
                                       const std::function<std::shared_ptr<void>()>& token) {
  const auto base = context.options.base_path + "/Binary";
  const std::string_view target = head.target;
  if ((head.method != "POST" && head.method != "PUT") || !target.starts_with(base)) return nullptr;
  const auto below = target.substr(base.size());
  if (!below.empty() && below.front() != '/' && below.front() != '?') return nullptr;
  if (below.starts_with("/_search") || reading_of(head.header("Content-Type")) != Reading::raw) return nullptr;
  const auto length = head.header("Content-Length");
  std::uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), bytes);
  const bool small = !length.empty() && error == std::errc() && bytes <= context.options.inline_binary_bytes;
  // What is compressed may be large behind a small length.
  if (small && head.header("Content-Encoding").empty()) return nullptr;
  return std::make_shared<ContentSink>(context, token());
}

// The resource with the mark in its meta, whatever else is there.
std::string with_subset_mark(const model::Tree& tree) {
  const auto root = tree.root();
  const std::string mark(subset_tag);
  const auto meta = root.child("meta");
  std::uint32_t at = root.node().begin + 1;
  std::string text = R"("meta":{"tag":[)" + mark + "]},";
  if (meta) {
    at = meta.node().begin + 1;
    text = R"("tag":[)" + mark + "]";
    if (meta.first_child()) text += ',';
    for (auto tag = meta.child("tag"); tag && tag.name() == "tag"; tag = tag.next_sibling()) {
      at = tag.node().stop;
      text = "," + mark;
    }
  }
  return formats::apply(tree.source(), {{at, at, text}});
}

// A resource whose data has come apart from it, as an import sends them.
model::Result<void> take_apart(const Context& context, Exchange& exchange) {
  auto& request = exchange.request;
  const auto content = std::dynamic_pointer_cast<ContentSink>(std::exchange(request.sink, nullptr));
  const auto read = formats::read_json(request.body, context.schema);
  if (!content || !read.ok()) return {};  // what is wrong with it is said when it is read again
  if (content->large()) {
    auto large = std::make_shared<LargeContent>();
    large->subset = with_subset_mark(read.tree);
    large->blob = content->finish();
    large->sink = content;
    exchange.content = std::move(large);
  } else if (!content->held().empty()) {
    request.body.insert(request.body.rfind('}'), R"(,"data":")" + base64(content->held()) + '"');
  }
  return {};
}

model::Result<void> take_content(const Context& context, Exchange& exchange) {
  auto& request = exchange.request;
  if (exchange.in_bundle || !is_write(request.method, exchange.target.shape)) return {};
  const std::string sent(request.header("Content-Type"));
  const auto reading = reading_of(sent);
  if (request.sink && !request.body.empty()) return take_apart(context, exchange);
  if (!request.sink && request.body.empty() && (sent.empty() || reading != Reading::raw)) return {};
  if (!request.sink && reading != Reading::raw && is_binary_resource(context, reading, sent, request.body)) return {};
  auto type = content_type_code(sent);
  if (!type) return type.error();
  const auto security = only_value(request, "X-Security-Context");  // R4 binary.html#security-context
  if (!security) return security.error();
  auto content = content_of(context, request);
  if (!content) return content.error();

  std::string head = R"({"resourceType":"Binary")", rest = R"("contentType":)";
  if (!exchange.target.id.empty()) {
    head += R"(,"id":)";
    formats::append_string(head, exchange.target.id);
  }
  head += ',';
  formats::append_string(rest, *type);
  if (*security) {
    rest += R"(,"securityContext":{"reference":)";
    formats::append_string(rest, **security);
    rest += '}';
  }
  set_header(request, "Content-Type", "application/fhir+json");
  if ((*content)->large()) {
    if (exchange.target.shape == Shape::type && request.method == "PUT") {
      return failure(FailureKind::too_large, IssueCode::not_supported,
                     "Content of more than " + std::to_string(context.options.inline_binary_bytes) +
                         " bytes is put to a Binary's own address, not by conditional update");
    }
    auto large = std::make_shared<LargeContent>();
    large->subset = head + R"("meta":{"tag":[)" + std::string(subset_tag) + "]}," + rest + "}";
    large->blob = (*content)->finish();
    large->sink = *content;
    exchange.content = std::move(large);
  } else if (!(*content)->held().empty()) {
    rest += R"(,"data":")" + base64((*content)->held()) + '"';
  }
  request.body = head + rest + "}";
  return {};
}

void keep_content(const Context& context, const Exchange& exchange, Prepared& prepared) {
  if (!exchange.content) return;
  const auto subset = formats::read_json(exchange.content->subset, context.schema);
  if (!subset.ok()) throw std::logic_error("a Binary without its data is not well-formed");
  auto form = formats::stored_form(subset.tree, prepared.draft.id);
  prepared.hole = form.kind;
  prepared.draft.hole = {form.hole, static_cast<std::uint8_t>(form.kind)};
  prepared.draft.body = context.store.pack(form.body);
  prepared.draft.index = context.search.extract(subset.tree);  // of what is stored, from which it may be made again
  prepared.draft.blob = exchange.content->blob;
  prepared.form = std::move(form.body);
}

std::string without_subset_mark(std::string_view body) {
  std::string out(body);
  const auto at = out.find(subset_tag);
  if (at == std::string::npos) return out;
  constexpr std::string_view open = R"("tag":[)";
  const auto end = at + subset_tag.size();
  if (std::string_view(out).substr(0, at).ends_with(open) && out[end] == ']') {  // the only tag
    auto from = at - open.size();
    if (out[from - 1] == ',') --from;  // behind versionId and lastUpdated
    out.erase(from, end + 1 - from);
  } else {
    out.erase(at - 1, subset_tag.size() + 1);  // the last of several
  }
  return out;
}

}  // namespace rest
