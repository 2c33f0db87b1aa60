#include "tests/bench/support/synthetic.h"

#include <fmt/format.h>

#include <array>

namespace bench {
namespace {

// SplitMix64: small, and the same everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  std::uint64_t below(std::uint64_t n) { return next() % n; }
  bool chance(unsigned percent) { return below(100) < percent; }
  template <std::size_t N>
  const auto& pick(const std::array<const char*, N>& from) {
    return from[below(N)];
  }

 private:
  std::uint64_t state_;
};

constexpr std::array given_names{"Ada",   "Bela",  "Chidi", "Dolores", "Emeka", "Farah", "Goran", "Hana",  "Ines",
                                 "Jonas", "Kaya",  "Lev",   "Mirela",  "Noor",  "Otto",  "Priya", "Quinn", "Rosa",
                                 "Sven",  "Tariq", "Uma",   "Vera",    "Wen",   "Yusuf", "Zoe"};
constexpr std::array family_starts{"Alder",  "Brook", "Castell", "Dunn",  "Eller", "Ferro", "Grim", "Holm",  "Ivar",
                                   "Jansk",  "Kell",  "Lind",    "Marr",  "Nord",  "Okon",  "Petr", "Quist", "Rasm",
                                   "Strand", "Thor",  "Ul",      "Vance", "West",  "Yar",   "Zell"};
constexpr std::array family_ends{"berg", "by",  "dahl", "er",    "field", "gaard", "ham", "ic",
                                 "ley",  "man", "ova",  "quist", "sen",   "stone", "wood"};
constexpr std::array cities{"Elmsford", "Granby",   "Harwick",    "Kestrel Bay", "Milton Falls",
                            "Northam",  "Oakridge", "Port Ellis", "Stonebridge", "Westmere"};
constexpr std::array streets{"Birch Lane",    "Canal Street", "Foundry Road", "Harbour View",
                             "Market Square", "Orchard Way",  "Station Road"};

struct Coded {
  const char* code;
  const char* display;
  const char* unit;
  double low, high;
  int decimals;
};
constexpr Coded measurements[] = {
    {"8302-2", "Body height", "cm", 145, 200, 1},        {"29463-7", "Body weight", "kg", 42, 130, 1},
    {"39156-5", "Body mass index", "kg/m2", 17, 42, 2},  {"8867-4", "Heart rate", "/min", 48, 120, 0},
    {"9279-1", "Respiratory rate", "/min", 10, 24, 0},   {"8310-5", "Body temperature", "Cel", 35, 40, 1},
    {"2339-0", "Glucose in blood", "mg/dL", 60, 240, 2}, {"2093-3", "Total cholesterol", "mg/dL", 110, 310, 2},
    {"2571-8", "Triglycerides", "mg/dL", 50, 450, 2},    {"2085-9", "HDL cholesterol", "mg/dL", 20, 100, 2},
    {"4548-4", "Hemoglobin A1c", "%", 4, 12, 2},         {"38483-4", "Creatinine", "mg/dL", 0.4, 4, 2},
    {"6298-4", "Potassium", "mmol/L", 3, 6, 2},          {"2947-0", "Sodium", "mmol/L", 130, 150, 1},
    {"718-7", "Hemoglobin", "g/dL", 8, 18, 1},           {"6690-2", "Leukocytes", "10*3/uL", 3, 15, 1},
};
constexpr Coded problems[] = {
    {"44054006", "Type 2 diabetes mellitus", "", 0, 0, 0},
    {"38341003", "Hypertensive disorder", "", 0, 0, 0},
    {"195967001", "Asthma", "", 0, 0, 0},
    {"73211009", "Diabetes mellitus", "", 0, 0, 0},
    {"10509002", "Acute bronchitis", "", 0, 0, 0},
    {"40055000", "Chronic sinusitis", "", 0, 0, 0},
    {"271737000", "Anemia", "", 0, 0, 0},
    {"162864005", "Body mass index 30+", "", 0, 0, 0},
};
constexpr Coded medicines[] = {
    {"314076", "lisinopril 10 MG Oral Tablet", "", 0, 0, 0},
    {"860975", "metformin 500 MG Oral Tablet", "", 0, 0, 0},
    {"197361", "amlodipine 5 MG Oral Tablet", "", 0, 0, 0},
    {"313782", "acetaminophen 325 MG Oral Tablet", "", 0, 0, 0},
    {"745679", "albuterol inhaler", "", 0, 0, 0},
    {"308136", "amlodipine 2.5 MG Oral Tablet", "", 0, 0, 0},
};

constexpr std::uint64_t organizations = 40, practitioners = 120;

std::string id_of(std::uint64_t seed, char kind, std::uint64_t a, std::uint64_t b = 0) {
  Random random(seed * 31 + static_cast<unsigned char>(kind) * 1000003 + a * 7919 + b * 104729);
  const auto high = random.next(), low = random.next();
  return fmt::format("{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}", high >> 32, (high >> 16) & 0xffff, high & 0xfff,
                     (low >> 48) & 0xfff, low & 0xffffffffffff);
}

std::string date_time(Random& random, int year) {
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}-05:00", year, 1 + random.below(12), 1 + random.below(28),
                     7 + random.below(12), random.below(60), random.below(60));
}
std::string day(Random& random, int year) {
  return fmt::format("{:04}-{:02}-{:02}", year, 1 + random.below(12), 1 + random.below(28));
}

