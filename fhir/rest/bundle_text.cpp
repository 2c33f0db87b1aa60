#include "fhir/rest/bundle_text.h"

#include "resources-gen/formats/json.h"

namespace rest {

BundleText::BundleText(std::string_view type, std::size_t expected_bytes) {
  out_.reserve(expected_bytes);
  out_ += R"({"resourceType":"Bundle","type":)";
  formats::append_string(out_, type);
}

void BundleText::total(std::uint64_t total) {
  out_ += ",\"total\":";
  out_ += std::to_string(total);
}

void BundleText::enter(Part part) {
  if (part_ == part) {
    if (!first_item_) out_ += ',';
  } else {
    if (part_ != Part::head) out_ += ']';
    out_ += part == Part::links ? ",\"link\":[" : ",\"entry\":[";
    part_ = part;
  }
  first_item_ = false;
}

void BundleText::link(std::string_view relation, std::string_view url) {
  enter(Part::links);
  out_ += "{\"relation\":";
  formats::append_string(out_, relation);
  out_ += ",\"url\":";
  formats::append_string(out_, url);
  out_ += '}';
}

void BundleText::begin_entry() {
  enter(Part::entries);
  out_ += '{';
  first_member_ = true;
}

void BundleText::name(std::string_view name) {
  if (!first_member_) out_ += ',';
  first_member_ = false;
  out_ += '"';
  out_ += name;
  out_ += "\":";
}

void BundleText::member(std::string_view member, std::string_view json) {
  name(member);
  out_ += json;
}

void BundleText::text(std::string_view member, std::string_view value) {
  name(member);
  formats::append_string(out_, value);
}

void BundleText::begin_object(std::string_view member) {
  name(member);
  out_ += '{';
  first_member_ = true;
}

void BundleText::end_object() {
  out_ += '}';
  first_member_ = false;
}

void BundleText::end_entry() { out_ += '}'; }

std::string BundleText::end() {
  if (part_ != Part::head) out_ += ']';
  out_ += '}';
  return std::move(out_);
}

}  // namespace rest
