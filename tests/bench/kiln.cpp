// The bench: starts servers, loads them, prints a Markdown table. One command; README.md has the figures it made.
//
//   bench_kiln [--grow N] [--seconds S] [--only NAME] [--directory DIR]
//
// Baselines of the same run: a bare server of the same libraries, nginx serving the same bytes from a file (where installed),
// bare LMDB puts with fsync, and the disk's fsyncs alone. Ratios count; the machine is noisy.
#include <fmt/format.h>
#include <lmdb.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include "tests/bench/support/disk.h"
#include "tests/bench/support/load.h"
#include "tests/bench/support/report.h"
#include "tests/bench/support/synthetic.h"

namespace {

using bench::heading;
using bench::load_columns;
using bench::LoadFigures;
using bench::LoadPlan;
using bench::Process;
using bench::row;
using bench::since;
using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

struct Options {
  std::string directory;
  std::string only;
  std::uint64_t grow = 0;      // resources to grow to, in steps from 10,000
  std::uint64_t base = 10000;  // resources stored before the workloads
};
Options options;
const std::string build = KILN_BINARY_DIR;

struct Kiln {
  std::string data;
  std::uint16_t port;
  double start_seconds = 0;
  std::unique_ptr<Process> process;
};

Kiln start_kiln(const std::string& data) {
  Kiln kiln{data, bench::free_port(), 0, nullptr};
  kiln.process = std::make_unique<Process>(std::vector<std::string>{build + "/kiln", "serve", "--data", data, "--bind",
                                                                    "127.0.0.1", "--port", std::to_string(kiln.port)},
                                           options.directory + "/kiln.log");
  // The port is open before the store is: the first answer counts.
  const auto start = Clock::now();
  bench::wait_for_port(kiln.port, 120);
  LoadPlan first;
  first.port = kiln.port;
  first.requests = 1;
  first.request = [](unsigned, std::uint64_t) { return bench::http_request("GET", "/fhir/Patient?_count=1"); };
  bench::run_load(first);
  kiln.start_seconds = since(start);
  return kiln;
}

std::string post(std::string_view target, std::string_view body) { return bench::http_request("POST", target, body); }

// ids of stored resources by type, for reads and searches
struct Known {
  std::map<std::string, std::vector<std::string>> ids;
};

// Loads synthetic patients [from, ...) by transactions until about `resources` more are stored; returns resources and seconds.
std::pair<std::uint64_t, double> load_transactions(Kiln& kiln, const bench::Synthetic& synthetic, std::uint64_t& patient,
                                                   std::uint64_t resources, Known* known) {
  std::uint64_t stored = 0;
  LoadPlan plan;
  plan.port = kiln.port;
  plan.clients = 8;
  plan.request = [&](unsigned, std::uint64_t) {
    if (stored >= resources) return std::string();
    const auto body = synthetic.transaction(patient++);
    for (std::size_t at = 0; (at = body.find("\"request\":", at)) != std::string::npos; ++at) ++stored;
    return post("/fhir", body);
  };
  plan.reply = [&](unsigned, const bench::Reply& reply) {
    if (reply.status >= 400) {
      std::fprintf(stderr, "a transaction failed: %.*s\n", static_cast<int>(std::min<std::size_t>(reply.body.size(), 500)),
                   reply.body.data());
      return;
    }
    if (known == nullptr) return;
    for (std::size_t at = 0; (at = reply.body.find("\"location\":\"", at)) != std::string_view::npos;) {
      at += 12;
      auto location = reply.body.substr(at, reply.body.find('"', at) - at);
      if (const auto history = location.find("/_history"); history != std::string_view::npos)
        location = location.substr(0, history);
      const auto slash = location.rfind('/');
      const auto before = location.rfind('/', slash - 1);
      const auto type = location.substr(before == std::string_view::npos ? 0 : before + 1,
                                        slash - (before == std::string_view::npos ? 0 : before + 1));
      known->ids[std::string(type)].emplace_back(location.substr(slash + 1));
    }
  };
  const auto figures = bench::run_load(plan);
  return {stored, figures.seconds};
}

// Copies the bodies that the reads ask for into a bare LMDB and into files for nginx.
void reads(Kiln& kiln, const Known& known) {
  std::vector<std::string> paths;
  for (const auto& [type, ids] : known.ids) {
    for (const auto& id : ids) paths.push_back(type + "/" + id);
  }
  std::mt19937_64 random(7);
  std::shuffle(paths.begin(), paths.end(), random);
  if (paths.size() > 10000) paths.resize(10000);
  const auto bare = options.directory + "/bare";
  const auto www = options.directory + "/www/fhir";
  fs::remove_all(bare);
  fs::create_directories(bare);
  MDB_env* env = nullptr;
  mdb_env_create(&env);
  mdb_env_set_mapsize(env, std::size_t{1} << 30);
  mdb_env_open(env, bare.c_str(), 0, 0644);
  MDB_txn* txn = nullptr;
  MDB_dbi dbi = 0;
  mdb_txn_begin(env, nullptr, 0, &txn);
  mdb_dbi_open(txn, nullptr, 0, &dbi);
  std::uint64_t bytes = 0;
  std::vector<std::size_t> asked(1);
  LoadPlan fetch;
  fetch.port = kiln.port;
  fetch.requests = paths.size();
  fetch.request = [&](unsigned, std::uint64_t n) {
    asked[0] = n;
    return bench::http_request("GET", "/fhir/" + paths[n]);
  };
  fetch.reply = [&](unsigned, const bench::Reply& reply) {
    const auto& path = paths[asked[0]];
    const auto id = path.substr(path.find('/') + 1);
    MDB_val k{id.size(), const_cast<char*>(id.data())}, v{reply.body.size(), const_cast<char*>(reply.body.data())};
    mdb_put(txn, dbi, &k, &v, 0);
    bytes += reply.body.size();
    fs::create_directories(www + "/" + path.substr(0, path.find('/')));
    std::ofstream(www + "/" + path) << reply.body;
  };
  bench::run_load(fetch);
  mdb_txn_commit(txn);
  mdb_env_close(env);

  heading(fmt::format("Read by id ({} resources, {} bytes each on average)", paths.size(), bytes / paths.size()), load_columns);
  LoadPlan plan;
  plan.clients = 32;
  plan.request = [&](unsigned, std::uint64_t) { return bench::http_request("GET", "/fhir/" + paths[random() % paths.size()]); };
  const auto port = bench::free_port();
  Process bare_server({build + "/tests/bench_bare_server", std::to_string(port), bare}, options.directory + "/bare.log");
  bench::wait_for_port(port, 10);
  const auto nginx_port = bench::free_port();
  std::unique_ptr<Process> nginx;
  if (fs::exists("/usr/sbin/nginx")) {
    std::ofstream(options.directory + "/nginx.conf") << fmt::format(
        "daemon off; master_process off; worker_processes 1; pid {0}/nginx.pid; error_log {0}/nginx.err; events {{ "
        "worker_connections 512; }}\n"
        "http {{ access_log off; open_file_cache max=20000; keepalive_requests 1000000000; default_type application/fhir+json; "
        "sendfile on;\n"
        "server {{ listen 127.0.0.1:{1}; root {0}/www; }} }}\n",
        options.directory, nginx_port);
    nginx = std::make_unique<Process>(
        std::vector<std::string>{"/usr/sbin/nginx", "-p", options.directory, "-c", options.directory + "/nginx.conf"},
        options.directory + "/nginx.log");
    bench::wait_for_port(nginx_port, 10);
  }
  for (int round = 1; round <= 3; ++round) {
    plan.port = port;
    row(fmt::format("bare server, LMDB get ({})", round), bare_server, plan);
    plan.port = kiln.port;
    row(fmt::format("kiln ({})", round), *kiln.process, plan);
    if (nginx) {
      plan.port = nginx_port;
      row(fmt::format("nginx, files ({})", round), *nginx, plan);
    }
  }
}

void cycle(Kiln& kiln, const bench::Synthetic& synthetic) {
  heading("Create, read, update, delete, one client per type and step", load_columns);
  const auto& types = bench::cycle_types();
  std::map<std::string, std::vector<std::string>> bodies;
  for (const auto& type : types) {
    for (std::uint64_t n = 0; n < 64; ++n) bodies[type].push_back(synthetic.body(type, n));
  }
  struct State {
    int step = 0;
    std::string type, id, body;
  };
  for (const unsigned clients : {1u, 16u, 64u}) {
    std::vector<State> states(clients);
    std::uint64_t turn = 0;
    LoadPlan plan;
    plan.port = kiln.port;
    plan.clients = clients;
    plan.request = [&](unsigned client, std::uint64_t) {
      auto& s = states[client];
      switch (s.step) {
        case 0:
          s.type = types[turn % types.size()];
          s.body = bodies[s.type][turn++ % 64];
          return post("/fhir/" + s.type, s.body);
        case 1:
          return bench::http_request("GET", "/fhir/" + s.type + "/" + s.id);
        case 2: {
          auto body = s.body;
          body.insert(body.find(',') + 1, "\"id\":\"" + s.id + "\",");
          return bench::http_request("PUT", "/fhir/" + s.type + "/" + s.id, body);
        }
        default:
          return bench::http_request("DELETE", "/fhir/" + s.type + "/" + s.id);
      }
    };
    plan.reply = [&](unsigned client, const bench::Reply& reply) {
      auto& s = states[client];
      if (s.step == 0) {
        const auto at = reply.header.find("Location: ");
        if (at != std::string_view::npos) {
          auto location = reply.header.substr(at + 10, reply.header.find('\r', at) - at - 10);
          location = location.substr(0, location.find("/_history"));
          s.id = location.substr(location.rfind('/') + 1);
        }
      }
      s.step = (s.step + 1) % 4;
    };
    row("cycle", *kiln.process, plan);
  }
}

void writes(Kiln& kiln, const bench::Synthetic& synthetic, const std::string& at) {
  heading("Durable writes, " + at, load_columns);
  std::vector<std::string> bodies;
  for (std::uint64_t n = 0; n < 512; ++n) bodies.push_back(synthetic.body("Observation", n));
  std::uint64_t serial = static_cast<std::uint64_t>(Clock::now().time_since_epoch().count());
  for (const unsigned clients : {1u, 16u, 64u, 128u}) {
    LoadPlan plan;
    plan.port = kiln.port;
    plan.clients = clients;
    plan.request = [&](unsigned, std::uint64_t n) { return post("/fhir/Observation", bodies[n % bodies.size()]); };
    row("create Observation", *kiln.process, plan);
  }
  for (const unsigned clients : {1u, 8u, 32u, 128u}) {
    LoadPlan plan;
    plan.port = kiln.port;
    plan.clients = clients;
    plan.request = [&](unsigned, std::uint64_t) { return post("/fhir", synthetic.small_transaction(++serial)); };
    row("transaction: Patient and Observation", *kiln.process, plan);
  }
}

// Creates of 8 clients while nothing else goes on, and while one more sends transactions of thousands of entries, one after
// the other.
void beside(Kiln& kiln, const bench::Synthetic& synthetic, const std::string& at) {
  heading("Small writes beside large transactions, " + at, load_columns);
  LoadPlan small;
  small.port = kiln.port;
  small.clients = 8;
  small.request = [&](unsigned, std::uint64_t n) { return post("/fhir/Observation", synthetic.body("Observation", n)); };
  row("create Observation, alone", *kiln.process, small);
  for (const std::uint64_t entries : {1000u, 5000u, 20000u}) {
    std::string bundle = R"({"resourceType":"Bundle","type":"transaction","entry":[)";
    for (std::uint64_t n = 0; n < entries; ++n) {
      if (n > 0) bundle += ',';
      bundle += R"({"resource":)" + synthetic.body("Observation", n) + R"(,"request":{"method":"POST","url":"Observation"}})";
    }
    bundle += "]}";
    LoadPlan large;
    large.port = kiln.port;
    std::atomic<bool> over = false;
    large.request = [&](unsigned, std::uint64_t) { return over ? std::string() : post("/fhir", bundle); };
    LoadFigures figures;
    std::thread other([&] { figures = bench::run_load(large); });
    row(fmt::format("create Observation, beside transactions of {} entries", entries), *kiln.process, small);
    over = true;
    other.join();
    std::printf("\n%llu transactions of %llu entries meanwhile, %.0f ms each at the median, %llu refused\n\n",
                static_cast<unsigned long long>(figures.requests), static_cast<unsigned long long>(entries),
                figures.percentile(0.5), static_cast<unsigned long long>(figures.errors));
  }
}

std::vector<std::string> search_mix(const Known& known) {
  const auto any = [&](const char* type, std::size_t n) -> std::string {
    const auto found = known.ids.find(type);
    return found == known.ids.end() || found->second.empty() ? "none" : found->second[n % found->second.size()];
  };
  return {
      "Patient?family=Brook",
      "Patient?name=Ada&gender=female",
      "Patient?given:exact=Noor",
      "Patient?family:contains=stone",
      "Patient?address-city=Granby",
      "Patient?birthdate=1975-06",
      "Patient?birthdate=ge1990-01-01&birthdate=lt1990-03-01",
      "Encounter?date=2015-03-12",
      "Observation?date=ge2020-05-01&date=lt2020-05-08",
      "Observation?code=http://loinc.org|8302-2",
      "Observation?code=8867-4&status=final",
      "Observation?category=laboratory",
      "Condition?code=http://snomed.info/sct|44054006&clinical-status=active",
      "MedicationRequest?status=active&intent=order",
      "Observation?value-quantity=gt185|http://unitsofmeasure.org|cm",
      "Observation?value-quantity=70||kg",
      "Observation?code-value-quantity=http://loinc.org|8302-2$gt195",
      "Observation?combo-code-value-quantity=8480-6$ge170",
      "Observation?subject=Patient/" + any("Patient", 3),
      "Observation?patient=" + any("Patient", 11) + "&code=http://loinc.org|29463-7",
      "Encounter?patient=" + any("Patient", 5) + "&_sort=-date",
      "Observation?patient=" + any("Patient", 8) + "&date=ge2010&_sort=-date",
      "ExplanationOfBenefit?patient=" + any("Patient", 2),
      "Patient?_id=" + any("Patient", 1) + "&_revinclude=Observation:subject",
  };
}

void searches(Kiln& kiln, const Known& known, const std::string& at) {
  heading("Search mix, pages of 20, " + at, load_columns);
  const auto mix = search_mix(known);
  LoadPlan plan;
  plan.port = kiln.port;
  plan.clients = 16;
  plan.request = [&](unsigned, std::uint64_t n) {
    return bench::http_request("GET", "/fhir/" + mix[n % mix.size()] + "&_count=20");
  };
  row("24 queries", *kiln.process, plan);
  for (const auto& query : mix) {
    LoadPlan one;
    one.port = kiln.port;
    one.clients = 1;
    one.seconds = std::min(bench::row_seconds, 0.5);
    one.request = [&](unsigned, std::uint64_t) { return bench::http_request("GET", "/fhir/" + query + "&_count=20"); };
    auto shown = query;
    std::replace(shown.begin(), shown.end(), '|', '!');
    row("`" + shown + "`", *kiln.process, one);
  }
}

void state(Kiln& kiln, std::uint64_t resources) {
  std::printf(
      "\n%llu resources: resident memory %.0f MB (%.0f MB not of mapped files), on disk %.0f bytes a resource, started in %.2f "
      "s\n",
      static_cast<unsigned long long>(resources), static_cast<double>(kiln.process->resident_bytes()) / 1e6,
      static_cast<double>(kiln.process->anonymous_bytes()) / 1e6,
      static_cast<double>(bench::directory_bytes(kiln.data)) / static_cast<double>(std::max<std::uint64_t>(1, resources)),
      kiln.start_seconds);
}

void imports(const bench::Synthetic& synthetic) {
  heading("Import, offline", "| what | resources | seconds | resources/s |");
  const auto file = options.directory + "/import.ndjson";
  std::uint64_t resources = 0;
  {
    std::ofstream out(file);
    for (const auto& r : synthetic.shared()) out << r.json << '\n', ++resources;
    for (std::uint64_t p = 0; resources < 100000; ++p) {
      for (const auto& r : synthetic.patient(p)) out << r.json << '\n', ++resources;
    }
  }
  const auto data = options.directory + "/imported";
  fs::remove_all(data);
  const auto start = Clock::now();
  const auto command = fmt::format("{}/kiln import --data {} {} >{}/import.log 2>&1", build, data, file, options.directory);
  const int status = std::system(command.c_str());
  const double seconds = since(start);
  std::printf("| NDJSON | %llu | %.2f | %.0f%s |\n", static_cast<unsigned long long>(resources), seconds,
              static_cast<double>(resources) / seconds, status == 0 ? "" : " FAILED");
  std::printf("\non disk %.0f bytes a resource\n",
              static_cast<double>(bench::directory_bytes(data)) / static_cast<double>(resources));
  fs::remove(file);
  fs::remove_all(data);
}

bool wanted(const char* name) { return options.only.empty() || options.only.find(name) != std::string::npos; }

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Kiln's bench"};
  app.add_option("--directory", options.directory, "Where to work; default a new one under the build folder");
  app.add_option("--only", options.only, "disk,read,cycle,write,beside,search,import: any of them");
  app.add_option("--seconds", bench::row_seconds, "Seconds per row")->capture_default_str();
  app.add_option("--base", options.base, "Resources stored before the workloads")->capture_default_str();
  app.add_option("--grow", options.grow, "Then grow to so many resources, measuring writes and searches again");
  CLI11_PARSE(app, argc, argv);
  if (options.directory.empty()) options.directory = build + "/bench";
  fs::remove_all(options.directory + "/data");
  fs::create_directories(options.directory);
  options.directory = fs::absolute(options.directory);
  const bench::Synthetic synthetic(20260101);
  try {
    if (wanted("disk")) bench::baseline_disk(options.directory);
    if (wanted("import")) imports(synthetic);
    auto kiln = start_kiln(options.directory + "/data");
    std::printf("\nempty: started in %.2f s, resident memory %.0f MB\n", kiln.start_seconds,
                static_cast<double>(kiln.process->resident_bytes()) / 1e6);
    Known known;
    std::uint64_t patient = 0, resources = 0;
    for (const auto& resource : synthetic.shared()) {
      LoadPlan one;
      one.port = kiln.port;
      one.requests = 1;
      one.request = [&](unsigned, std::uint64_t) {
        return bench::http_request("PUT", "/fhir/" + resource.type + "/" + resource.id, resource.json);
      };
      bench::run_load(one);
      ++resources;
    }
    auto [loaded, seconds] = load_transactions(kiln, synthetic, patient, options.base, &known);
    resources += loaded;
    std::printf("\nloaded %llu resources by transactions at %.0f/s\n", static_cast<unsigned long long>(loaded),
                static_cast<double>(loaded) / seconds);
    state(kiln, resources);
    if (wanted("read")) reads(kiln, known);
    if (wanted("search")) searches(kiln, known, fmt::format("{} resources", resources));
    if (wanted("write")) writes(kiln, synthetic, fmt::format("{} resources", resources));
    if (wanted("beside")) beside(kiln, synthetic, fmt::format("{} resources", resources));
    if (wanted("cycle")) cycle(kiln, synthetic);
    for (std::uint64_t step = options.base * 10; options.grow > options.base; step *= 10) {
      step = std::min(step, options.grow);
      auto [more, took] = load_transactions(kiln, synthetic, patient, step > resources ? step - resources : 0, nullptr);
      resources += more;
      std::printf("\ngrew by %llu resources at %.0f/s\n", static_cast<unsigned long long>(more),
                  static_cast<double>(more) / took);
      state(kiln, resources);
      if (wanted("search")) searches(kiln, known, fmt::format("{} resources", resources));
      if (wanted("write")) writes(kiln, synthetic, fmt::format("{} resources", resources));
      if (step >= options.grow) break;
    }
    kiln.process->stop();
    if (options.grow != 0) {
      auto again = start_kiln(options.directory + "/data");
      std::printf("\nrestarted on %llu resources: first answer after %.2f s, resident %.0f MB\n",
                  static_cast<unsigned long long>(resources), again.start_seconds,
                  static_cast<double>(again.process->resident_bytes()) / 1e6);
    }
  } catch (const std::exception& trouble) {
    std::fprintf(stderr, "bench: %s\n", trouble.what());
    return 1;
  }
  return 0;
}
