#include "tools/serve/plan.h"

#include <fmt/format.h>
#include <sys/sysinfo.h>

#include <algorithm>
#include <bit>
#include <fstream>
#include <optional>

#include "engine/base/bytes.h"

namespace tools {
namespace {

std::optional<engine::SocketAddress> address_of(const ListenerConfig& listener) {
  return listener.enabled ? std::optional(listener.address) : std::nullopt;
}

// A group that is named is asked for, unless unicast is, too; without a name it is QuestDB's.
std::optional<engine::UdpBinding> udp_binding(const ServeConfig& config) {
  if (!config.udp.enabled) return std::nullopt;
  engine::UdpBinding binding{.address = config.udp.address, .group = {}, .receive_size = config.udp_receive_size};
  constexpr engine::SocketAddress default_group = engine::SocketAddress::v4(0xe8010203, 0);
  if (!config.udp_unicast.value_or(!config.udp_group)) binding.group = config.udp_group.value_or(default_group);
  return binding;
}

}  // namespace

MemoryPlan plan_memory(uint64_t memory, uint16_t shards) {
  constexpr uint64_t receive_buffer_size = 64 * 1024;
  constexpr uint64_t batch_size = storage::open_batch_kept_max + 2 * storage::batch_size_full;  // gathered rows, body
  const uint64_t share = memory / shards;
  return {
      .receive_buffers = static_cast<uint32_t>(std::bit_floor(std::clamp<uint64_t>(share / 16 / receive_buffer_size, 16, 256))),
      .batches_max = static_cast<uint32_t>(std::clamp<uint64_t>(share / 8 / batch_size, 16, 256)),
      .pending_size_max = static_cast<size_t>(std::clamp<uint64_t>(share / 4, uint64_t{16} << 20, uint64_t{1} << 30)),
      .logged_size_max = static_cast<size_t>(share / 16),
      .unfinished_size_max = static_cast<size_t>(share / 8)};
}

uint64_t default_memory() {
  struct sysinfo machine {};
  uint64_t memory = uint64_t{4} << 30;
  if (sysinfo(&machine) == 0) memory = uint64_t{machine.totalram} * machine.mem_unit;
  for (const char* path : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    uint64_t limit = 0;
    if (std::ifstream(path) >> limit && limit != 0) memory = std::min(memory, limit);
  }
  return memory / 4;
}

net::NodeOptions make_node_options(const ServeConfig& config, uint64_t memory, uint16_t shards) {
  const MemoryPlan plan = plan_memory(memory, shards);
  net::NodeOptions options = config.node;
  options.shards = shards;
  options.tcp = address_of(config.tcp);
  options.udp = udp_binding(config);
  options.http = address_of(config.http);
  options.ingest.connections_max =
      engine::div_ceil(config.connections_max.value_or(options.ingest.connections_max), uint64_t{shards});
  // One sender may always have its longest line; a buffer that grows by doubling is up to twice as large.
  options.ingest.unfinished_size_max = std::max(plan.unfinished_size_max, 2 * options.ingest.line_size_max);
  options.source.batches_max = plan.batches_max;
  options.owner.pending_size_max = plan.pending_size_max;
  options.owner.logged_size_max = plan.logged_size_max;
  return options;
}

absl::Status fit_files(net::NodeOptions& options, uint64_t files_max, bool connections_given) {
  constexpr uint64_t of_process = 64;  // rings, log, lock, sockets that are accepted and closed at once
  constexpr uint64_t of_shard = 64;    // WAL segments, directories, sockets that listen
  constexpr uint64_t column_files_min = 64;
  constexpr uint64_t reader_files_min = 16;  // those of queries, for each reader
  constexpr uint64_t reader_files_max = 128;
  constexpr uint64_t connections_min = 16;
  size_t& http = options.http_limits.connections_max;
  http = std::clamp<size_t>(files_max / 4, std::min<size_t>(http, 32), http);
  uint32_t& query_files = options.query_limits.files_max;
  query_files = static_cast<uint32_t>(
      std::clamp<uint64_t>(files_max / 8, reader_files_min * options.readers, reader_files_max * options.readers));
  const uint64_t shared = of_process + http + query_files;
  const uint64_t share = files_max > shared ? (files_max - shared) / options.shards : 0;
  uint32_t& column_files = options.owner.rounds.files_max;
  column_files = static_cast<uint32_t>(std::clamp<uint64_t>(share / 8, column_files_min, column_files));
  const uint64_t taken = of_shard + 2 * uint64_t{column_files};  // while one is opened, another may still be closing
  if (share < taken + connections_min) {
    return engine::resource_exhausted(fmt::format("{} shards need {} open files, the limit is {}: raise it (ulimit -n)",
                                                  options.shards, shared + options.shards * (taken + connections_min),
                                                  files_max));
  }
  size_t& connections = options.ingest.connections_max;
  if (connections_given && connections > share - taken) {
    return engine::resource_exhausted(
        fmt::format("line.tcp.net.connection.limit: {} connections need {} open files, the limit is {}: raise it (ulimit -n)",
                    connections * options.shards, shared + options.shards * (taken + connections), files_max));
  }
  connections = std::min<size_t>(connections, share - taken);
  return absl::OkStatus();
}

}  // namespace tools
