#include "fhir/rest/xml_answer.h"

#include <stdexcept>

#include "resources-gen/formats/xml.h"

namespace rest {

void answer_with_xml(Response& response, const model::Schema& schema, MediaType type, bool pretty) {
  // What is kept may be as deep as is taken, and lie deeper in a Bundle. Faults are no matter here: a part of a resource
  // (_elements) may lack what a whole one must have.
  formats::ReadLimits limits;
  limits.max_depth = 1000;
  limits.max_issues = 0;
  const auto read = formats::read_json(*response.body, schema, limits);
  if (read.tree.empty()) throw std::runtime_error("an answer that is no resource cannot be written as XML");
  response.body = std::make_shared<const std::string>(pretty ? formats::pretty_xml(read.tree) : formats::write_xml(read.tree));
  // R4 http.html#mime-type: answers SHALL name the character set. text/xml would be US-ASCII without it.
  response.headers.emplace_back("Content-Type", std::string(content_type(type)) + "; charset=utf-8");
}

}  // namespace rest