std::string family(Random& random) { return std::string(random.pick(family_starts)) + random.pick(family_ends); }

// Where references lead: "Type/id" or urn:uuid, one rule for a whole record.
struct References {
  bool urn;
  std::string operator()(std::string_view type, std::string_view id) const {
    return urn ? fmt::format("urn:uuid:{}", id) : fmt::format("{}/{}", type, id);
  }
};

std::string begin(std::string_view type, std::string_view id, bool with_id) {
  return with_id ? fmt::format(R"({{"resourceType":"{}","id":"{}",)", type, id) : fmt::format(R"({{"resourceType":"{}",)", type);
}

std::string patient_json(Random& random, const std::string& id, bool with_id) {
  const bool female = random.chance(50);
  const auto name = family(random);
  const auto* given = random.pick(given_names);
  const auto* city = random.pick(cities);
  return begin("Patient", id, with_id) +
         fmt::format(
             R"("text":{{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">{1} {2}</div>"}},)"
             R"("extension":[{{"url":"http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName","valueString":"{3}"}},)"
             R"({{"url":"http://hl7.org/fhir/StructureDefinition/patient-birthPlace","valueAddress":{{"city":"{4}","state":"Massachusetts","country":"US"}}}}],)"
             R"("identifier":[{{"system":"https://kiln.example/records","value":"{0}"}},)"
             R"({{"type":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR","display":"Medical Record Number"}}],"text":"Medical Record Number"}},)"
             R"("system":"http://hospital.kiln.example","value":"{5}"}}],"active":true,)"
             R"("name":[{{"use":"official","family":"{1}","given":["{2}"],"prefix":["{6}"]}}],)"
             R"("telecom":[{{"system":"phone","value":"555-{7:03}-{8:04}","use":"home"}}],"gender":"{9}","birthDate":"{10}",)"
             R"("address":[{{"line":["{11} {12}"],"city":"{4}","state":"Massachusetts","postalCode":"0{13:04}","country":"US"}}],)"
             R"("maritalStatus":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-MaritalStatus","code":"{14}","display":"{15}"}}],"text":"{15}"}},)"
             R"("multipleBirthBoolean":false,"communication":[{{"language":{{"coding":[{{"system":"urn:ietf:bcp:47","code":"en-US","display":"English"}}],"text":"English"}}}}]}})",
             id, name, given, family(random), city, random.below(100000000), female ? "Mrs." : "Mr.", random.below(1000),
             random.below(10000), female ? "female" : "male", day(random, 1930 + static_cast<int>(random.below(90))),
             1 + random.below(999), random.pick(streets), random.below(10000), random.chance(60) ? "M" : "S", "Status");
}

