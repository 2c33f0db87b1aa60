#include "fhir/commands/import_source.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <unordered_map>

#include "resources-gen/formats/json.h"

namespace commands {
namespace {

using formats::Edit;
using model::NodeRef;

// A file read in pieces, decompressed if it begins as gzip does.
class Reader {
 public:
  explicit Reader(const std::string& path) : file_(gzopen(path.c_str(), "rb")) {
    if (file_ != nullptr) gzbuffer(file_, 1u << 18);
  }
  ~Reader() {
    if (file_ != nullptr) gzclose(file_);
  }
  Reader(const Reader&) = delete;
  bool open() const { return file_ != nullptr; }
  // Appends up to `bytes`; false at the end or on an error.
  bool read(std::string& out, std::size_t bytes) {
    const auto size = out.size();
    out.resize(size + bytes);
    const int got = gzread(file_, out.data() + size, static_cast<unsigned>(bytes));
    out.resize(size + static_cast<std::size_t>(std::max(got, 0)));
    if (got < 0) failed_ = true;
    return got > 0;
  }
  std::uint64_t position() const { return static_cast<std::uint64_t>(std::max<z_off_t>(0, gzoffset(file_))); }
  bool failed() const {
    int code = Z_OK;
    if (file_ != nullptr) gzerror(file_, &code);
    return failed_ || (code != Z_OK && code != Z_STREAM_END);
  }

 private:
  gzFile file_;
  bool failed_ = false;
};

bool blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

std::string reasons(const model::Issues& issues) {
  std::string out;
  std::size_t shown = 0;
  for (const auto& issue : issues) {
    if (issue.severity != model::Severity::error && issue.severity != model::Severity::fatal) continue;
    if (++shown > 20) return out + "; ...";
    if (!out.empty()) out += "; ";
    out += issue.diagnostics;
    if (!issue.expression.empty()) out += " (" + issue.expression + ")";
  }
  return out;
}

class FileImport {
 public:
  FileImport(std::uint32_t file, const ImportSourceOptions& options, const std::function<bool(ImportChunk)>& chunk,
             const std::function<void(Refusal)>& refuse)
      : file_(file), options_(options), emit_(chunk), refuse_(refuse) {}

  bool stopped() const { return stopped_; }

  // One line of NDJSON.
  void line(std::string_view text, std::uint64_t number) {
    ++made_;
    const auto parsed = formats::read_json(text, model::r4());
    if (!parsed.ok()) return refuse(number, parsed);
    add_resource(parsed.tree, 0, {}, number);
  }

  // A file that holds one resource.
  void resource(std::string_view text) {
    const auto parsed = formats::read_json(text, model::r4());
    if (!parsed.ok()) return refuse(1, parsed);
    const auto root = parsed.tree.root();
    if (root.type_name() != "Bundle") {
      ++made_;
      return add_resource(parsed.tree, 0, {}, 1);
    }
    const auto kind = root.child("type").text();
    if (kind == "transaction" || kind == "batch") return bundle(parsed.tree, std::string(kind));
    if (kind == "collection" || kind == "searchset") return collection(parsed.tree);
    ++made_;
    add_resource(parsed.tree, 0, {}, 1);  // documents and messages are resources in their own right
  }

  // A Binary that is not held whole; `text` begins with its line, and is left behind it.
  void large(std::string& text, std::uint64_t number, LargeContents& contents, const std::function<bool(std::string&)>& more) {
    end();
    ++made_;
    const bool wanted = contents.begin(file_, chunks_++);
    const auto resource = read_large_binary(text, more, [&](std::string_view content) -> model::Result<void> {
      if (!wanted) return {};
      return contents.take(content);
    });
    if (!wanted) return;
    if (!resource) return refuse_({file_, number, "Binary", {}, reasons(resource.error().issues)});
    const auto parsed = formats::read_json(*resource, model::r4());
    if (!parsed.ok()) return refuse(number, parsed);
    std::string json;
    const auto id = with_id(parsed.tree, 0, json, made_id(), true);
    if (!contents.finish(number, id, json)) stopped_ = true;
  }

  void end() {
    if (!current_.entries.empty()) flush();
  }

 private:
  std::string made_id() const {
    return fmt::format("{:012x}{:04x}{:08x}", static_cast<std::uint64_t>(options_.stamp), file_ & 0xffff, made_ & 0xffffffff);
  }

  void refuse(std::uint64_t number, const formats::ReadResult& parsed) {
    Refusal refusal{file_, number, {}, {}, reasons(parsed.issues)};
    if (!parsed.tree.empty()) {
      const auto root = parsed.tree.root();
      refusal.type = root.type_name();
      if (const auto id = root.child("id")) refusal.id = id.text();
    }
    refuse_(std::move(refusal));
  }

