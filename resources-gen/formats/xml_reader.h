// XmlReader: the events of one XML text meet the schema and become XmlElements.
//
// Internal to formats: xml.h has what others call. Reports what only the XML shows (namespaces, order, attributes, text); the
// rest is left to the typed pass that JSON has too. One text, then done.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "resources-gen/formats/findings.h"
#include "resources-gen/formats/json.h"
#include "resources-gen/formats/xml_elements.h"
#include "resources-gen/formats/xml_narrative.h"
#include "resources-gen/formats/xml_scan.h"
#include "resources-gen/model/issues.h"

namespace formats {

class XmlReader : public XmlEvents {
 public:
  XmlReader(std::string_view text, const model::Schema& schema, const ReadLimits& limits)
      : text_(text), schema_(schema), limits_(limits), narrative_(text) {}

  XmlFault read();  // the fault of a text that is no XML

  XmlElements& elements() { return elements_; }
  Findings& findings() { return findings_; }  // by offset in the XML

  void start(const XmlTag& tag) override;
  void end(QualifiedName name, std::size_t stop, bool empty_tag) override;
  void text(std::string_view piece, std::size_t begin) override;
  void declared(std::string_view prefix, std::string_view space) override;

 private:
  // An open element of FHIR.
  struct Open {
    enum class Kind : std::uint8_t { complex, primitive, resource, holder };  // holder: contained, entry.resource ...
    Kind kind;
    bool text_reported = false;
    XmlIndex self;
    model::ElementId owner;       // whose children stand in it
    model::ElementId latest = 0;  // the child that stands last in the definition so far
    std::uint32_t counts;         // where its children's are in counts_
    std::uint32_t depth;          // of its JSON object
    bool filled = false;          // has a value, child or attribute of FHIR's
  };

  void start_xhtml(const XmlTag& tag);
  void start_resource(const XmlTag& tag);
  void start_child(const XmlTag& tag);
  bool takes(QualifiedName name, const model::Schema::Child& child, std::uint32_t begin);
  void stand_in(const model::Schema::Child& child, std::uint32_t begin);
  void read_attributes(std::span<const XmlAttribute> attributes, std::uint32_t begin);
  void set_value(XmlIndex at, const XmlAttribute& attribute);
  XmlIndex add(model::ElementId element, model::TypeId type, std::uint32_t index, std::uint32_t begin);
  void open(Open::Kind kind, XmlIndex self, model::ElementId owner, std::uint32_t depth);
  std::string expression(XmlIndex at) const;

  template <typename... Arguments>
  void fault(model::IssueCode code, std::uint32_t offset, XmlIndex at, fmt::format_string<Arguments...> format,
             Arguments&&... arguments) {
    if (!findings_.takes(model::Severity::error)) return;
    findings_.add(offset, {model::Severity::error, code, fmt::format(format, std::forward<Arguments>(arguments)...),
                           at == no_xml ? std::string() : expression(at)});
  }

  std::string_view text_;
  const model::Schema& schema_;
  const ReadLimits& limits_;
  XmlElements elements_;
  Findings findings_{limits_.max_issues};

  std::string space_;  // the namespace that FHIR's elements have here: the root's, so that a wrong one is told once
  std::vector<Open> open_;
  std::vector<std::uint32_t> counts_;  // a stack: of each open element's children, how many there were
  bool schema_instance_ = false;       // the next element declares its namespace
  std::uint32_t passed_over_ = 0;      // depth within an element that was reported and is not looked into
  NarrativeReader narrative_;
  XmlIndex narrative_at_ = no_xml;  // the div being read
};

}  // namespace formats
