#include <algorithm>

#include "tests/search/oracle.h"

namespace oracle {
namespace {

namespace json = boost::json;

// True if a Reference at the dotted path, lists on the way passed through, refers to `owner`.
bool refers(const json::object& object, std::string_view path, std::string_view owner) {
  if (path.empty()) return object.at("reference").as_string() == owner;
  const auto dot = std::min(path.find('.'), path.size());
  const json::value* child = object.if_contains(path.substr(0, dot));
  const std::string_view rest = path.substr(std::min(dot + 1, path.size()));
  if (child == nullptr) return false;
  if (child->is_object()) return refers(child->as_object(), rest, owner);
  const auto& items = child->as_array();
  return std::any_of(items.begin(), items.end(), [&](const json::value& item) { return refers(item.as_object(), rest, owner); });
}

}  // namespace

const std::vector<Membership> memberships = {
    {"Patient", "Patient", {"link.other"}},
    {"Patient", "Observation", {"subject", "performer"}},
    {"Patient", "Encounter", {"subject"}},
    {"Patient", "Condition", {"subject", "asserter"}},
    {"Patient", "RiskAssessment", {"subject"}},
    {"Encounter", "Encounter", {}},
    {"Encounter", "Observation", {"encounter"}},
    {"Encounter", "Condition", {"encounter"}},
    {"Practitioner", "Patient", {"generalPractitioner"}},
    {"Practitioner", "Observation", {"performer"}},
    {"Practitioner", "Encounter", {"participant.individual"}},
    {"Practitioner", "Condition", {"asserter"}},
    {"Practitioner", "RiskAssessment", {"performer"}},
    {"RelatedPerson", "Patient", {"link.other"}},
    {"RelatedPerson", "Observation", {"performer"}},
    {"RelatedPerson", "Encounter", {"participant.individual"}},
    {"RelatedPerson", "Condition", {"asserter"}},
    {"Device", "Observation", {"subject", "device"}},
    {"Device", "RiskAssessment", {"performer"}},
};

bool Oracle::belongs(const std::string& owner, const std::string& type, const std::string& id, const Resource& resource) const {
  if (owner == type + "/" + id) return true;
  return std::any_of(memberships.begin(), memberships.end(), [&](const Membership& row) {
    if (row.type != type || !owner.starts_with(row.compartment + "/")) return false;
    return std::any_of(row.references.begin(), row.references.end(),
                       [&](const std::string& path) { return refers(resource.json, path, owner); });
  });
}

}  // namespace oracle
