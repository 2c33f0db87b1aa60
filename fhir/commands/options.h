// The options of a command, as its own file declares them. CLI11 reads them; its header takes seconds to compile and stays in two
// files.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "resources-gen/model/result.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace commands {

// An option declared: what else must hold for it, or the command line is refused.
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}
  Option required() const;
  Option existing_file() const;
  Option existing_directory() const;
  Option between(std::uint32_t least, std::uint32_t most) const;
  Option needs(Option other) const;     // given only together with `other`
  Option excludes(Option other) const;  // never given together with `other`

 private:
  CLI::Option* option_;
};

// Names are "--like-this"; without dashes, what stands on the command line by itself. A value is set when the command line is
// read and must live until then; what it holds before is the default, which the help shows.
class Options {
 public:
  explicit Options(CLI::App& app) : app_(app) {}
  Option add(const char* name, std::string& value, const char* help);
  Option add(const char* name, std::uint16_t& value, const char* help);
  Option add(const char* name, std::uint32_t& value, const char* help);
  Option add(const char* name, std::chrono::seconds& value, const char* help);
  Option add(const char* name, std::vector<std::string>& values, const char* help);  // repeatable
  Option flag(const char* name, bool& value, const char* help);
  // `read` takes what is given, or its first issue says why not.
  using Read = std::function<model::Result<void>(const std::string& given)>;
  Option read(const char* name, Read read, const char* help);

 private:
  CLI::App& app_;
};

}  // namespace commands
