#include "tools/serve/config.h"

#include <fmt/format.h>
#include <sys/sysinfo.h>

#include <algorithm>
#include <array>
#include <bit>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "engine/base/bytes.h"
#include "net/http/server.h"
#include "tools/cli/args.h"

namespace tools {
namespace {

constexpr engine::SocketAddress loopback(uint16_t port) { return {.ipv4 = 0x7f000001, .port = port}; }

absl::StatusOr<bool> parse_bool(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return engine::invalid_argument("'" + std::string(text) + "', expected true or false");
}

template <typename T>
absl::Status set(std::optional<T>& target, absl::StatusOr<T> value) {
  if (!value.ok()) return value.status();
  target = *std::move(value);
  return absl::OkStatus();
}

// false switches a listener off; true leaves its address to the other key.
absl::Status set_enabled(std::optional<std::optional<engine::SocketAddress>>& target, std::string_view text) {
  ASSIGN_OR_RETURN(const bool enabled, parse_bool(text));
  if (!enabled) target.emplace(std::nullopt);
  return absl::OkStatus();
}

absl::Status set_address(std::optional<std::optional<engine::SocketAddress>>& target, std::string_view text) {
  if (target && !*target) return absl::OkStatus();  // switched off by the key before
  ASSIGN_OR_RETURN(const engine::SocketAddress address, parse_address(text));
  target.emplace(address);
  return absl::OkStatus();
}

struct Key {
  std::string_view name;
  absl::Status (*apply)(ServeConfig& config, std::string_view value);
};

constexpr std::array keys = {
    Key{"http.enabled", [](ServeConfig& c, std::string_view v) { return set_enabled(c.http, v); }},
    Key{"http.net.bind.to", [](ServeConfig& c, std::string_view v) { return set_address(c.http, v); }},
    Key{"line.default.partition.by",
        [](ServeConfig& c, std::string_view v) { return set(c.partition_unit, storage::parse_partition_unit(v)); }},
    Key{"line.log.message.on.error", [](ServeConfig& c, std::string_view v) { return set(c.log_bad_lines, parse_bool(v)); }},
    Key{"line.tcp.disconnect.on.error",
        [](ServeConfig& c, std::string_view v) { return set(c.disconnect_on_error, parse_bool(v)); }},
    Key{"line.tcp.enabled", [](ServeConfig& c, std::string_view v) { return set_enabled(c.tcp, v); }},
    Key{"line.tcp.max.recv.buffer.size",
        [](ServeConfig& c, std::string_view v) { return set(c.line_size_max, parse_size(v)); }},
    Key{"line.tcp.net.bind.to", [](ServeConfig& c, std::string_view v) { return set_address(c.tcp, v); }},
    Key{"line.tcp.net.connection.limit",
        [](ServeConfig& c, std::string_view v) { return set(c.connections_max, parse_count(v)); }},
    Key{"line.udp.bind.to", [](ServeConfig& c, std::string_view v) { return set_address(c.udp, v); }},
    Key{"line.udp.enabled", [](ServeConfig& c, std::string_view v) { return set_enabled(c.udp, v); }},
    Key{"query.timeout", [](ServeConfig& c, std::string_view v) { return set(c.query_timeout_us, parse_duration_us(v)); }},
    Key{"wal.segment.size", [](ServeConfig& c, std::string_view v) { return set(c.wal_segment_size, parse_size(v)); }},
};

std::string_view trim(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// The field as the flag, else the file, else the default has it.
template <typename T>
T pick(const std::optional<T>& flag, const std::optional<T>& file, T otherwise) {
  return flag ? *flag : file.value_or(otherwise);
}

}  // namespace

absl::StatusOr<ConfigFile> parse_config(std::string_view text, std::string_view path) {
  ConfigFile file;
  for (size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = trim(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(text.size(), text.find('\n') == std::string_view::npos ? text.size() : text.find('\n') + 1));
    if (line.empty() || line.front() == '#') continue;
    const std::string where = std::string(path) + ":" + std::to_string(number) + ": ";
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos) {
      return engine::invalid_argument(where + "'" + std::string(line) + "', expected key=value");
    }
    const std::string_view name = trim(line.substr(0, equals));
    const auto key = std::ranges::find(keys, name, &Key::name);
    if (key == keys.end()) {
      file.unknown_keys.emplace_back(name);
      continue;
    }
    const absl::Status status = key->apply(file.config, trim(line.substr(equals + 1)));
    if (!status.ok()) {
      return engine::invalid_argument(where + std::string(name) + ": " + std::string(engine::message_of(status)));
    }
  }
  return file;
}

absl::StatusOr<ConfigFile> read_config_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream || std::filesystem::is_directory(path)) return engine::not_found("cannot read the configuration file " + path);
  std::ostringstream text;
  text << stream.rdbuf();
  return parse_config(text.str(), path);
}

