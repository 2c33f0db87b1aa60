// Reading FHIR JSON into a Tree, strictly, and writing bytes back from it.
//
// R4 json.html. The reader reports every fault in one pass; the writer copies the tree's source with edits applied.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "resources-gen/model/issues.h"
#include "resources-gen/model/tree.h"

namespace formats {

struct ReadLimits {
  std::uint32_t max_depth = 100;   // nesting of JSON objects and arrays; more than 1,000 is taken as 1,000
  std::uint32_t max_issues = 200;  // of errors, and of warnings; further ones are counted, not listed
};

struct ReadResult {
  model::Tree tree;                 // empty if the text is not JSON or has no known resourceType; else as much as could be typed
  model::Issues issues;             // every fault, each with its FHIRPath expression, line and column
  bool malformed = false;           // not JSON at all (HTTP 400); other faults are of content (HTTP 422)
  std::size_t unlisted_errors = 0;  // beyond limits.max_issues: the issues end with how many, without an expression
  bool ok() const { return !issues.has_errors(); }
};

// Reads one resource. `text` need not outlive the call. Never throws for bad input; depth and size cost linear time and memory.
ReadResult read_json(std::string_view text, const model::Schema& schema, const ReadLimits& limits = {});

// One replacement while writing: source bytes [begin, end) become `text`. Edits are sorted and do not overlap.
struct Edit {
  std::uint32_t begin;
  std::uint32_t end;
  std::string text;
};
std::string apply(std::string_view source, const std::vector<Edit>& edits);

// The stored form of a resource (store/README.md): minified JSON with `id` in place, without meta.versionId and meta.lastUpdated,
// and the place where those go when it is sent.
enum class MetaHole : std::uint8_t {
  in_meta,        // after "meta":{ of a meta with other members: write `"versionId":..,"lastUpdated":..,`
  in_empty_meta,  // after "meta":{ of a meta left empty: no trailing comma
  new_meta,       // no meta was sent: write `"meta":{"versionId":..,"lastUpdated":..},` there
  new_meta_last,  // the same with a comma in front and none behind: right behind id, which is where stored_form puts it
};
struct StoredForm {
  std::string body;
  std::uint32_t hole;  // offset in body
  MetaHole kind;
};
// `id` replaces the resource's own or is put after resourceType; `edits` (rewritten references ...) are applied too, on
// tree.source(), in any order, none across the ends of a member of meta. The tree is one that was read without errors.
StoredForm stored_form(const model::Tree& tree, std::string_view id, std::vector<Edit> edits = {});
// The members for the hole: version and lastUpdated (milliseconds since 1970) as JSON text with the commas that `kind` asks for.
std::string hole_text(MetaHole kind, std::uint64_t version, std::int64_t last_updated_ms);

// Appends `text` to `out` as a JSON string, quotes included; escapes only what JSON demands. What is not UTF-8 becomes U+FFFD.
void append_string(std::string& out, std::string_view text);
// Pretty-prints minified JSON, two spaces a level; deeper than most_indented all have as many, so that no text grows by its
// depth.
inline constexpr std::size_t most_indented = 24;
std::string pretty(std::string_view json);
// An OperationOutcome in minified JSON; what no FHIR string may hold is replaced in what it quotes. At least one issue is
// written: an empty list yields one of code informational. Line and column end the diagnostics: R4 has no element for them
// (issue.location is XPath, and deprecated).
std::string operation_outcome(const model::Issues& issues);

}  // namespace formats
