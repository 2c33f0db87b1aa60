#include "fhir/http/access_log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "resources-gen/formats/json.h"
#include "resources-gen/model/temporal.h"

namespace http {
namespace {

// Names of the query's parameters, values left out: "name,birthdate".
std::string parameter_names(std::string_view query) {
  std::string out;
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto pair = query.substr(0, end);
    const auto name = pair.substr(0, pair.find('='));
    if (!name.empty()) {
      if (!out.empty()) out += ',';
      out += name;
    }
    if (end == std::string_view::npos) break;
    query.remove_prefix(end + 1);
  }
  return out;
}

// A crash may leave half a line at the file's end: end it, so that the next one stands by itself.
void end_torn_line(const std::string& file) {
  std::error_code none;
  if (!std::filesystem::is_regular_file(file, none)) return;
  std::ifstream in(file, std::ios::binary);
  in.seekg(-1, std::ios::end);
  char last = '\n';
  if (in.get(last) && last != '\n') std::ofstream(file, std::ios::app | std::ios::binary) << '\n';
}

class SpdlogAccessLog : public AccessLog {
 public:
  explicit SpdlogAccessLog(std::shared_ptr<spdlog::logger> logger) : logger_(std::move(logger)) { logger_->set_pattern("%v"); }
  ~SpdlogAccessLog() override { logger_->flush(); }

  void write(const AccessRecord& record) override {
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch());
    const auto question = record.target.find('?');
    std::string line = "{\"time\":\"" + model::instant_text(now.count()) + "\",\"client\":";
    formats::append_string(line, record.client);
    line += ",\"method\":";
    formats::append_string(line, record.method);
    line += ",\"path\":";
    formats::append_string(line, record.target.substr(0, question));
    if (question != std::string_view::npos) {
      line += ",\"parameters\":";
      formats::append_string(line, parameter_names(record.target.substr(question + 1)));
    }
    line += ",\"interaction\":";
    formats::append_string(line, record.interaction);
    if (!record.request_id.empty()) {
      line += ",\"requestId\":";
      formats::append_string(line, record.request_id);
    }
    if (!record.correlation_id.empty()) {
      line += ",\"correlationId\":";
      formats::append_string(line, record.correlation_id);
    }
    line += fmt::format(",\"status\":{},\"requestBytes\":{},\"responseBytes\":{},\"microseconds\":{}}}", record.status,
                        record.request_bytes, record.response_bytes, record.microseconds);
    logger_->info(line);
  }
  void flush() override { logger_->flush(); }

 private:
  std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace

model::Result<std::unique_ptr<AccessLog>> AccessLog::open(const std::string& file) {
  try {
    spdlog::sink_ptr sink;
    if (file == "-") {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      end_torn_line(file);
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(file);
    }
    return std::unique_ptr<AccessLog>(std::make_unique<SpdlogAccessLog>(std::make_shared<spdlog::logger>("access", sink)));
  } catch (const spdlog::spdlog_ex& trouble) {
    return model::failure(model::FailureKind::internal, model::IssueCode::exception,
                          "The access log '" + file + "' cannot be opened: " + trouble.what());
  }
}

}  // namespace http
