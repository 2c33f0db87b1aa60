#include "fhir/rest/binary_answer.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "fhir/rest/base64.h"
#include "fhir/rest/binary_content.h"
#include "fhir/rest/byte_range.h"
#include "fhir/rest/failures.h"
#include "fhir/rest/header_text.h"
#include "fhir/rest/partial.h"
#include "fhir/rest/read.h"
#include "resources-gen/formats/json.h"
#include "resources-gen/formats/xml.h"

namespace rest {
namespace {

using model::failure;
using model::FailureKind;
using model::IssueCode;

constexpr std::uint64_t read_bytes = 3u << 16;  // three divide it: base64 of it is 256 kB

// Part of a content in memory.
class HeldSource final : public BodySource {
 public:
  HeldSource(std::string content, ByteRange part) : content_(std::move(content)), part_(part) {}
  std::optional<std::uint64_t> length() const override { return part_.size; }
  std::uint64_t held() const override { return content_.size(); }
  Next next(std::string& out) override {
    if (out.empty() && part_.size == content_.size()) {
      out.swap(content_);
    } else {
      out.append(content_, static_cast<std::size_t>(part_.first), static_cast<std::size_t>(part_.size));
      std::string().swap(content_);
    }
    return Next::end;
  }

 private:
  std::string content_;  // until it is asked for
  const ByteRange part_;
};

// Part of a content on disk.
class StoredSource final : public BodySource {
 public:
  StoredSource(const store::Store& store, store::Blob blob, ByteRange part)
      : store_(store), blob_(std::move(blob)), at_(part.first), end_(part.first + part.size) {}
  std::optional<std::uint64_t> length() const override { return end_ - first_; }
  Next next(std::string& out) override {
    const auto bytes = std::min(read_bytes, end_ - at_);
    store_.read_blob(blob_, at_, static_cast<std::size_t>(bytes), out);
    at_ += bytes;
    return at_ == end_ ? Next::end : Next::more;
  }

 private:
  const store::Store& store_;
  const store::Blob blob_;
  std::uint64_t at_;
  const std::uint64_t first_ = at_;
  const std::uint64_t end_;
};

// A resource around the base64 of a content on disk.
class ResourceSource final : public BodySource {
 public:
  ResourceSource(const store::Store& store, store::Blob blob, std::string before, std::string after)
      : store_(store),
        blob_(std::move(blob)),
        before_(std::move(before)),
        after_(std::move(after)),
        length_(before_.size() + base64_size(blob_.size) + after_.size()) {}
  std::optional<std::uint64_t> length() const override { return length_; }
  std::uint64_t held() const override { return before_.size() + after_.size(); }
  Next next(std::string& out) override {
    if (at_ == 0) out += before_;
    const auto bytes = std::min(read_bytes, blob_.size - at_);
    std::string content;
    store_.read_blob(blob_, at_, static_cast<std::size_t>(bytes), content);
    append_base64(out, content);
    at_ += bytes;
    if (at_ < blob_.size) return Next::more;
    out += after_;
    return Next::end;
  }