  // The JSON of the resource at `node`, with an id of ours if it has none; returns the id it has then.
  static std::string with_id(const model::Tree& tree, model::NodeIndex index, std::string& json, const std::string& made,
                             bool keep, std::vector<Edit> edits = {}) {
    const NodeRef node(tree, index);
    const auto& row = node.node();
    const auto own = node.child("id");
    const bool kept = own && keep && own.has_value();
    if (!kept && own && own.has_value()) {
      edits.push_back({own.node().begin - row.begin, own.node().stop - row.begin, "\"" + made + "\""});
    } else if (!kept) {
      edits.push_back({1, 1, "\"id\":\"" + made + "\","});
    }
    std::sort(edits.begin(), edits.end(), [](const Edit& a, const Edit& b) { return a.begin < b.begin; });
    json = formats::apply(node.json(), edits);
    return kept ? std::string(own.text()) : made;
  }

  // Where the fullUrls of a collection's entries lead once those are stored: "Patient/1". Views into its tree.
  using Targets = std::unordered_map<std::string_view, std::string>;

  // The references and urls of the resource at `index` that name an entry of the collection, made to name what is stored: so its
  // entries need not stay in one transaction. R4 bundle.html#references; a Bundle within has fullUrls of its own.
  static std::vector<Edit> references(const model::Tree& tree, model::NodeIndex index, const Targets& targets) {
    static const auto& schema = model::r4();
    static const auto reference = schema.child_by_name(schema.types[schema.type("Reference")].root, "reference");
    static const auto bundle = schema.type("Bundle");
    std::vector<Edit> edits;
    const auto begin = tree[index].begin;
    for (auto at = index; at < tree[index].end; ++at) {
      const auto& node = tree[at];
      if (node.type == bundle) {
        at = node.end - 1;
        continue;
      }
      const bool link = node.element == reference || schema.types[node.type].primitive == model::Primitive::url;
      if (node.kind != model::ValueKind::string || !link) continue;
      const auto text = NodeRef(tree, at).text();
      const auto hash = std::min(text.find('#'), text.size());
      const auto target = targets.find(text.substr(0, hash));
      if (target == targets.end()) continue;
      Edit edit{node.begin - begin, node.stop - begin, {}};
      formats::append_string(edit.text, target->second + std::string(text.substr(hash)));
      edits.push_back(std::move(edit));
    }
    return edits;
  }

  void add_resource(const model::Tree& tree, model::NodeIndex index, std::string_view full_url, std::uint64_t number,
                    const Targets& targets = {}) {
    const NodeRef node(tree, index);
    ImportEntry entry;
    entry.file = file_;
    entry.line = number;
    entry.type = node.type_name();
    std::string json;
    entry.id =
        with_id(tree, index, json, made_id(), true, targets.empty() ? std::vector<Edit>() : references(tree, index, targets));
    entry.json = "{";
    if (!full_url.empty()) {
      entry.json += "\"fullUrl\":";
      formats::append_string(entry.json, full_url);
      entry.json += ',';
    }
    entry.json += "\"resource\":" + json + ",\"request\":{\"method\":\"PUT\",\"url\":\"" + entry.type + "/" + entry.id + "\"}}";
    // R4 http.html#trules: one resource once in a transaction.
    const bool twice = std::any_of(current_.entries.begin(), current_.entries.end(),
                                   [&](const ImportEntry& other) { return other.id == entry.id && other.type == entry.type; });
    if (twice) flush();
    bytes_ += entry.json.size();
    current_.entries.push_back(std::move(entry));
    if (current_.entries.size() >= options_.chunk_entries || bytes_ >= options_.chunk_bytes) flush();
  }

  void collection(const model::Tree& tree) {
    Targets targets;
    const auto before = made_;
    for (auto entry = tree.root().child("entry"); entry; entry = entry.next_sibling()) {
      if (entry.name() != "entry") continue;
      ++made_;
      const auto resource = entry.child("resource");
      const auto full_url = entry.child("fullUrl");
      if (!resource || !full_url || full_url.text().empty()) continue;
      const auto id = resource.child("id");
      targets.emplace(full_url.text(),
                      std::string(resource.type_name()) + "/" + (id && id.has_value() ? std::string(id.text()) : made_id()));
    }
    made_ = before;
    std::uint64_t number = 0;
    // Links in narratives and uris are followed within a transaction only: as many entries as go into one stay together.
    const auto keep = options_.chunk_entries;
    options_.chunk_entries = static_cast<std::size_t>(-1);
    for (auto entry = tree.root().child("entry"); entry; entry = entry.next_sibling()) {
      if (entry.name() != "entry") continue;
      ++number;
      ++made_;
      const auto resource = entry.child("resource");
      if (!resource) continue;
      const auto full_url = entry.child("fullUrl");
      add_resource(tree, resource.index(), full_url ? full_url.text() : std::string_view(), number, targets);
    }
    options_.chunk_entries = keep;
  }

