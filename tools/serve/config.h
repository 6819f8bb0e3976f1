// What `millrace serve` was told: flags, then the configuration file, then defaults. Keys of the file carry QuestDB's names
// where one exists; one table (serve_config.cc) says what each means.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/status.h"
#include "net/node/node.h"

namespace tools {

// Every field that a flag or a key has set; the others keep their defaults.
struct ServeConfig {
  std::optional<std::optional<engine::SocketAddress>> tcp;  // inner none: off
  std::optional<std::optional<engine::SocketAddress>> udp;
  std::optional<std::optional<engine::SocketAddress>> http;
  std::optional<uint64_t> connections_max;
  std::optional<uint64_t> line_size_max;
  std::optional<bool> disconnect_on_error;
  std::optional<bool> log_bad_lines;
  std::optional<storage::PartitionUnit> partition_unit;
  std::optional<int64_t> query_timeout_us;
  std::optional<uint64_t> wal_segment_size;
};

struct ConfigFile {
  ServeConfig config;
  std::vector<std::string> unknown_keys;  // in the order of the file
};

// Reads `key=value` lines; '#' begins a comment line. Errors name the file, the line and what was expected.
absl::StatusOr<ConfigFile> read_config_file(const std::string& path);
absl::StatusOr<ConfigFile> parse_config(std::string_view text, std::string_view path);

inline constexpr uint64_t memory_min = uint64_t{32} << 20;  // bytes, for each shard

// How `--memory` is divided, for one shard of `shards`.
struct MemoryPlan {
  uint32_t receive_buffers = 0;  // of 64 KiB; power of two
  uint32_t batches_max = 0;
  size_t pending_size_max = 0;
  size_t unfinished_size_max = 0;  // of lines that are not whole
};

MemoryPlan plan_memory(uint64_t memory, uint16_t shards);

// A quarter of the machine's memory, or of the control group's limit when that is less.
uint64_t default_memory();

// The options of the node: `flags` win over `file`.
net::NodeOptions make_node_options(const ServeConfig& flags, const ServeConfig& file, uint64_t memory, uint16_t shards);

// Makes what the server opens fit into `files_max` open files of the process: fewer column files at a time, then fewer
// connections, unless their number was given, as `connections_given` says. An error says what does not fit.
absl::Status fit_files(net::NodeOptions& options, uint64_t files_max, bool connections_given);

}  // namespace tools
