#include "tests/support/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>

namespace tests {

Process::Process(const std::string& program, const std::vector<std::string>& arguments) {
  std::vector<char*> words{const_cast<char*>(program.c_str())};
  for (const auto& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  pid_ = fork();
  if (pid_ == 0) {
    dup2(ends[1], 1);
    dup2(ends[1], 2);
    execv(program.c_str(), words.data());
    _exit(127);
  }
  close(ends[1]);
  pipe_ = ends[0];
  if (pid_ < 0) throw std::runtime_error("no process");
}

Process::~Process() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(pipe_);
}

bool Process::read_more() {
  char buffer[4096];
  ssize_t got = 0;
  do got = read(pipe_, buffer, sizeof buffer);
  while (got < 0 && errno == EINTR);
  if (got <= 0) return false;
  output_.append(buffer, static_cast<std::size_t>(got));
  return true;
}

bool Process::read_until(std::string_view text) {
  while (output_.find(text) == std::string::npos) {
    if (!read_more()) return false;
  }
  return true;
}

void Process::signal(int number) { ::kill(pid_, number); }

int Process::wait() {
  while (read_more()) {
  }
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

std::string kiln_program() { return KILN_BINARY_DIR "/kiln"; }

Ran kiln(const std::vector<std::string>& arguments) {
  Process process(kiln_program(), arguments);
  const int status = process.wait();
  return {status, process.output()};
}

namespace {

std::vector<std::string> serving(const std::filesystem::path& data, std::vector<std::string> more) {
  more.insert(more.begin(), {"serve", "--data", data.string(), "--port", "0"});
  return more;
}

}  // namespace

Served::Served(const std::filesystem::path& data, std::vector<std::string> more)
    : process_(kiln_program(), serving(data, std::move(more))) {
  if (!process_.read_until("stop:")) throw std::runtime_error("kiln serve ended: " + process_.output());
  const auto& said = process_.output();
  const auto begin = said.find("http");
  url_ = said.substr(begin, said.find(' ', begin) - begin);
}

int Served::stop() {
  process_.signal(SIGTERM);
  return process_.wait();
}

void Served::kill() {
  process_.signal(SIGKILL);
  process_.wait();
}

Scratch::Scratch() {
  std::string name = (std::filesystem::temp_directory_path() / "kiln-test-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
  path_ = name;
}

Scratch::~Scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace tests
