#include "tests/program/server_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tools/cli/args.h"

extern char** environ;

namespace tests {
namespace {

constexpr std::chrono::seconds start_time_max{120};

// Waits until the file is there or the process has ended. The directory tells when something in it changes.
bool wait_for_file(const std::string& directory, const std::string& file, pid_t process) {
  const int watch = ::inotify_init1(IN_CLOEXEC);
  ::inotify_add_watch(watch, directory.c_str(), IN_MOVED_TO | IN_CREATE);
  const auto deadline = std::chrono::steady_clock::now() + start_time_max;
  bool found = false;
  while (!found && std::chrono::steady_clock::now() < deadline) {
    found = std::filesystem::exists(file);
    siginfo_t state{};
    if (found || (::waitid(P_PID, static_cast<id_t>(process), &state, WEXITED | WNOHANG | WNOWAIT) == 0 && state.si_pid != 0))
      break;
    pollfd ready{.fd = watch, .events = POLLIN, .revents = 0};
    constexpr int look_again_ms = 100;
    if (::poll(&ready, 1, look_again_ms) > 0) {
      std::array<char, 4096> events{};
      [[maybe_unused]] const ssize_t size = ::read(watch, events.data(), events.size());
    }
  }
  ::close(watch);
  return found;
}

}  // namespace

ServerProcess::~ServerProcess() { kill(); }

std::string ServerProcess::start(const std::string& binary, const std::string& directory,
                                 const std::vector<std::string>& arguments) {
  const std::string ready = directory + "/ready.json";
  const std::string log = directory + "/server.log";
  std::filesystem::remove(ready);
  std::vector<std::string> words = {binary,  "serve", "--data", directory + "/data", "--tcp",        "127.0.0.1:0",
                                    "--udp", "off",   "--http", "127.0.0.1:0",       "--ready-file", ready};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  const int error = ::posix_spawn(&process_, binary.c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    process_ = -1;
    return "cannot start " + binary;
  }
  if (!wait_for_file(directory, ready, process_)) {
    std::ostringstream text;
    text << std::ifstream(log).rdbuf();
    return "the server is not ready; its log: " + text.str();
  }
  const auto addresses = nlohmann::json::parse(std::ifstream(ready));
  tcp_ = *tools::parse_address(addresses.at("tcp").get<std::string>());
  http_ = *tools::parse_address(addresses.at("http").get<std::string>());
  return {};
}

int ServerProcess::wait() {
  int status = 0;
  ::waitpid(process_, &status, 0);
  process_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void ServerProcess::kill() {
  if (process_ < 0) return;
  ::kill(process_, SIGKILL);
  wait();
}

int ServerProcess::stop() {
  ::kill(process_, SIGTERM);
  return wait();
}

}  // namespace tests