MemoryPlan plan_memory(uint64_t memory, uint16_t shards) {
  constexpr uint64_t receive_buffer_size = 64 * 1024;
  constexpr uint64_t batch_size = 3 * storage::batch_size_full;  // gathered rows, sealed body, symbols
  const uint64_t share = memory / shards;
  return {
      .receive_buffers = static_cast<uint32_t>(std::bit_floor(std::clamp<uint64_t>(share / 16 / receive_buffer_size, 16, 256))),
      .batches_max = static_cast<uint32_t>(std::clamp<uint64_t>(share / 8 / batch_size, 16, 256)),
      .pending_size_max = static_cast<size_t>(std::clamp<uint64_t>(share / 4, uint64_t{16} << 20, uint64_t{1} << 30)),
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

net::NodeOptions make_node_options(const ServeConfig& flags, const ServeConfig& file, uint64_t memory, uint16_t shards) {
  const MemoryPlan plan = plan_memory(memory, shards);
  net::NodeOptions options;
  options.shards = shards;
  options.tcp = pick(flags.tcp, file.tcp, std::optional(loopback(9009)));
  options.udp = pick(flags.udp, file.udp, std::optional(loopback(9009)));
  options.http = pick(flags.http, file.http, std::optional(loopback(9000)));
  const uint64_t connections = pick<uint64_t>(flags.connections_max, file.connections_max, options.ingest.connections_max);
  options.ingest.connections_max = engine::div_ceil(connections, shards);
  options.ingest.disconnect_on_error = pick(flags.disconnect_on_error, file.disconnect_on_error, false);
  options.ingest.log_bad_lines = pick(flags.log_bad_lines, file.log_bad_lines, true);
  options.ingest.line_size_max = pick<uint64_t>(flags.line_size_max, file.line_size_max, options.ingest.line_size_max);
  options.ingest.partition_unit = pick(flags.partition_unit, file.partition_unit, storage::PartitionUnit::day);
  // One sender may always have its longest line; a buffer that grows by doubling is up to twice as large.
  options.ingest.unfinished_size_max = std::max(plan.unfinished_size_max, 2 * options.ingest.line_size_max);
  options.source.batches_max = plan.batches_max;
  options.owner.pending_size_max = plan.pending_size_max;
  if (const auto timeout = flags.query_timeout_us ? flags.query_timeout_us : file.query_timeout_us) {
    constexpr int64_t year_us = int64_t{366} * 86'400'000'000;
    options.query_limits.duration_max = engine::microseconds(std::min(*timeout, year_us));
  }
  options.owner.wal.segment_size =
      pick<uint64_t>(flags.wal_segment_size, file.wal_segment_size, options.owner.wal.segment_size);
  return options;
}

absl::Status fit_files(net::NodeOptions& options, uint64_t files_max, bool connections_given) {
  const uint64_t shared = options.http_limits.connections_max + 64;  // rings, log, lock, queries
  constexpr uint64_t of_shard = 64;                                  // WAL segments, directories, sockets that listen
  constexpr uint64_t column_files_min = 64;
  constexpr uint64_t connections_min = 16;
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