  // A transaction or batch as written, but that a plain POST becomes a PUT of an id that a second run gives again.
  void bundle(const model::Tree& tree, const std::string& kind) {
    end();
    current_.bundle_type = kind;
    current_.whole = kind == "transaction";
    std::uint64_t number = 0;
    for (auto entry = tree.root().child("entry"); entry; entry = entry.next_sibling()) {
      if (entry.name() != "entry") continue;
      ++number;
      ++made_;
      ImportEntry out;
      out.file = file_;
      out.line = number;
      const auto request = entry.child("request");
      const auto resource = entry.child("resource");
      const auto method = request ? request.child("method") : NodeRef();
      const auto url = request ? request.child("url") : NodeRef();
      if (resource) out.type = resource.type_name();
      const bool create = method && method.text() == "POST" && url && url.text() == out.type && !request.child("ifNoneExist");
      if (resource && create) {
        std::string json;
        out.id = with_id(tree, resource.index(), json, made_id(), false);
        const auto base = entry.node().begin;
        std::vector<Edit> edits{{resource.node().begin - base, resource.node().stop - base, json},
                                {request.node().begin - base, request.node().stop - base,
                                 "{\"method\":\"PUT\",\"url\":\"" + out.type + "/" + out.id + "\"}"}};
        std::sort(edits.begin(), edits.end(), [](const Edit& a, const Edit& b) { return a.begin < b.begin; });
        out.json = formats::apply(entry.json(), edits);
      } else {
        out.json = entry.json();
      }
      current_.entries.push_back(std::move(out));
    }
    end();
    current_.bundle_type = "transaction";
    current_.whole = false;
  }

  void flush() {
    ImportChunk next;
    next.bundle_type = current_.bundle_type;
    next.whole = current_.whole;
    current_.file = file_;
    current_.number = chunks_++;
    bytes_ = 0;
    if (!stopped_ && !emit_(std::move(current_))) stopped_ = true;
    current_ = std::move(next);
  }

  std::uint32_t file_;
  ImportSourceOptions options_;
  const std::function<bool(ImportChunk)>& emit_;
  const std::function<void(Refusal)>& refuse_;
  ImportChunk current_;
  std::size_t bytes_ = 0;
  std::uint64_t chunks_ = 0;
  std::uint64_t made_ = 0;  // resources seen in the file: the last part of a made id
  bool stopped_ = false;
};

// NDJSON if the first line is a whole JSON object and the file goes on, or the name says so.
bool is_ndjson(const std::string& path) {
  for (const char* ending : {".ndjson", ".ndjson.gz", ".jsonl", ".jsonl.gz"}) {
    if (path.ends_with(ending)) return true;
  }
  return false;
}

}  // namespace

std::string ImportChunk::bundle() const {
  std::string out = "{\"resourceType\":\"Bundle\",\"type\":\"" + bundle_type + "\",\"entry\":[";
  for (const auto& entry : entries) {
    if (out.back() != '[') out += ',';
    out += entry.json;
  }
  return out + "]}";
}

model::Result<void> read_import_file(const std::string& path, std::uint32_t file, const ImportSourceOptions& options,
                                     const std::function<bool(ImportChunk)>& chunk, const std::function<void(Refusal)>& refuse,
                                     LargeContents& large, const std::function<void(std::uint64_t)>& progress) {
  const auto unreadable = [&] {
    return model::failure(model::FailureKind::internal, model::IssueCode::exception, "The file '" + path + "' cannot be read");
  };
  Reader reader(path);
  if (!reader.open()) return unreadable();
  FileImport import(file, options, chunk, refuse);
  std::string text;
  if (is_ndjson(path)) {
    std::uint64_t number = 0;
    std::size_t from = 0;
    std::size_t searched = 0;  // bytes of `text` that are known to hold no line's end
    const auto read_more = [&reader](std::string& out) { return reader.read(out, 1u << 20); };
    bool more = true;
    while (more && !import.stopped()) {
      text.erase(0, from);
      from = 0;
      more = read_more(text);
      auto at = text.find('\n', searched);
      while (at != std::string::npos && !import.stopped()) {
        const auto line = std::string_view(text).substr(from, at - from);
        ++number;
        if (!blank(line)) import.line(line, number);
        from = at + 1;
        at = text.find('\n', from);
      }
      searched = text.size() - from;
      if (searched >= large_line && begins_large_binary(std::string_view(text).substr(from))) {
        text.erase(0, from);
        from = 0;
        searched = 0;
        import.large(text, ++number, large, read_more);
      }
      progress(reader.position());
    }
    const auto line = std::string_view(text).substr(from);
    if (!blank(line) && !import.stopped()) import.line(line, number + 1);
  } else {
    while (reader.read(text, 1u << 22)) {
    }
    progress(reader.position());
    import.resource(text);
  }
  import.end();
  if (reader.failed()) return unreadable();
  return {};
}

}  // namespace commands
