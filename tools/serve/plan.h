// What the node gets of what the machine has: memory and open files are divided here, and nowhere else.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/base/status.h"
#include "net/node/options.h"
#include "tools/serve/config.h"

namespace tools {

inline constexpr uint64_t memory_min = uint64_t{32} << 20;  // bytes, for each shard

// How `--memory` is divided, for one shard of `shards`.
struct MemoryPlan {
  uint32_t receive_buffers = 0;  // of 64 KiB; power of two
  uint32_t batches_max = 0;
  size_t pending_size_max = 0;
  size_t logged_size_max = 0;
  size_t unfinished_size_max = 0;  // of lines that are not whole
};

MemoryPlan plan_memory(uint64_t memory, uint16_t shards);

// A quarter of the machine's memory, or of the control group's limit when that is less.
uint64_t default_memory();

// The options of the node: what was configured, and its parts of the memory.
net::NodeOptions make_node_options(const ServeConfig& config, uint64_t memory, uint16_t shards);

// Makes what the server opens fit into `files_max` open files of the process. HTTP connections, queries, column files that are
// written and connections for lines have each their part, so that none of them can take the others': with few files there are
// fewer of all, but not of connections for lines when their number was given, as `connections_given` says. An error says what
// does not fit.
absl::Status fit_files(net::NodeOptions& options, uint64_t files_max, bool connections_given);

}  // namespace tools