 private:
  const store::Store& store_;
  const store::Blob blob_;
  const std::string before_, after_;
  const std::uint64_t length_;
  std::uint64_t at_ = 0;
};

int quality_of(std::string_view parameters) {  // thousandths; RFC 9110 12.4.2
  while (!parameters.empty()) {
    auto value = next_part(parameters, ';');
    if (!equal_ignoring_case(next_part(value, '='), "q")) continue;
    int quality = value.starts_with('1') ? 1000 : 0;
    int unit = 100;
    for (std::size_t i = 2; i < std::min<std::size_t>(value.size(), 5); ++i, unit /= 10) quality += (value[i] - '0') * unit;
    return std::clamp(quality, 0, 1000);
  }
  return 1000;
}

// Whether a media range takes a type: `image/png` is taken by itself, `image/*` and `*/*`.
bool takes(std::string_view range, std::string_view type) {
  if (range == "*/*" || range == "*" || equal_ignoring_case(range, type)) return true;
  return range.ends_with("/*") && equal_ignoring_case(range.substr(0, range.size() - 1), type.substr(0, type.find('/') + 1));
}

// R4 binary.html: the resource if the client names a FHIR format, else the content. Generic JSON and XML name one only where the
// content itself is not acceptable. Nothing: the content.
model::Result<std::optional<MediaType>> wanted(const Exchange& exchange, std::string_view content_type) {
  const auto type = next_part(content_type, ';');
  if (const auto* format = argument(exchange, "_format"); format && !format->empty()) {
    if (auto named = choose_answer(format, {})) return std::optional(*named);
    auto rest = std::string_view(*format);
    if (equal_ignoring_case(next_part(rest, ';'), type)) return std::optional<MediaType>();
    return choose_answer(format, {}).error();
  }
  std::optional<MediaType> resource, generic;
  int resource_quality = 0, content_quality = 0, generic_quality = 0;
  int precision = -1;  // of the range that says how much the content is wanted: the most precise does
  bool any = false;
  std::optional<model::Failure> refused;  // of a FHIR format, as in another version
  for (const auto& [header, value] : exchange.request.headers) {
    if (!equal_ignoring_case(header, "Accept")) continue;
    for (auto rest = std::string_view(value); !rest.empty();) {
      const auto range = next_part(rest, ',');
      if (range.empty()) continue;
      any = true;
      auto parameters = range;
      const auto name = next_part(parameters, ';');
      const int quality = quality_of(parameters);
      if (takes(name, type)) {
        const int of_range = name.find('*') == std::string_view::npos ? 2 : name.starts_with('*') ? 0 : 1;
        if (of_range > precision || (of_range == precision && quality > content_quality)) content_quality = quality;
        precision = std::max(precision, of_range);
      }
      if (name.find('*') != std::string_view::npos) continue;
      const auto answer = choose_answer(nullptr, range);
      const bool fhir = name.find("fhir") != std::string_view::npos;
      if (!answer && fhir && quality > 0) refused = answer.error();
      if (!answer || quality == 0) continue;
      auto& best = fhir ? resource_quality : generic_quality;
      if (quality > best) {
        best = quality;
        (fhir ? resource : generic) = *answer;
      }
    }
  }
  if (resource && resource_quality >= content_quality) return resource;
  if (!any || content_quality > 0) return std::optional<MediaType>();
  if (!generic && refused) return *refused;
  return generic;
}

// RFC 9110 13.1.5. FHIR's tags are weak, but the bytes of a version's content never change: its tag is as good as a strong one. A
// date is not: two versions may be of one second.
bool range_holds(std::string_view if_range, const store::Version& version) {
  if (if_range.empty()) return true;
  const auto tags = parse_tags(if_range, "If-Range");
  return tags && !tags->any && tags->name(version.version);
}

// Types that browsers show and do not run. Others are for saving only: they would act in this server's name.
bool harmless(std::string_view type) {
  const auto name = next_part(type, ';');
  if (equal_ignoring_case(name, "image/svg+xml")) return false;
  for (const std::string_view each : {"image/", "audio/", "video/"}) {
    if (equal_ignoring_case(name.substr(0, each.size()), each)) return true;
  }
  return equal_ignoring_case(name, "application/pdf") || equal_ignoring_case(name, "text/plain");
}

// What a Binary says of its content, from the resource as it is stored.
struct Content {
  std::string type = "application/octet-stream";
  std::string security_context;
  std::string data;  // decoded
};
Content read_content(const Context& context, std::string_view body) {
  Content out;
  const auto read = formats::read_json(body, context.schema);
  if (read.tree.empty()) return out;
  const auto root = read.tree.root();
  // A list of types browsers read by its last.
  if (const auto type = root.child("contentType"); type && type.has_value() && is_media_type(type.text())) out.type = type.text();
  if (const auto security = root.child("securityContext")) {
    if (const auto reference = security.child("reference"); reference && reference.has_value())
      out.security_context = reference.text();
  }
  if (const auto data = root.child("data"); data && data.has_value()) append_decoded(out.data, data.text());
  return out;
}

Response content_response(const Context& context, const Exchange& exchange, const store::Version& version, Content content,
                          const std::optional<store::Blob>& blob) {
  const auto size = blob ? blob->size : content.data.size();
  const bool ranged = exchange.request.method == "GET" && range_holds(exchange.request.header("If-Range"), version);
  auto part = read_range(ranged ? exchange.request.header("Range") : "", size);
  Response response;
  if (part.kind == ByteRange::Kind::beyond) {
    response = failure_response(failure(FailureKind::bad_request, IssueCode::value,
                                        "The range is beyond the content, which has " + std::to_string(size) + " bytes"));
    response.status = 416;
    response.headers.emplace_back("Content-Range", "bytes */" + std::to_string(size));
    return response;
  }
  add_version(response, version);
  response.headers.emplace_back("Accept-Ranges", "bytes");
  response.headers.emplace_back("Vary", "Accept");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Content-Disposition", harmless(content.type) ? "inline" : "attachment");
  if (!harmless(content.type)) response.headers.emplace_back("Content-Security-Policy", "sandbox; default-src 'none'");
  if (!content.security_context.empty()) response.headers.emplace_back("X-Security-Context", content.security_context);
  response.content_type = content.type;
  if (part.kind == ByteRange::Kind::part) {
    response.status = 206;
    response.headers.emplace_back("Content-Range", "bytes " + std::to_string(part.first) + "-" +
                                                       std::to_string(part.first + part.size - 1) + "/" + std::to_string(size));
  } else {
    part.first = 0;
    part.size = size;
  }
  if (blob) {
    response.source = std::make_shared<StoredSource>(context.store, *blob, part);
  } else {
    response.source = std::make_shared<HeldSource>(std::move(content.data), part);
  }
  return response;
}

// Whether `data` is among what is asked for.
bool shows_data(const Context& context, const formats::Subset& subset) {
  if (subset.kind == formats::Subset::Kind::elements) {
    return std::any_of(subset.elements.begin(), subset.elements.end(), [&](const formats::Subset::Name& name) {
      return name.name == "data" && (name.type == model::no_type || name.type == context.binary);
    });
  }
  return subset.whole() || subset.kind == formats::Subset::Kind::data;
}

// A resource in JSON without its data, and those.
std::shared_ptr<BodySource> with_data(const store::Store& store, std::string resource, const store::Blob& blob) {
  resource.pop_back();
  return std::make_shared<ResourceSource>(store, blob, std::move(resource) + R"(,"data":")", "\"}");
}

}  // namespace

