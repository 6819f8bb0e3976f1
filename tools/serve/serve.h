// `millrace serve`: the server.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/cli/command.h"
#include "tools/serve/config.h"

namespace tools {

// The exit code after the disk failed under a write or a sync: what is acked is on disk, and the next start finds it.
inline constexpr int exit_disk_failed = 77;

class Serve final : public Command {
 public:
  void add_options(CLI::App& app) override;
  int run() override;

 private:
  absl::Status prepare();
  absl::Status check_line_size() const;
  absl::Status check_ready_path() const;

  std::string data_directory_ = "./millrace-data";
  std::optional<uint64_t> shard_count_;
  std::optional<std::vector<uint32_t>> cpus_;
  std::optional<uint64_t> memory_;
  std::string config_path_;
  std::string ready_path_;
  ServeConfig flags_;
  ServeConfig file_;
  std::vector<std::string> unknown_keys_;
  net::NodeOptions options_;
  MemoryPlan plan_;
};

std::unique_ptr<Command> make_serve_command();

}  // namespace tools
