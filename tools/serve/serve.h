// `millrace serve`: the server.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/uring/features.h"
#include "net/node/node.h"
#include "tools/cli/command.h"
#include "tools/serve/config.h"
#include "tools/serve/plan.h"

namespace tools {

// The exit code after the disk failed under a write or a sync: what is acked is on disk, and the next start finds it.
inline constexpr int exit_disk_failed = 77;

// A start that does not get through recovery has changed nothing that was acked. Damaged: what stands in the files is not what
// was written. The other: the log cannot be replayed, the files are those of a newer release, cannot be read, have no room.
inline constexpr int exit_data_damaged = 65;
inline constexpr int exit_not_recovered = 66;

class Serve final : public Command {
 public:
  void add_options(CLI::App& app) override;
  int run() override;

 private:
  int serve();
  absl::Status prepare();
  absl::Status read_config();
  absl::Status place_shards();
  absl::Status read_users();
  absl::Status check_credentials() const;
  absl::Status check_log_size() const;
  absl::Status check_line_size() const;
  absl::Status check_ready_path() const;
  absl::Status wait_for_addresses() const;
  std::string banner(const net::Node& node, std::vector<engine::UringFeature> features) const;

  struct FlagText {
    const Setting* setting;
    std::string flag;
    std::string text;
  };

  std::string data_directory_ = "./millrace-data";
  std::string root_;  // of QuestDB's layout, with conf/ and db/; empty: the data directory alone
  std::string config_path_;
  std::vector<FlagText> flags_;
  ConfigReader reader_;
  std::vector<uint32_t> cpus_;  // of each shard
  uint64_t memory_ = 0;
  net::NodeOptions options_;
  MemoryPlan plan_;
};

std::unique_ptr<Command> make_serve_command();

}  // namespace tools
