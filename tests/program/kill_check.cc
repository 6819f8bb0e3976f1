// Sends rows to the real server on several connections, kills it with SIGKILL at random moments, starts it again, and holds the
// rows on disk against what was sent and what connections() had called durable. Ends with one line and exit code 0 or 1.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>  // whole: App.hpp alone leaves vtables to somebody else
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/prng.h"
#include "engine/io/socket_name.h"
#include "engine/uring/backend.h"
#include "tests/program/kill_rows.h"
#include "tests/program/server_process.h"
#include "tools/cli/http_client.h"
#include "tools/load/ledger.h"

namespace tests {
namespace {

struct CheckOptions {
  std::string binary;
  std::string directory;
  uint64_t rows = 1'000'000;
  uint32_t kills = 20;
  uint32_t connections = 8;
  uint32_t shards = 2;
  uint32_t other_shards = 3;  // of one start in the middle
  uint64_t seed = 1;
};

// One connection that never waits: it sends as much as the socket takes.
class RowSender {
 public:
  RowSender(const KillRowsOptions& options, uint32_t sender, SentRows& rows)
      : options_(options), sender_(sender), rows_(rows) {}
  RowSender(const RowSender&) = delete;
  RowSender& operator=(const RowSender&) = delete;
  ~RowSender() {
    if (socket_ >= 0) ::close(socket_);
  }

  bool connect(engine::SocketAddress server) {
    const engine::SocketName name = engine::to_socket_name(server);
    socket_ = ::socket(name.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(socket_, name.get(), name.size) != 0) return false;
    address_ = engine::local_address(socket_).value_or(engine::SocketAddress{});
    return ::fcntl(socket_, F_SETFL, O_NONBLOCK) == 0;
  }

  // False when the connection is gone.
  bool send() {
    constexpr uint64_t rows_at_once = 1000;
    if (sent_ == lines_.size()) {
      lines_.clear();
      sent_ = 0;
      for (uint64_t i = 0; i < rows_at_once; ++i) append_line(options_, make_row_id(sender_, rows_.sent + i), lines_);
      rows_.sent += rows_at_once;
    }
    const ssize_t size = ::send(socket_, lines_.data() + sent_, lines_.size() - sent_, MSG_NOSIGNAL);
    if (size < 0) return errno == EAGAIN;
    sent_ += static_cast<size_t>(size);
    return true;
  }

  engine::SocketAddress address() const { return address_; }
  int socket() const { return socket_; }
  SentRows& rows() { return rows_; }

 private:
  const KillRowsOptions& options_;
  uint32_t sender_;
  SentRows& rows_;
  int socket_ = -1;
  engine::SocketAddress address_;
  std::string lines_;
  size_t sent_ = 0;
};

class KillCheck {
 public:
  explicit KillCheck(const CheckOptions& options) : options_(options), prng_(options.seed) {
    senders_.reserve(size_t{options.kills + 1} * options.connections);
  }

  std::string run() {
    std::printf("seed %llu\n", static_cast<unsigned long long>(options_.seed));
    for (uint32_t life = 0; life <= options_.kills; ++life) {
      const uint32_t shards = life == options_.kills / 2 ? options_.other_shards : options_.shards;
      if (std::string problem = server_.start(options_.binary, options_.directory, {"--shards", std::to_string(shards)});
          !problem.empty()) {
        return problem;
      }
      if (std::string problem = check(life); !problem.empty()) return problem;
      if (life < options_.kills) {
        if (std::string problem = live(); !problem.empty()) return problem;
      }
    }
    const int code = server_.stop();
    if (code != 0) return fmt::format("the server ended with exit code {} after SIGTERM", code);
    return check(options_.kills + 1);
  }

  uint64_t rows_found() const { return rows_found_; }

