// What each parameter type does, behind parameter_types.h: one row and one file per type.
//
// Internal to search: the extractor and composite.cpp go through these rows; nobody else includes this.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "resources-gen/model/tree.h"
#include "search/datatypes.h"
#include "search/parameter_types.h"
#include "search/scan.h"

namespace search {

// Inside a composite a component has fewer, shorter terms: one that answers all that can be asked of a component.
enum class Form : std::uint8_t { whole, component };

// Where one parameter's terms of one resource go.
class TermSink {
 public:
  TermSink(std::vector<Term>& terms, model::ParameterId parameter) : terms_(&terms), parameter_(parameter) {}
  void put(std::string bytes) { terms_->push_back({parameter_, std::move(bytes)}); }

 private:
  std::vector<Term>* terms_;
  model::ParameterId parameter_;
};

struct Extraction {
  const Datatypes& datatypes;
  std::span<const std::string> base_urls;
  const model::SearchParameterRow& parameter;
  Form form;
  bool phonetic;
  TermSink sink;
};

using Scans = std::vector<Scan>;

struct ValueType {
  model::ParameterType type;
  std::uint32_t modifiers;  // a bit per Modifier
  // Puts the terms of one value that the parameter's expression selected. False if the value's datatype is none that the
  // parameter type searches (a performedString under a date parameter): such a value does not count as present.
  bool (*extract)(model::NodeRef value, Extraction& extraction);
  // Appends the scans of one query value, whose modifier the row is known to take. `:missing` and `:not` are dealt with before.
  model::Result<void> (*scans)(const ScanContext& context, std::string_view value, Form form, Scans& out);
  // parameter_types.h, sort_key.
  std::string_view (*sort_key)(std::string_view term);
};

const ValueType& value_type(model::ParameterType type);

// A computed value (Patient-deceased's `exists() and ...`) under a token parameter.
void put_token_text(std::string_view text, TermSink& sink);

bool extract_token(model::NodeRef value, Extraction& extraction);
bool extract_string(model::NodeRef value, Extraction& extraction);
bool extract_date(model::NodeRef value, Extraction& extraction);
bool extract_number(model::NodeRef value, Extraction& extraction);
bool extract_quantity(model::NodeRef value, Extraction& extraction);
bool extract_reference(model::NodeRef value, Extraction& extraction);
bool extract_uri(model::NodeRef value, Extraction& extraction);
bool extract_special(model::NodeRef value, Extraction& extraction);

model::Result<void> token_scans(const ScanContext& context, std::string_view value, Form form, Scans& out);
model::Result<void> string_scans(const ScanContext& context, std::string_view value, Form form, Scans& out);
model::Result<void> date_scans(const ScanContext& context, std::string_view value, Form form, Scans& out);
model::Result<void> number_scans(const ScanContext& context, std::string_view value, Form form, Scans& out);
model::Result<void> quantity_scans(const ScanContext& context, std::string_view value, Form form, Scans& out);
model::Result<void> reference_scans(const ScanContext& context, std::string_view value, Form form, Scans& out);
model::Result<void> uri_scans(const ScanContext& context, std::string_view value, Form form, Scans& out);
model::Result<void> special_scans(const ScanContext& context, std::string_view value, Form form, Scans& out);
model::Result<void> composite_scans(const ScanContext& context, std::string_view value, Form form, Scans& out);

std::string_view token_sort_key(std::string_view term);
std::string_view string_sort_key(std::string_view term);
std::string_view date_sort_key(std::string_view term);
std::string_view number_sort_key(std::string_view term);
std::string_view quantity_sort_key(std::string_view term);
std::string_view text_sort_key(std::string_view term);  // reference, uri: all behind the tag

// The parameter by which a composite's component is searched.
model::ParameterId component_parameter(const model::Schema& schema, const model::SearchParameterRow& composite,
                                       std::size_t index);

// The terms of a composite: one for each combination of its components' terms of one root element, at most this many of one
// resource.
inline constexpr std::size_t max_combinations = 10'000;
void put_combinations(const std::vector<std::vector<Term>>& components, TermSink& sink, std::size_t& budget);

// A local reference's type and id, or false: relative ("Patient/1", "Patient/1/_history/2") or absolute below one of base_urls.
struct LocalReference {
  model::TypeId type = model::no_type;
  std::string_view id;
};
bool local_reference(const model::Schema& schema, std::span<const std::string> base_urls, std::string_view text,
                     LocalReference& out);
// "Patient/1" of "[base]/Patient/1"; all else unchanged.
std::string_view below_base_url(std::span<const std::string> base_urls, std::string_view text);

}  // namespace search
