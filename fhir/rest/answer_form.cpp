#include "fhir/rest/answer_form.h"

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "fhir/rest/failures.h"
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

void set_form(Response& response, const model::Schema& schema, std::string_view base_url, MediaType type, bool pretty) {
  response.headers.emplace_back("Content-Type", content_type(type));
  if (type == MediaType::html) {
    add_page_headers(response);
    response.form = [&schema, base = std::string(base_url), status = response.status](std::string_view json) {
      return html_page(json, status, base, schema);
    };
  } else if (is_xml(type)) {
    response.form = [&schema, pretty](std::string_view json) { return as_xml(json, schema, pretty); };
  } else if (pretty) {
    response.form = [](std::string_view json) { return formats::pretty(json); };
  }
}

void finish_body(Response& response) {
  const auto form = std::exchange(response.form, nullptr);
  if (!form) return;
  std::string text;
  try {
    text = form(*response.body);
  } catch (const std::exception& trouble) {
    std::fprintf(stderr, "kiln: an answer could not be put into its form: %s\n", trouble.what());
    const auto failed = unexpected_response();
    response.status = failed.status;
    text = form(*failed.body);
  }
  response.body = std::make_shared<const std::string>(std::move(text));
}

}  // namespace rest
