#include "tests/search/query_world.h"

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <stdexcept>

#include "resources-gen/formats/json.h"

namespace query_test {

std::atomic<std::int64_t> World::now = 1'700'000'000'000;

World::World(Kind kind) : kind_(kind) {
  options.base_urls = {"http://kiln.test/fhir"};
  if (kind_ == Kind::disk) {
    std::string pattern = (std::filesystem::temp_directory_path() / "kiln-query-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    directory_ = pattern;
  }
  open();
}

World::~World() {
  search_.reset();
  store_.reset();
  if (!directory_.empty()) std::filesystem::remove_all(directory_);
}

void World::open() {
  store::StoreOptions store_options;
  store_options.clock = [] { return now.load(); };
  std::unique_ptr<store::Engine> engine;
  std::string index;
  if (kind_ == Kind::disk) {
    store::LmdbOptions lmdb;
    lmdb.directory = (directory_ / "store").string();
    auto opened = store::open_lmdb(lmdb);
    REQUIRE(opened.has_value());
    engine = std::move(*opened);
    index = (directory_ / "index").string();
  } else {
    engine = store::make_memory_engine();
  }
  auto store = store::Store::open(std::move(engine), model::r4(), store_options);
  REQUIRE(store.has_value());
  store_ = std::move(*store);
  auto search = search::Search::open(*store_, model::r4(), index);
  if (!search) FAIL(search.error().issues.list().front().diagnostics);
  search_ = std::move(*search);
}

void World::reopen() {
  search_.reset();
  store_.reset();
  open();
}

store::Document World::put(std::string_view json, std::string_view id) {
  now += tick;
  auto read = formats::read_json(json, model::r4());
  if (!read.ok())
    FAIL(read.issues.list().front().diagnostics << " at " << read.issues.list().front().expression << " in " << json);
  const model::NodeRef own = read.tree.root().child("id");
  store::Draft draft;
  draft.type = read.tree.root().type();
  draft.id = id.empty() ? std::string(own ? own.text() : "") : std::string(id);
  draft.method = store::Method::put;
  auto form = formats::stored_form(read.tree, draft.id);
  draft.body = store_->pack(form.body);
  draft.hole = {form.hole, static_cast<std::uint8_t>(form.kind)};
  draft.index = search_->extract(read.tree);
  store::Document document = 0;
  auto written = store_->write([&](store::WriteContext& context) -> model::Result<void> {
    document = context.put(draft).document;
    return {};
  });
  REQUIRE(written.has_value());
  return document;
}

void World::put_together(const std::vector<std::string>& resources) {
  now += tick;
  std::vector<store::Draft> drafts;
  for (const std::string& json : resources) {
    auto read = formats::read_json(json, model::r4());
    if (!read.ok()) FAIL(read.issues.list().front().diagnostics << " in " << json);
    store::Draft draft;
    draft.type = read.tree.root().type();
    draft.id = std::string(read.tree.root().child("id").text());
    draft.method = store::Method::put;
    auto form = formats::stored_form(read.tree, draft.id);
    draft.body = store_->pack(form.body);
    draft.hole = {form.hole, static_cast<std::uint8_t>(form.kind)};
    draft.index = search_->extract(read.tree);
    drafts.push_back(std::move(draft));
  }
  auto written = store_->write([&](store::WriteContext& context) -> model::Result<void> {
    for (const store::Draft& draft : drafts) context.put(draft);
    return {};
  });
  REQUIRE(written.has_value());
}

void World::remove(std::string_view type, std::string_view id) {
  now += tick;
  auto written = store_->write([&](store::WriteContext& context) -> model::Result<void> {
    store::Draft draft;
    draft.type = model::r4().resource_type(type);
    draft.id = id;
    draft.method = store::Method::remove;
    context.put(std::move(draft));
    return {};
  });
  REQUIRE(written.has_value());
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out.push_back(static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16)));
      i += 2;
    } else {
      out.push_back(text[i] == '+' ? ' ' : text[i]);
    }
  }
  return out;
}

namespace {

// "Patient", "", "Patient/1/Observation", "Patient/1/*". Throws on others: Catch2's own checks are for one thread only.
search::Scope scope_of(std::string_view path) {
  if (path.empty()) return {};
  const auto slash = path.find('/');
  search::Scope scope(model::r4().resource_type(path.substr(0, slash)));
  if (scope.type == model::no_type) throw std::invalid_argument("no type: " + std::string(path));
  if (slash == std::string_view::npos) return scope;
  const auto last = path.rfind('/');
  scope.compartment = scope.type;
  scope.id = path.substr(slash + 1, last - slash - 1);
  scope.type = model::r4().resource_type(path.substr(last + 1));
  if (scope.type == model::no_type && !path.ends_with("/*")) throw std::invalid_argument("no type: " + std::string(path));
  return scope;
}

}  // namespace

model::Result<std::shared_ptr<const search::Query>> World::parse(std::string_view url, bool strict) {
  const auto mark = url.find('?');
  const search::Scope scope = scope_of(url.substr(0, mark));
  std::vector<search::Argument> arguments;
  std::string_view rest = mark == std::string_view::npos ? std::string_view() : url.substr(mark + 1);
  while (!rest.empty()) {
    const auto end = rest.find('&');
    const std::string_view one = rest.substr(0, end);
    const auto equals = one.find('=');
    arguments.push_back({percent_decoded(one.substr(0, equals)),
                         equals == std::string_view::npos ? std::string() : percent_decoded(one.substr(equals + 1))});
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  search::ParseOptions with = options;
  with.strict = strict;
  return search_->parse(scope, arguments, with);
}

model::Result<search::Page> World::get(std::string_view url, bool strict) {
  auto query = parse(url, strict);
  if (!query) return query.error();
  return search_->run(**query, {});
}

search::Page World::page(std::string_view url) {
  auto page = get(url);
  if (!page) FAIL(url << ": " << page.error().issues.list().front().diagnostics);
  return std::move(*page);
}

std::vector<std::string> World::ids(std::string_view url) {
  std::vector<std::string> out;
  const std::string type(url.substr(0, url.find('?')));
  for (std::string next(url); !next.empty();) {
    const search::Page one = page(next);
    for (std::string& id : matches_of(one)) out.push_back(std::move(id));
    next = one.next.empty() ? std::string() : type + "?" + one.next;
  }
  return out;
}

std::string World::fault(std::string_view url, bool strict) {
  auto page = get(url, strict);
  if (page) FAIL(url << " did not fail");
  CHECK(page.error().kind == model::FailureKind::bad_request);
  std::string out;
  for (const model::Issue& issue : page.error().issues) out += (out.empty() ? "" : " | ") + issue.diagnostics;
  return out;
}

std::string id_of(const search::Match& match, const model::Schema& schema) {
  return std::string(schema.type_name(match.version.type)) + "/" + match.version.id;
}
std::vector<std::string> matches_of(const search::Page& page) {
  std::vector<std::string> out;
  for (const search::Match& match : page.matches) {
    if (!match.included) out.push_back(match.version.id);
  }
  return out;
}
std::vector<std::string> included_of(const search::Page& page) {
  std::vector<std::string> out;
  for (const search::Match& match : page.matches) {
    if (match.included) out.push_back(id_of(match));
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace query_test