std::string observation_json(Random& random, const std::string& id, bool with_id, const std::string& patient,
                             const std::string& encounter, int year) {
  const auto when = date_time(random, year);
  const auto head =
      begin("Observation", id, with_id) +
      fmt::format(
          R"("status":"final","category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/observation-category",)"
          R"("code":"{}","display":"{}"}}]}}],)",
          random.chance(60) ? "laboratory" : "vital-signs", "category");
  const auto tail = fmt::format(
      R"("subject":{{"reference":"{}"}},"encounter":{{"reference":"{}"}},"effectiveDateTime":"{}","issued":"{}.{:03}-05:00",)",
      patient, encounter, when, when.substr(0, 19), random.below(1000));
  if (random.chance(8)) {
    return head +
           R"("code":{"coding":[{"system":"http://loinc.org","code":"85354-9","display":"Blood pressure panel"}],"text":"Blood pressure panel"},)" +
           tail +
           fmt::format(
               R"("component":[{{"code":{{"coding":[{{"system":"http://loinc.org","code":"8462-4","display":"Diastolic blood pressure"}}],"text":"Diastolic blood pressure"}},)"
               R"("valueQuantity":{{"value":{},"unit":"mm[Hg]","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}}},)"
               R"({{"code":{{"coding":[{{"system":"http://loinc.org","code":"8480-6","display":"Systolic blood pressure"}}],"text":"Systolic blood pressure"}},)"
               R"("valueQuantity":{{"value":{},"unit":"mm[Hg]","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}}}]}})",
               55 + random.below(50), 95 + random.below(80));
  }
  const auto& what = measurements[random.below(std::size(measurements))];
  const double value = what.low + (what.high - what.low) * static_cast<double>(random.below(100000)) / 100000;
  return head +
         fmt::format(R"("code":{{"coding":[{{"system":"http://loinc.org","code":"{0}","display":"{1}"}}],"text":"{1}"}},)",
                     what.code, what.display) +
         tail +
         fmt::format(R"("valueQuantity":{{"value":{:.{}f},"unit":"{}","system":"http://unitsofmeasure.org","code":"{}"}}}})",
                     value, what.decimals, what.unit, what.unit);
}

std::string encounter_json(Random& random, const std::string& id, bool with_id, const std::string& patient, std::uint64_t seed,
                           int year) {
  const auto when = date_time(random, year);
  const auto practitioner = id_of(seed, 'd', random.below(practitioners));
  const auto organization = random.below(organizations);
  return begin("Encounter", id, with_id) +
         fmt::format(
             R"("identifier":[{{"use":"official","system":"https://kiln.example/encounters","value":"{0}"}}],"status":"finished",)"
             R"("class":{{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"}},)"
             R"("type":[{{"coding":[{{"system":"http://snomed.info/sct","code":"185345009","display":"Encounter for symptom"}}],"text":"Encounter for symptom"}}],)"
             R"("subject":{{"reference":"{1}"}},"participant":[{{"type":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-ParticipationType","code":"PPRF","display":"primary performer"}}]}}],)"
             R"("period":{{"start":"{2}","end":"{3}"}},"individual":{{"reference":"Practitioner/{4}"}}}}],"period":{{"start":"{2}","end":"{3}"}},)"
             R"("location":[{{"location":{{"reference":"Location/{5}"}}}}],"serviceProvider":{{"reference":"Organization/{6}"}}}})",
             id, patient, when, when.substr(0, 10) + "T19:15:00-05:00", practitioner, id_of(seed, 'l', organization),
             id_of(seed, 'o', organization));
}

std::string condition_json(Random& random, const std::string& id, bool with_id, const std::string& patient,
                           const std::string& encounter, int year) {
  const auto& what = problems[random.below(std::size(problems))];
  return begin("Condition", id, with_id) +
         fmt::format(
             R"("clinicalStatus":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"{}"}}]}},)"
             R"("verificationStatus":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"confirmed"}}]}},)"
             R"("category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/condition-category","code":"encounter-diagnosis","display":"Encounter Diagnosis"}}]}}],)"
             R"("code":{{"coding":[{{"system":"http://snomed.info/sct","code":"{}","display":"{}"}}],"text":"{}"}},)"
             R"("subject":{{"reference":"{}"}},"encounter":{{"reference":"{}"}},"onsetDateTime":"{}","recordedDate":"{}"}})",
             random.chance(60) ? "active" : "resolved", what.code, what.display, what.display, patient, encounter,
             date_time(random, year), date_time(random, year));
}

