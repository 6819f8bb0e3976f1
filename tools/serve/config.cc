#include "tools/serve/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tools/cli/args.h"

namespace tools {
namespace {

absl::StatusOr<bool> parse_bool(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return engine::invalid_argument(fmt::format("'{}', expected true or false", text));
}

// As QuestDB names them for the transports, and for requests.
absl::StatusOr<engine::TimeUnit> parse_unit(std::string_view text) {
  struct Unit {
    std::string_view name;
    engine::TimeUnit unit;
  };
  constexpr std::array units = {Unit{"n", engine::TimeUnit::ns},      Unit{"ns", engine::TimeUnit::ns},
                                Unit{"u", engine::TimeUnit::us},      Unit{"us", engine::TimeUnit::us},
                                Unit{"ms", engine::TimeUnit::ms},     Unit{"s", engine::TimeUnit::seconds},
                                Unit{"m", engine::TimeUnit::minutes}, Unit{"h", engine::TimeUnit::hours}};
  const auto found = std::ranges::find(units, text, &Unit::name);
  if (found != units.end()) return found->unit;
  return engine::invalid_argument(fmt::format("'{}', expected n, u, ms, s, m or h", text));
}

template <typename T>
absl::Status set(std::optional<T>& target, absl::StatusOr<T> value) {
  if (!value.ok()) return value.status();
  target = *std::move(value);
  return absl::OkStatus();
}

struct Key {
  std::string_view name;
  absl::Status (*apply)(ServeConfig& config, std::string_view value);
};

constexpr std::array keys = {
    Key{"http.enabled", [](ServeConfig& c, std::string_view v) { return set(c.http.enabled, parse_bool(v)); }},
    Key{"http.net.bind.to", [](ServeConfig& c, std::string_view v) { return set(c.http.address, parse_address(v)); }},
    Key{"line.auto.create.new.columns",
        [](ServeConfig& c, std::string_view v) { return set(c.create_columns, parse_bool(v)); }},
    Key{"line.auto.create.new.tables", [](ServeConfig& c, std::string_view v) { return set(c.create_tables, parse_bool(v)); }},
    Key{"line.default.partition.by",
        [](ServeConfig& c, std::string_view v) { return set(c.partition_unit, storage::parse_partition_unit(v)); }},
    Key{"line.log.message.on.error", [](ServeConfig& c, std::string_view v) { return set(c.log_bad_lines, parse_bool(v)); }},
    Key{"line.tcp.disconnect.on.error",
        [](ServeConfig& c, std::string_view v) { return set(c.disconnect_on_error, parse_bool(v)); }},
    Key{"line.tcp.enabled", [](ServeConfig& c, std::string_view v) { return set(c.tcp.enabled, parse_bool(v)); }},
    Key{"line.tcp.max.recv.buffer.size",
        [](ServeConfig& c, std::string_view v) { return set(c.line_size_max, parse_size(v)); }},
    Key{"line.tcp.net.bind.to", [](ServeConfig& c, std::string_view v) { return set(c.tcp.address, parse_address(v)); }},
    Key{"line.tcp.net.connection.limit",
        [](ServeConfig& c, std::string_view v) { return set(c.connections_max, parse_count(v)); }},
    Key{"line.tcp.timestamp", [](ServeConfig& c, std::string_view v) { return set(c.tcp_timestamp_unit, parse_unit(v)); }},
    Key{"line.udp.bind.to", [](ServeConfig& c, std::string_view v) { return set(c.udp.address, parse_address(v)); }},
    Key{"line.udp.enabled", [](ServeConfig& c, std::string_view v) { return set(c.udp.enabled, parse_bool(v)); }},
    Key{"line.udp.timestamp", [](ServeConfig& c, std::string_view v) { return set(c.udp_timestamp_unit, parse_unit(v)); }},
    Key{"query.timeout", [](ServeConfig& c, std::string_view v) { return set(c.query_timeout_us, parse_duration_us(v)); }},
    Key{"wal.segment.size", [](ServeConfig& c, std::string_view v) { return set(c.wal_segment_size, parse_size(v)); }},
};

// What older releases of QuestDB called them.
struct OldName {
  std::string_view name;
  std::string_view now;
};

constexpr std::array old_names = {
    OldName{"http.bind.to", "http.net.bind.to"},
    OldName{"line.tcp.bind.to", "line.tcp.net.bind.to"},
    OldName{"line.tcp.default.partition.by", "line.default.partition.by"},
    OldName{"line.tcp.net.active.connection.limit", "line.tcp.net.connection.limit"},
};

// Keys that would change what data means, where it lies or who may send it, and whose wish is not granted.
struct RefusedKey {
  std::string_view name;      // a '*' at the end stands for anything
  std::string_view harmless;  // what may be asked for, since it is so anyway; several are separated by '|'
  std::string_view advice;
};

constexpr std::string_view no_authentication =
    "there is no authentication yet: remove the key, and let only those reach the port who may use it";
constexpr std::string_view no_tls = "there is no TLS yet: remove the key, and put a proxy in front that has it";
constexpr std::string_view no_other_type = "new columns have no other type yet: remove the key, or ask for the default";

constexpr std::array refused_keys = {
    RefusedKey{"acl.*", "false", no_authentication},
    RefusedKey{"cairo.max.file.name.length", "127", "names have at most 127 characters: remove the key"},
    RefusedKey{"cairo.root", "", "the data directory is what --data says: remove the key"},
    RefusedKey{"http.password", "", no_authentication},
    RefusedKey{"http.user", "", no_authentication},
    RefusedKey{"line.default.column.type.*", "", no_other_type},
    RefusedKey{"line.float.default.column.type", "DOUBLE|double", no_other_type},
    RefusedKey{"line.integer.default.column.type", "LONG|long", no_other_type},
    RefusedKey{"line.tcp.auth.*", "false", no_authentication},
    RefusedKey{"line.tcp.undocumented.string.to.char.cast.allowed", "false", "there is no CHAR yet: remove the key"},
    RefusedKey{"line.timestamp.default.column.type", "TIMESTAMP|timestamp", no_other_type},
    RefusedKey{"line.udp.join", "", "multicast is not there yet: remove the key, and send to line.udp.bind.to"},
    RefusedKey{"line.udp.unicast", "true", "multicast is not there yet: remove the key, and send to line.udp.bind.to"},
    RefusedKey{"line.use.legacy.string.default", "false", no_other_type},
    RefusedKey{"readonly", "false",
               "a server that takes no rows is not there yet: switch line.tcp.enabled and "
               "line.udp.enabled off instead"},
    RefusedKey{"*tls.*", "false", no_tls},
};

bool matches(std::string_view pattern, std::string_view name) {
  if (pattern.starts_with('*'))
    return fmt::format(".{}", name).find(fmt::format(".{}", pattern.substr(1, pattern.size() - 2))) != std::string::npos;
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  return name == pattern;
}

// An empty value asks for nothing.
bool is_harmless(const RefusedKey& key, std::string_view value) {
  return value.empty() || fmt::format("|{}|", key.harmless).find(fmt::format("|{}|", value)) != std::string::npos;
}

// ok and false: the key is none that is known.
absl::StatusOr<bool> apply_key(ServeConfig& config, std::string_view name, std::string_view value) {
  const auto old = std::ranges::find(old_names, name, &OldName::name);
  const auto key = std::ranges::find(keys, old == old_names.end() ? name : old->now, &Key::name);
  if (key != keys.end()) {
    RETURN_IF_ERROR(key->apply(config, value));
    return true;
  }
  const bool is_of_postgres = name.starts_with("pg.");  // nothing listens that it could guard
  const auto refused = std::ranges::find_if(refused_keys, [&](const RefusedKey& each) { return matches(each.name, name); });
  if (refused == refused_keys.end() || is_of_postgres) return false;
  if (is_harmless(*refused, value)) return true;
  return engine::invalid_argument(std::string(refused->advice));
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// The front of `text` up to a line feed, which both are taken off.
std::string_view take_line(std::string_view& text) {
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

}  // namespace

absl::StatusOr<ListenerConfig> parse_listener(std::string_view text) {
  ASSIGN_OR_RETURN(const std::optional<engine::SocketAddress> address, parse_address_or_off(text));
  return ListenerConfig{.enabled = address.has_value(), .address = address};
}

absl::StatusOr<ConfigFile> parse_config(std::string_view text, std::string_view path) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  ConfigFile file;
  for (size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = trim(take_line(text));
    if (line.empty() || line.front() == '#') continue;
    const std::string where = std::string(path) + ":" + std::to_string(number) + ": ";
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos) {
      return engine::invalid_argument(fmt::format("{}'{}', expected key=value", where, line));
    }
    const std::string name(trim(line.substr(0, equals)));
    const absl::StatusOr<bool> is_known = apply_key(file.config, name, trim(line.substr(equals + 1)));
    if (!is_known.ok()) {
      return engine::invalid_argument(where + name + ": " + std::string(engine::message_of(is_known.status())));
    }
    if (!*is_known && std::ranges::find(file.unknown_keys, name) == file.unknown_keys.end()) file.unknown_keys.push_back(name);
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

}  // namespace tools
