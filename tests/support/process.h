// Process: the built `kiln` as a child: started with arguments, its output read, waited for or killed. One thread at a time.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tests {

class Process {
 public:
  // Runs `program` with `arguments`; its standard output and standard error come together. Fails the test if it cannot start.
  Process(const std::string& program, const std::vector<std::string>& arguments);
  ~Process();  // killed if it still runs
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Reads until the output holds `text`; false if it ended first.
  bool read_until(std::string_view text);
  void signal(int number);
  // Reads to the end and waits; returns the exit status, or 1000 plus the signal that ended it.
  int wait();
  const std::string& output() const { return output_; }
  pid_t pid() const { return pid_; }

 private:
  bool read_more();

  pid_t pid_ = -1;
  int pipe_ = -1;
  std::string output_;
};

struct Ran {
  int status = 0;
  std::string output;
};
// `kiln ARGUMENTS...`, from beginning to end.
Ran kiln(const std::vector<std::string>& arguments);
std::string kiln_program();

// A kiln serve on a free port of 127.0.0.1; the constructor returns when it answers.
class Served {
 public:
  explicit Served(const std::filesystem::path& data, std::vector<std::string> more = {});
  const std::string& url() const { return url_; }  // "http://127.0.0.1:40123/fhir"
  int stop();                                      // SIGTERM; its exit status
  void kill();                                     // SIGKILL
  const std::string& output() const { return process_.output(); }
  pid_t pid() const { return process_.pid(); }

 private:
  Process process_;
  std::string url_;
};

// A new directory under the system's temporary one, removed at the end.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace tests
