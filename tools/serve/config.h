// What `millrace serve` was told: flags, then the configuration file, then defaults. Keys of the file carry QuestDB's names
// where one exists, older names of the same keys included; tables in config.cc say what each means.
//
// Three kinds of keys: those that are served; those that would change what data means or guard it and are not served, which
// end the start unless their value asks for what happens anyway; and all others, which tune something that is not here, and
// are named at start. Of a repeated key the last value counts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/status.h"
#include "engine/io/backend.h"
#include "net/line/timestamp.h"
#include "storage/schema/schema.h"

namespace tools {

// Where something listens, if at all.
struct ListenerConfig {
  std::optional<bool> enabled;
  std::optional<engine::SocketAddress> address;
};

// Every field that a flag or a key has set; the others keep their defaults.
struct ServeConfig {
  ListenerConfig tcp;
  ListenerConfig udp;
  ListenerConfig http;
  std::optional<uint64_t> connections_max;
  std::optional<uint64_t> line_size_max;
  std::optional<bool> disconnect_on_error;
  std::optional<bool> log_bad_lines;
  std::optional<bool> create_tables;
  std::optional<bool> create_columns;
  std::optional<engine::TimeUnit> tcp_timestamp_unit;
  std::optional<engine::TimeUnit> udp_timestamp_unit;
  std::optional<storage::PartitionUnit> partition_unit;
  std::optional<int64_t> query_timeout_us;
  std::optional<uint64_t> wal_segment_size;
};

struct ConfigFile {
  ServeConfig config;
  std::vector<std::string> unknown_keys;  // in the order of the file
};

// HOST:PORT switches the listener on, `off` switches it off.
absl::StatusOr<ListenerConfig> parse_listener(std::string_view text);

// Reads `key=value` lines; '#' begins a comment line. Errors name the file, the line, the key and what was expected.
absl::StatusOr<ConfigFile> read_config_file(const std::string& path);
absl::StatusOr<ConfigFile> parse_config(std::string_view text, std::string_view path);

}  // namespace tools