std::string medication_json(Random& random, const std::string& id, bool with_id, const std::string& patient,
                            const std::string& encounter, std::uint64_t seed, int year) {
  const auto& what = medicines[random.below(std::size(medicines))];
  return begin("MedicationRequest", id, with_id) +
         fmt::format(
             R"("status":"{}","intent":"order","medicationCodeableConcept":{{"coding":[{{"system":"http://www.nlm.nih.gov/research/umls/rxnorm","code":"{}","display":"{}"}}],"text":"{}"}},)"
             R"("subject":{{"reference":"{}"}},"encounter":{{"reference":"{}"}},"authoredOn":"{}","requester":{{"reference":"Practitioner/{}"}},)"
             R"("dosageInstruction":[{{"sequence":1,"timing":{{"repeat":{{"frequency":1,"period":1.0,"periodUnit":"d"}}}},"asNeededBoolean":false,)"
             R"("doseAndRate":[{{"type":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/dose-rate-type","code":"ordered","display":"Ordered"}}]}},"doseQuantity":{{"value":1.0}}}}]}}]}})",
             random.chance(40) ? "active" : "stopped", what.code, what.display, what.display, patient, encounter,
             date_time(random, year), id_of(seed, 'd', random.below(practitioners)));
}

std::string claim_json(Random& random, const std::string& id, bool with_id, const std::string& patient,
                       const std::string& encounter, std::uint64_t seed, int year) {
  const auto when = date_time(random, year);
  std::string items;
  for (unsigned i = 1; i <= 1 + random.below(3); ++i) {
    items += fmt::format(
        R"({}{{"sequence":{},"productOrService":{{"coding":[{{"system":"http://snomed.info/sct","code":"185345009","display":"Encounter for symptom"}}],"text":"Encounter for symptom"}},"encounter":[{{"reference":"{}"}}],"net":{{"value":{:.2f},"currency":"USD"}}}})",
        i == 1 ? "" : ",", i, encounter, 40 + static_cast<double>(random.below(90000)) / 100);
  }
  return begin("Claim", id, with_id) +
         fmt::format(
             R"("status":"active","type":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/claim-type","code":"institutional"}}]}},"use":"claim",)"
             R"("patient":{{"reference":"{}"}},"billablePeriod":{{"start":"{}","end":"{}"}},"created":"{}","provider":{{"reference":"Organization/{}"}},)"
             R"("priority":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/processpriority","code":"normal"}}]}},)"
             R"("insurance":[{{"sequence":1,"focal":true,"coverage":{{"display":"Cigna Health"}}}}],"item":[{}],"total":{{"value":{:.2f},"currency":"USD"}}}})",
             patient, when, when, when, id_of(seed, 'o', random.below(organizations)), items,
             40 + static_cast<double>(random.below(900000)) / 100);
}

std::string explanation_json(Random& random, const std::string& id, bool with_id, const std::string& patient,
                             const std::string& claim, std::uint64_t seed, int year) {
  const auto when = date_time(random, year);
  std::string items;
  for (unsigned i = 1; i <= 1 + random.below(3); ++i) {
    const double paid = 40 + static_cast<double>(random.below(90000)) / 100;
    const auto adjudication = [&](const char* code, const char* display, double amount) {
      return fmt::format(
          R"({{"category":{{"coding":[{{"system":"https://bluebutton.cms.gov/resources/codesystem/adjudication","code":"https://bluebutton.cms.gov/resources/variables/{}","display":"{}"}}]}},"amount":{{"value":{:.2f},"currency":"USD"}}}})",
          code, display, amount);
    };
    items += fmt::format(
        R"({}{{"sequence":{},"category":{{"coding":[{{"system":"https://bluebutton.cms.gov/resources/variables/line_cms_type_srvc_cd","code":"1","display":"Medical care"}}]}},)"
        R"("productOrService":{{"coding":[{{"system":"http://snomed.info/sct","code":"185345009","display":"Encounter for symptom"}}],"text":"Encounter for symptom"}},)"
        R"("servicedPeriod":{{"start":"{}","end":"{}"}},"net":{{"value":{:.2f},"currency":"USD"}},"adjudication":[{},{},{}]}})",
        i == 1 ? "" : ",", i, when, when, paid,
        adjudication("line_coinsrnc_amt", "Line Beneficiary Coinsurance Amount", paid * 0.2),
        adjudication("line_prvdr_pmt_amt", "Line Provider Payment Amount", paid * 0.8),
        adjudication("line_sbmtd_chrg_amt", "Line Submitted Charge Amount", paid));
  }
  return begin("ExplanationOfBenefit", id, with_id) +
         fmt::format(
             R"("identifier":[{{"system":"https://bluebutton.cms.gov/resources/variables/clm_id","value":"{}"}}],"status":"active",)"
             R"("type":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/claim-type","code":"institutional"}}]}},"use":"claim",)"
             R"("patient":{{"reference":"{}"}},"billablePeriod":{{"start":"{}","end":"{}"}},"created":"{}","insurer":{{"display":"Cigna Health"}},)"
             R"("provider":{{"reference":"Practitioner/{}"}},"claim":{{"reference":"{}"}},"outcome":"complete",)"
             R"("insurance":[{{"focal":true,"coverage":{{"display":"Cigna Health"}}}}],"item":[{}],)"
             R"("total":[{{"category":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/adjudication","code":"submitted","display":"Submitted Amount"}}],"text":"Submitted Amount"}},"amount":{{"value":{:.2f},"currency":"USD"}}}}],)"
             R"("payment":{{"amount":{{"value":{:.2f},"currency":"USD"}}}}}})",
             id, patient, when, when, when, id_of(seed, 'd', random.below(practitioners)), claim, items,
             static_cast<double>(random.below(900000)) / 100, static_cast<double>(random.below(900000)) / 100);
}

