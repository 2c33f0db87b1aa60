#include "fhir/commands/options.h"

#include <CLI/CLI.hpp>

namespace commands {

Option Option::required() const {
  option_->required();
  return *this;
}

Option Option::existing_file() const {
  option_->check(CLI::ExistingFile);
  return *this;
}

Option Option::existing_directory() const {
  option_->check(CLI::ExistingDirectory);
  return *this;
}

Option Option::between(std::uint32_t least, std::uint32_t most) const {
  option_->check(CLI::Range(least, most));
  return *this;
}

Option Option::needs(Option other) const {
  option_->needs(other.option_);
  return *this;
}

Option Option::excludes(Option other) const {
  option_->excludes(other.option_);
  return *this;
}

Option Options::add(const char* name, std::string& value, const char* help) {
  return Option(app_.add_option(name, value, help)->capture_default_str());
}

Option Options::add(const char* name, std::uint16_t& value, const char* help) {
  return Option(app_.add_option(name, value, help)->capture_default_str());
}

Option Options::add(const char* name, std::uint32_t& value, const char* help) {
  return Option(app_.add_option(name, value, help)->capture_default_str());
}

Option Options::add(const char* name, std::chrono::seconds& value, const char* help) {
  const auto set = [&value](std::uint32_t given) { value = std::chrono::seconds(given); };
  return Option(app_.add_option_function<std::uint32_t>(name, set, help)->default_str(std::to_string(value.count())));
}

Option Options::add(const char* name, std::vector<std::string>& values, const char* help) {
  return Option(app_.add_option(name, values, help));
}

Option Options::flag(const char* name, bool& value, const char* help) { return Option(app_.add_flag(name, value, help)); }

Option Options::read(const char* name, Read read, const char* help) {
  const auto checked = [name, read = std::move(read)](const std::string& given) {
    if (const auto taken = read(given); !taken) throw CLI::ValidationError(name, taken.error().issues.list().at(0).diagnostics);
  };
  return Option(app_.add_option_function<std::string>(name, checked, help));
}

}  // namespace commands
