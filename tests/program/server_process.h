// The real binary as a child process: started on a data directory with free ports, killed or stopped.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engine/io/backend.h"

namespace tests {

class ServerProcess {
 public:
  ServerProcess() = default;
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  ~ServerProcess();

  // Runs `binary serve` on `directory`/data with the further arguments and waits until it is ready. Empty, or what went wrong.
  std::string start(const std::string& binary, const std::string& directory, const std::vector<std::string>& arguments);

  void kill();
  // SIGTERM. The exit code.
  int stop();

  engine::SocketAddress tcp() const { return tcp_; }
  engine::SocketAddress http() const { return http_; }

 private:
  int wait();

  pid_t process_ = -1;
  engine::SocketAddress tcp_;
  engine::SocketAddress http_;
};

}  // namespace tests