 private:
  // Sends until it is time to kill.
  std::string live() {
    std::vector<std::unique_ptr<RowSender>> connections;
    std::vector<engine::SocketAddress> addresses;
    for (uint32_t i = 0; i < options_.connections; ++i) {
      senders_.emplace_back();
      connections.push_back(std::make_unique<RowSender>(rows_, static_cast<uint32_t>(senders_.size() - 1), senders_.back()));
      if (!connections.back()->connect(server_.tcp())) return "cannot connect";
      addresses.push_back(connections.back()->address());
    }
    tools::HttpClient http(server_.http());
    const uint64_t mean = options_.rows / options_.kills;
    const uint64_t target = prng_.between(mean / 4, mean + 3 * mean / 4);
    uint64_t sent_before = 0;
    while (true) {
      uint64_t sent = 0;
      if (!send_round(connections)) return "the server closed a connection";
      for (const auto& connection : connections) sent += connection->rows().sent;
      constexpr uint64_t rows_between_looks = 50'000;
      const bool is_over = sent >= target;
      if (!is_over && sent < sent_before + rows_between_looks) continue;
      sent_before = sent;
      const auto ledger = tools::read_connections_of(http, addresses);
      if (!ledger.ok()) return std::string(engine::message_of(ledger.status()));
      for (size_t i = 0; i < connections.size(); ++i) {
        const tools::ConnectionLedger& row = (*ledger)[i];
        if (row.rows_rejected != 0) return "a good row was rejected";
        if (row.rows_received != row.rows_durable + row.rows_rejected + row.rows_pending) return "the ledger does not balance";
        connections[i]->rows().durable = row.rows_durable;
      }
      if (is_over) break;
    }
    server_.kill();
    return {};
  }

  static bool send_round(const std::vector<std::unique_ptr<RowSender>>& connections) {
    std::vector<pollfd> ready;
    for (const auto& connection : connections) ready.push_back({.fd = connection->socket(), .events = POLLOUT, .revents = 0});
    constexpr int wait_ms = 10;
    ::poll(ready.data(), ready.size(), wait_ms);
    for (size_t i = 0; i < ready.size(); ++i) {
      if ((ready[i].revents & (POLLERR | POLLHUP)) != 0) return false;
      if ((ready[i].revents & POLLOUT) != 0 && !connections[i]->send()) return false;
    }
    return true;
  }

  std::string check(uint32_t life) {
    if (life == 0) return {};
    const auto backend = engine::UringBackend::create({.data_directory = options_.directory + "/data"});
    if (!backend.ok()) return std::string(engine::message_of(backend.status()));
    const CheckResult result = check_rows(rows_, **backend, senders_);
    uint64_t sent = 0;
    uint64_t durable = 0;
    for (const SentRows& sender : senders_) {
      sent += sender.sent;
      durable += sender.durable;
    }
    rows_found_ = result.rows;
    std::printf("start %2u: %9llu rows sent, %9llu called durable, %9llu found in %llu tables  %s\n", life,
                static_cast<unsigned long long>(sent), static_cast<unsigned long long>(durable),
                static_cast<unsigned long long>(result.rows), static_cast<unsigned long long>(result.tables),
                result.problem.empty() ? "equal" : result.problem.c_str());
    std::fflush(stdout);
    return result.problem;
  }

  CheckOptions options_;
  KillRowsOptions rows_;
  engine::Prng prng_;
  ServerProcess server_;
  std::vector<SentRows> senders_;  // never reallocated: senders refer to their rows
  uint64_t rows_found_ = 0;
};

}  // namespace
}  // namespace tests

int main(int argc, char** argv) {
  tests::CheckOptions options;
  CLI::App app("Kills a millrace server again and again and looks for lost, repeated and wrong rows");
  app.add_option("--binary", options.binary, "the millrace binary")->required();
  app.add_option("--directory", options.directory, "an empty directory")->required();
  app.add_option("--rows", options.rows, "rows to send, about");
  app.add_option("--kills", options.kills, "kills");
  app.add_option("--connections", options.connections, "connections of each life");
  app.add_option("--shards", options.shards, "shards of the server");
  app.add_option("--other-shards", options.other_shards, "shards of one start in the middle");
  app.add_option("--seed", options.seed, "decides the moments of the kills");
  CLI11_PARSE(app, argc, argv);
  tests::KillCheck check(options);
  const std::string problem = check.run();
  std::printf("%s\n", problem.empty() ? "no row lost, none twice, all cells equal" : problem.c_str());
  return problem.empty() ? 0 : 1;
}
