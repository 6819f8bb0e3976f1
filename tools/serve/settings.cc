#include "tools/serve/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace tools {
namespace {

using enum SettingKind;
using Config = ServeConfig;
using Value = SettingValue;

void set_listener(ListenerConfig& listener, const Value& value) {
  listener.enabled = value.is_on;
  if (value.is_on) listener.address = value.address;
}

constexpr std::array table = {
    Setting{.key = "cairo.legacy.string.column.type.default",
            .kind = boolean,
            .otherwise = "false",
            .help = "Columns that lines make for texts are of type STRING, not VARCHAR",
            .set =
                [](Config& c, Value& v) {
                  c.node.ingest.default_types.string = v.is_on ? storage::ColumnType::string : storage::ColumnType::varchar;
                }},
    Setting{.key = "config.validation.strict",
            .kind = boolean,
            .otherwise = "false",
            .help = "Unknown keys end the start",
            .set = [](Config& c, Value& v) { c.refuses_unknown_keys = v.is_on; }},
    Setting{.key = "cpus",
            .kind = cpus,
            .help = "CPUs to pin the shards to, such as 0-3 or 0,2 (default: all allowed)",
            .set = [](Config& c, Value& v) { c.cpus = std::move(v.cpus); }},
    Setting{.key = "http.enabled",
            .kind = boolean,
            .otherwise = "true",
            .help = "Listen for HTTP",
            .set = [](Config& c, Value& v) { c.http.enabled = v.is_on; }},
    Setting{.flag = "--http",
            .kind = listener,
            .help = "HOST:PORT for HTTP, or off (default: 0.0.0.0:9000)",
            .set = [](Config& c, Value& v) { set_listener(c.http, v); }},
    Setting{.key = "http.net.bind.to",
            .kind = address,
            .otherwise = "0.0.0.0:9000",
            .help = "HOST:PORT for HTTP",
            .set = [](Config& c, Value& v) { c.http.address = v.address; }},
    Setting{.key = "http.net.connection.limit",
            .kind = count,
            .otherwise = "256",
            .help = "Connections over HTTP",
            .set = [](Config& c, Value& v) { c.node.http_limits.connections_max = v.number; }},
    Setting{.key = "http.net.connection.timeout",
            .kind = timeout,
            .number_min = 1,
            .otherwise = "60s",
            .help = "An HTTP connection that is idle for so long is closed",
            .set = [](Config& c, Value& v) { c.node.http_limits.idle_time_max = v.time; }},
    Setting{.key = "http.password",
            .kind = text,
            .help = "Of http.user",
            .set = [](Config& c, Value& v) { c.node.http_limits.password = std::move(v.text); }},
    Setting{.key = "http.user",
            .kind = text,
            .help = "Who may use HTTP, by HTTP Basic (default: whoever connects)",
            .set = [](Config& c, Value& v) { c.node.http_limits.user = std::move(v.text); }},
    Setting{.key = "line.auto.create.new.columns",
            .kind = boolean,
            .otherwise = "true",
            .help = "Lines make columns",
            .set = [](Config& c, Value& v) { c.node.ingest.create_columns = v.is_on; }},
    Setting{.key = "line.auto.create.new.tables",
            .kind = boolean,
            .otherwise = "true",
            .help = "Lines make tables",
            .set = [](Config& c, Value& v) { c.node.ingest.create_tables = v.is_on; }},
    Setting{.key = "line.default.partition.by",
            .kind = partition_unit,
            .otherwise = "DAY",
            .help = "Of new tables: NONE, HOUR, DAY, WEEK, MONTH, YEAR",
            .set = [](Config& c, Value& v) { c.node.ingest.partition_unit = v.partition_unit; }},
    Setting{.key = "line.float.default.column.type",
            .kind = real_type,
            .otherwise = "DOUBLE",
            .help = "Of columns that lines make for numbers with a point: DOUBLE, FLOAT",
            .set = [](Config& c, Value& v) { c.node.ingest.default_types.real = v.type; }},
    Setting{.key = "line.http.enabled",
            .kind = boolean,
            .otherwise = "true",
            .help = "Take lines over HTTP",
            .set = [](Config& c, Value& v) { c.node.http_limits.takes_lines = v.is_on; }},
    Setting{.key = "line.http.max.recv.buffer.size",
            .kind = size,
            .number_min = 64,
            .otherwise = "16M",
            .help = "The longest line over HTTP",
            .set = [](Config& c, Value& v) { c.node.http_limits.line_size_max = v.number; }},
    Setting{.key = "line.http.ping.version",
            .kind = text,
            .otherwise = "v2.7.4",
            .help = "What /ping says in X-Influxdb-Version",
            .set = [](Config& c, Value& v) { c.node.http_limits.ping_version = std::move(v.text); }},
    Setting{.key = "line.integer.default.column.type",
            .kind = integer_type,
            .otherwise = "LONG",
            .help = "Of columns that lines make for integers: LONG, INT, SHORT, BYTE",
            .set = [](Config& c, Value& v) { c.node.ingest.default_types.integer = v.type; }},
    Setting{.key = "line.log.message.on.error",
            .kind = boolean,
            .otherwise = "true",
            .help = "Bad lines are logged",
            .set = [](Config& c, Value& v) { c.node.ingest.log_bad_lines = v.is_on; }},
    Setting{.key = "line.tcp.auth.db.path",
            .kind = text,
            .help = "File of the users who may send over TCP, from the root or data directory (default: whoever connects)",
            .set = [](Config& c, Value& v) { c.auth_path = std::move(v.text); }},
    Setting{.key = "line.tcp.disconnect.on.error",
            .kind = boolean,
            .otherwise = "false",
            .help = "A bad line closes its connection",
            .set = [](Config& c, Value& v) { c.node.ingest.disconnect_on_error = v.is_on; }},
    Setting{.key = "line.tcp.enabled",
            .kind = boolean,
            .otherwise = "true",
            .help = "Listen for lines over TCP",
            .set = [](Config& c, Value& v) { c.tcp.enabled = v.is_on; }},
    Setting{.flag = "--tcp",
            .kind = listener,
            .help = "HOST:PORT for lines over TCP, or off (default: 0.0.0.0:9009)",
            .set = [](Config& c, Value& v) { set_listener(c.tcp, v); }},
    Setting{.key = "line.tcp.max.recv.buffer.size",
            .kind = size,
            .number_min = 64,
            .otherwise = "16M",
            .help = "The longest line, also over UDP",
            .set = [](Config& c, Value& v) { c.node.ingest.line_size_max = v.number; }},
    Setting{.key = "line.tcp.net.bind.to",
            .kind = address,
            .otherwise = "0.0.0.0:9009",
            .help = "HOST:PORT for lines over TCP",
            .set = [](Config& c, Value& v) { c.tcp.address = v.address; }},
    Setting{.key = "line.tcp.net.connection.limit",
            .kind = count,
            .help = "Connections for lines, of all shards (default: 10000, or what the limit of open files allows)",
            .set = [](Config& c, Value& v) { c.connections_max = v.number; }},
    Setting{.key = "line.tcp.net.connection.timeout",
            .kind = timeout,
            .otherwise = "0",
            .help = "A connection for lines that is idle for so long is closed; 0: none",
            .set = [](Config& c, Value& v) { c.node.ingest.idle_time_max = v.time; }},
    Setting{.key = "line.tcp.timestamp",
            .kind = time_unit,
            .otherwise = "n",
            .help = "Unit of timestamps without a suffix over TCP: n, u, ms, s, m, h",
            .set = [](Config& c, Value& v) { c.node.ingest.tcp_timestamp_unit = v.time_unit; }},
    Setting{.key = "line.timestamp.default.column.type",
            .kind = timestamp_type,
            .otherwise = "TIMESTAMP",
            .help = "Of the designated column of a table whose first line has no time: TIMESTAMP, TIMESTAMP_NS",
            .set = [](Config& c, Value& v) { c.node.ingest.default_types.timestamp = v.type; }},
    Setting{.key = "line.udp.bind.to",
            .kind = address,
            .otherwise = "0.0.0.0:9009",
            .help = "HOST:PORT for lines over UDP",
            .set = [](Config& c, Value& v) { c.udp.address = v.address; }},
    Setting{.key = "line.udp.enabled",
            .kind = boolean,
            .otherwise = "true",
            .help = "Listen for lines over UDP",
            .set = [](Config& c, Value& v) { c.udp.enabled = v.is_on; }},
    Setting{
        .key = "line.udp.join",
        .kind = group,
        .help = "The multicast group that UDP lines come from (default: none, or 232.1.2.3 where line.udp.unicast is false)",
        .set = [](Config& c, Value& v) { c.udp_group = v.address; }},
    Setting{.key = "line.udp.receive.buffer.size",
            .kind = size,
            .otherwise = "64M",
            .help = "Datagrams that wait in the kernel, of each socket, as far as the system allows",
            .set = [](Config& c, Value& v) { c.udp_receive_size = v.number; }},
    Setting{.flag = "--udp",
            .kind = listener,
            .help = "HOST:PORT for lines over UDP, or off (default: 0.0.0.0:9009)",
            .set = [](Config& c, Value& v) { set_listener(c.udp, v); }},
    Setting{.key = "line.udp.timestamp",
            .kind = time_unit,
            .otherwise = "n",
            .help = "As line.tcp.timestamp, over UDP",
            .set = [](Config& c, Value& v) { c.node.ingest.udp_timestamp_unit = v.time_unit; }},
    Setting{.key = "line.udp.unicast",
            .kind = boolean,
            .help = "UDP lines are sent to this host alone (default: true, unless line.udp.join names a group)",
            .set = [](Config& c, Value& v) { c.udp_unicast = v.is_on; }},
    Setting{.key = "memory",
            .kind = size,
            .help = "Memory for buffers and unapplied rows (default: a quarter of the machine's)",
            .set = [](Config& c, Value& v) { c.memory = v.number; }},
    Setting{.key = "query.timeout",
            .kind = timeout,
            .number_min = 1,
            .otherwise = "60s",
            .help = "A query's time, sending included",
            .set = [](Config& c, Value& v) { c.node.query_limits.duration_max = v.time; }},
    Setting{.key = "ready.file",
            .flag = "--ready-file",
            .kind = text,
            .help = "Written as JSON with the bound addresses when the server is ready",
            .set = [](Config& c, Value& v) { c.ready_path = std::move(v.text); }},
    Setting{.key = "shards",
            .kind = count,
            .help = "Shards: threads that receive and own tables (default: one per allowed CPU)",
            .set = [](Config& c, Value& v) { c.shards = v.number; }},
    Setting{.key = "wal.segment.size",
            .kind = size,
            .otherwise = "64M",
            .help = "Of the log: a MiB at least, and the longest line and 192 KiB more",
            .set = [](Config& c, Value& v) { c.node.owner.wal.segment_size = v.number; }},
    Setting{.key = "wal.size.max",
            .kind = size,
            .otherwise = "1G",
            .help = "Of a shard's log: four segments at least; a request may take half of it",
            .set = [](Config& c, Value& v) { c.node.owner.wal.size_max = v.number; }},
};

// What older releases of QuestDB called them.
struct OldName {
  std::string_view name;
  std::string_view now;
};

constexpr std::array old_names = {
    OldName{"http.bind.to", "http.net.bind.to"},
    OldName{"http.net.active.connection.limit", "http.net.connection.limit"},
    OldName{"http.net.idle.connection.timeout", "http.net.connection.timeout"},
    OldName{"line.tcp.bind.to", "line.tcp.net.bind.to"},
    OldName{"line.tcp.default.partition.by", "line.default.partition.by"},
    OldName{"line.tcp.net.active.connection.limit", "line.tcp.net.connection.limit"},
    OldName{"line.tcp.net.idle.timeout", "line.tcp.net.connection.timeout"},
};

template <typename Name>
const Setting* find(std::string_view text, Name name) {
  const auto old = std::ranges::find_if(old_names, [&](const OldName& each) { return name(each.name) == text; });
  const std::string wanted = old == old_names.end() ? std::string(text) : name(old->now);
  const auto found =
      std::ranges::find_if(table, [&](const Setting& each) { return !each.key.empty() && name(each.key) == wanted; });
  return found == table.end() ? nullptr : &*found;
}

}  // namespace

std::span<const Setting> settings() { return table; }

const Setting* find_setting(std::string_view key) {
  return find(key, [](std::string_view name) { return std::string(name); });
}

const Setting* find_variable(std::string_view variable) { return find(variable, variable_of); }

std::string variable_of(std::string_view key) {
  std::string name = "QDB_";
  for (const char letter : key) {
    name += letter == '.' || letter == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  }
  return name;
}

std::string flags_of(const Setting& setting) {
  if (setting.key.empty()) return std::string(setting.flag);
  return setting.flag.empty() ? fmt::format("--{}", setting.key) : fmt::format("{},--{}", setting.flag, setting.key);
}

}  // namespace tools
