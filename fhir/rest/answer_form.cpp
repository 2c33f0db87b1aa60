#include "fhir/rest/answer_form.h"

#include <memory>
#include <stdexcept>
#include <string>

#include "fhir/rest/html_page.h"
#include "resources-gen/formats/json.h"
#include "resources-gen/formats/xml.h"

namespace rest {
namespace {

std::string as_xml(std::string_view json, const model::Schema& schema, bool pretty) {
  // What is kept may be as deep as is taken, and lie deeper in a Bundle. Faults are no matter here: a part of a resource
  // (_elements) may lack what a whole one must have.
  formats::ReadLimits limits;
  limits.max_depth = 1000;
  limits.max_issues = 0;
  const auto read = formats::read_json(json, schema, limits);
  if (read.tree.empty()) throw std::runtime_error("an answer that is no resource cannot be written as XML");
  return pretty ? formats::pretty_xml(read.tree) : formats::write_xml(read.tree);
}

}  // namespace

void put_into_form(Response& response, const model::Schema& schema, std::string_view base_url, MediaType type, bool pretty) {
  const auto& json = *response.body;
  if (type == MediaType::html) return answer_with_page(response, base_url, schema);
  if (is_xml(type)) {
    response.body = std::make_shared<const std::string>(as_xml(json, schema, pretty));
  } else if (pretty) {
    response.body = std::make_shared<const std::string>(formats::pretty(json));
  }
  response.headers.emplace_back("Content-Type", content_type(type));
}

}  // namespace rest
