// kiln export: the current version of every resource as NDJSON, a file per type.

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "fhir/commands/node.h"
#include "fhir/commands/table.h"
#include "fhir/rest/binary_answer.h"

namespace commands {
namespace {

struct ExportOptions {
  std::string data = "./data";
  std::string out;
  std::vector<std::string> types;
};

// A resource on a line; large content of a Binary is read while it is written.
void write_line(const store::Store& store, const store::Store::Rendered& resource, model::TypeId binary, std::ostream& out) {
  const auto blob = resource.version.type == binary ? store.blob(resource.version.document) : std::nullopt;
  if (!blob) {
    out << *resource.body << '\n';
    return;
  }
  const auto source = rest::large_resource(store, *resource.body, *blob);
  using Next = rest::BodySource::Next;
  for (auto next = Next::more; next == Next::more;) {
    std::string piece;
    next = source->next(piece);
    out << piece;
  }
  out << '\n';
}

int write_all(const ExportOptions& options) {
  auto node = Node::open_existing(options.data);
  if (!node) return report(node.error());
  const auto& schema = model::r4();
  std::set<model::TypeId> wanted;
  for (const auto& name : options.types) {
    const auto type = schema.resource_type(name);
    if (type == model::no_type) {
      std::fprintf(stderr, "kiln: '%s' is no resource type of R4\n", name.c_str());
      return 2;
    }
    wanted.insert(type);
  }
  std::filesystem::create_directories(options.out);
  // What an earlier export left there and this one does not write would be taken for part of it: it may be erased since.
  for (std::size_t type = 0; type < schema.types.size(); ++type) {
    std::error_code trouble;
    if (wanted.empty() || wanted.contains(static_cast<model::TypeId>(type)))
      std::filesystem::remove(options.out + "/" + std::string(schema.type_name(static_cast<model::TypeId>(type))) + ".ndjson",
                              trouble);
  }
  auto& store = (*node)->store();
  const auto binary = schema.resource_type("Binary");
  std::map<model::TypeId, std::ofstream> files;
  std::uint64_t written = 0, lost = 0;
  const auto last = store.last_document();
  for (store::Document document = 1; document <= last; ++document) {
    const auto version = store.at(document);
    if (!version || version->deleted() || (!wanted.empty() && !wanted.contains(version->type))) continue;
    const auto current = store.current(version->type, version->id);
    if (current && current->document != document) continue;
    const auto rendered = current ? store.render(document) : std::nullopt;
    if (!rendered || !rendered->body) {
      std::fprintf(stderr, "kiln: %s/%s cannot be read: kiln check says what is damaged\n",
                   std::string(schema.type_name(version->type)).c_str(), version->id.c_str());
      ++lost;
      continue;
    }
    auto [file, fresh] = files.try_emplace(version->type);
    if (fresh)
      file->second.open(options.out + "/" + std::string(schema.type_name(version->type)) + ".ndjson",
                        std::ios::trunc | std::ios::binary);
    write_line(store, *rendered, binary, file->second);
    ++written;
  }
  for (auto& [type, file] : files) {
    file.close();
    if (!file) {
      std::fprintf(stderr, "kiln: the file for %s could not be written whole\n", std::string(schema.type_name(type)).c_str());
      return 1;
    }
  }
  std::printf("exported %llu resources of %zu types to %s\n", static_cast<unsigned long long>(written), files.size(),
              options.out.c_str());
  return lost == 0 ? 0 : 1;
}

}  // namespace

Run export_(Options options) {
  auto given = std::make_shared<ExportOptions>();
  options.add("--data", given->data, "Data directory; no server may hold it").existing_directory();
  options.add("--out", given->out, "Directory for the files, made if absent").required();
  options.add("--type", given->types, "Only these resource types");
  return [given] { return write_all(*given); };
}

}  // namespace commands