std::vector<Resource> record(std::uint64_t seed, std::uint64_t number, bool urn) {
  Random random(seed ^ (number * 0x2545f4914f6cdd1du + 17));
  const References reference{urn};
  std::vector<Resource> out;
  std::uint64_t serial = 0;
  const auto new_id = [&](char kind) { return id_of(seed, kind, number, ++serial); };
  const auto patient_id = id_of(seed, 'p', number);
  const auto patient = reference("Patient", patient_id);
  out.push_back({"Patient", patient_id, patient_json(random, patient_id, !urn)});
  const unsigned visits = 3 + static_cast<unsigned>(random.below(6));
  for (unsigned v = 0; v < visits; ++v) {
    const int year = 2005 + static_cast<int>(random.below(21));
    const auto encounter_id = new_id('e');
    const auto encounter = reference("Encounter", encounter_id);
    out.push_back({"Encounter", encounter_id, encounter_json(random, encounter_id, !urn, patient, seed, year)});
    for (unsigned i = 0, n = 3 + static_cast<unsigned>(random.below(6)); i < n; ++i) {
      auto id = new_id('b');
      out.push_back({"Observation", id, observation_json(random, id, !urn, patient, encounter, year)});
    }
    if (random.chance(40)) {
      auto id = new_id('c');
      out.push_back({"Condition", id, condition_json(random, id, !urn, patient, encounter, year)});
    }
    if (random.chance(50)) {
      auto id = new_id('m');
      out.push_back({"MedicationRequest", id, medication_json(random, id, !urn, patient, encounter, seed, year)});
    }
    const auto claim_id = new_id('k');
    out.push_back({"Claim", claim_id, claim_json(random, claim_id, !urn, patient, encounter, seed, year)});
    auto id = new_id('x');
    out.push_back(
        {"ExplanationOfBenefit", id, explanation_json(random, id, !urn, patient, reference("Claim", claim_id), seed, year)});
  }
  return out;
}

}  // namespace

