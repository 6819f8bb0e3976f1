// What `millrace serve` was told. A setting comes from its flag, else from its environment variable, else from the
// configuration file, else its default holds; tools/serve/settings.h is the table of all.
//
// Whatever is wrong with a value is one line that names where it stands (flag, variable, or file and line), the key, the value
// and what was expected. Of a repeated key the last value counts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/status.h"
#include "engine/io/backend.h"
#include "net/node/options.h"

namespace tools {

struct Setting;

// Where something listens, if it does.
struct ListenerConfig {
  bool enabled = false;
  engine::SocketAddress address;
};

struct ServeConfig {
  ListenerConfig tcp;
  ListenerConfig udp;
  std::optional<bool> udp_unicast;
  std::optional<engine::SocketAddress> udp_group;
  uint64_t udp_receive_size = 0;
  ListenerConfig http;
  std::optional<uint64_t> connections_max;  // for lines, of all shards
  std::optional<uint64_t> shards;
  std::optional<std::vector<uint32_t>> cpus;
  std::optional<uint64_t> memory;
  std::string ready_path;
  std::string auth_path;  // of the users over TCP; empty: there are none
  bool refuses_unknown_keys = false;
  net::NodeOptions node;  // what goes there as it is; plan.h fills in the rest
};

// What was named and where it went, for the first screen. Names only: a value may be a password.
struct ConfigReport {
  std::vector<std::string> taken;    // keys of the file, variables
  std::vector<std::string> ignored;  // QuestDB knows them, and here they have no meaning
  std::vector<std::string> unknown;
};

class ConfigReader {
 public:
  ConfigReader();  // all defaults

  // In this order: a later source wins. Reads `key=value` lines; '#' begins a comment line.
  absl::Status read_file(const std::string& path);
  absl::Status read_text(std::string_view text, std::string_view path);
  // Variables QDB_KEY, where KEY is the key in capitals with '_' for '.'. `variables` ends with a null pointer.
  absl::Status read_environment(const char* const* variables);
  absl::Status read_flag(const Setting& setting, std::string_view flag, std::string_view text);

  // What only all sources together show.
  absl::Status check() const;

  const ServeConfig& config() const { return config_; }
  const ConfigReport& report() const { return report_; }

 private:
  absl::Status take(std::string_view where, std::string_view name, const Setting& setting, std::string_view text);
  absl::Status take_foreign(std::string_view where, std::string_view name, std::string_view text);

  ServeConfig config_;
  ConfigReport report_;
};

}  // namespace tools