bool reads_content(const Context& context, const Exchange& exchange) {
  const auto& target = exchange.target;
  return target.type == context.binary && (target.shape == Shape::instance || target.shape == Shape::version) &&
         (exchange.request.method == "GET" || exchange.request.method == "HEAD");
}

Response binary_response(const Context& context, Exchange& exchange, const store::Store::Rendered& resource,
                         const ReadConditions& conditions, const formats::Subset& subset) {
  const auto& version = resource.version;
  if (const auto refused = unmet(context.schema, conditions, version)) return failure_response(*refused);
  Response response;
  if (not_modified(conditions, version)) {
    response.status = 304;
    add_version(response, version);
    response.headers.emplace_back("Vary", "Accept");
    return response;
  }
  const auto blob = context.store.blob(version.document);
  if (!exchange.in_bundle) {
    auto content = read_content(context, *resource.body);
    const auto format = wanted(exchange, content.type);
    if (!format) return failure_response(format.error());
    if (!*format) return content_response(context, exchange, version, std::move(content), blob);
    exchange.answer_as = **format;
  }
  add_version(response, version);
  response.headers.emplace_back("Vary", "Accept");
  // Within a Bundle, and where other elements are asked for, large content stays away: the resource says that it is a subset.
  if (blob && !exchange.in_bundle) {
    set_large_resource(context, exchange, resource.body, subset, *blob, response);
  } else {
    response.body = shown(resource.body, context.schema, subset);
  }
  return response;
}

std::shared_ptr<BodySource> large_resource(const store::Store& store, std::string_view stored, const store::Blob& blob) {
  return with_data(store, without_subset_mark(stored), blob);
}

void set_large_resource(const Context& context, const Exchange& exchange, const std::shared_ptr<const std::string>& stored,
                        const formats::Subset& subset, const store::Blob& blob, Response& response) {
  if (exchange.answer_as == MediaType::html || !shows_data(context, subset)) {  // a page is for eyes: it shows what searches do
    response.body = shown(stored, context.schema, subset);
    return;
  }
  auto resource = subset.whole() ? without_subset_mark(*stored) : *shown(stored, context.schema, subset);
  response.content_type = content_type(exchange.answer_as);
  if (!is_xml(exchange.answer_as)) {
    response.source = with_data(context.store, std::move(resource), blob);
    return;
  }
  auto before = formats::write_xml(formats::read_json(resource, context.schema).tree);
  constexpr std::string_view end = "</Binary>";
  before.erase(before.rfind(end));  // the data are its last element: R4 binary.html
  before += "<data value=\"";
  response.source = std::make_shared<ResourceSource>(context.store, blob, std::move(before), "\"/>" + std::string(end));
}

}  // namespace rest