std::vector<Resource> Synthetic::shared() const {
  std::vector<Resource> out;
  for (std::uint64_t n = 0; n < organizations; ++n) {
    Random random(seed_ + n * 131);
    const auto organization = id_of(seed_, 'o', n), location = id_of(seed_, 'l', n);
    const auto* city = random.pick(cities);
    const auto name = fmt::format("{} Medical Centre {}", city, n + 1);
    out.push_back(
        {"Organization", organization,
         fmt::format(
             R"({{"resourceType":"Organization","id":"{0}","identifier":[{{"system":"https://kiln.example/organizations","value":"{0}"}}],"active":true,)"
             R"("type":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/organization-type","code":"prov","display":"Healthcare Provider"}}],"text":"Healthcare Provider"}}],)"
             R"("name":"{1}","telecom":[{{"system":"phone","value":"555-{2:04}"}}],"address":[{{"line":["1 Foundry Road"],"city":"{3}","state":"MA","country":"US"}}]}})",
             organization, name, random.below(10000), city)});
    out.push_back(
        {"Location", location,
         fmt::format(
             R"({{"resourceType":"Location","id":"{0}","status":"active","name":"{1}","address":{{"city":"{2}","state":"MA","country":"US"}},)"
             R"("position":{{"longitude":-{3}.{4:05},"latitude":{5}.{6:05}}},"managingOrganization":{{"reference":"Organization/{7}"}}}})",
             location, name, city, 70 + random.below(4), random.below(100000), 41 + random.below(3), random.below(100000),
             organization)});
  }
  for (std::uint64_t n = 0; n < practitioners; ++n) {
    Random random(seed_ + n * 137 + 7);
    const auto id = id_of(seed_, 'd', n);
    out.push_back(
        {"Practitioner", id,
         fmt::format(
             R"({{"resourceType":"Practitioner","id":"{0}","identifier":[{{"system":"http://hl7.org/fhir/sid/us-npi","value":"99{1:08}"}}],"active":true,)"
             R"("name":[{{"family":"{2}","given":["{3}"],"prefix":["Dr."]}}],"telecom":[{{"system":"email","value":"{2}@kiln.example","use":"work"}}],"gender":"{4}"}})",
             id, n, family(random), random.pick(given_names), random.chance(50) ? "female" : "male")});
  }
  return out;
}

std::vector<Resource> Synthetic::patient(std::uint64_t number) const { return record(seed_, number, false); }

std::string Synthetic::transaction(std::uint64_t number) const {
  std::string out = R"({"resourceType":"Bundle","type":"transaction","entry":[)";
  bool first = true;
  for (const auto& resource : record(seed_, number, true)) {
    out += fmt::format(R"({}{{"fullUrl":"urn:uuid:{}","resource":{},"request":{{"method":"POST","url":"{}"}}}})",
                       first ? "" : ",", resource.id, resource.json, resource.type);
    first = false;
  }
  return out + "]}";
}

std::string Synthetic::body(std::string_view type, std::uint64_t n) const {
  Random random(seed_ ^ (n * 0x9e3779b97f4a7c15u + type.size()));
  const auto id = id_of(seed_, 'w', n);
  const auto patient = "Patient/" + id_of(seed_, 'p', random.below(1000));
  const auto encounter = "Encounter/" + id_of(seed_, 'e', random.below(1000), 1);
  const int year = 2005 + static_cast<int>(random.below(21));
  if (type == "Patient") return patient_json(random, id, false);
  if (type == "Observation") return observation_json(random, id, false, patient, encounter, year);
  if (type == "Encounter") return encounter_json(random, id, false, patient, seed_, year);
  if (type == "MedicationRequest") return medication_json(random, id, false, patient, encounter, seed_, year);
  if (type == "Claim") return claim_json(random, id, false, patient, encounter, seed_, year);
  if (type == "ExplanationOfBenefit")
    return explanation_json(random, id, false, patient, "Claim/" + id_of(seed_, 'k', random.below(1000)), seed_, year);
  for (const auto& resource : shared()) {
    if (resource.type != type) continue;
    const std::string member = fmt::format(R"("id":"{}",)", resource.id);
    auto json = resource.json;
    return json.erase(json.find(member), member.size());
  }
  return {};
}

std::string Synthetic::small_transaction(std::uint64_t n) const {
  Random random(seed_ ^ (n * 0x9e3779b97f4a7c15u + 3));
  const auto patient = id_of(seed_, 's', n), observation = id_of(seed_, 't', n);
  const auto encounter = "Encounter/" + id_of(seed_, 'e', random.below(1000), 1);
  return fmt::format(
      R"({{"resourceType":"Bundle","type":"transaction","entry":[{{"fullUrl":"urn:uuid:{}","resource":{},"request":{{"method":"POST","url":"Patient"}}}},)"
      R"({{"fullUrl":"urn:uuid:{}","resource":{},"request":{{"method":"POST","url":"Observation"}}}}]}})",
      patient, patient_json(random, patient, false), observation,
      observation_json(random, observation, false, "urn:uuid:" + patient, encounter, 2020));
}

const std::vector<std::string>& cycle_types() {
  static const std::vector<std::string> types{"Patient",           "Location",  "Organization",
                                              "Practitioner",      "Encounter", "Observation",
                                              "MedicationRequest", "Claim",     "ExplanationOfBenefit"};
  return types;
}

}  // namespace bench
