#include "tools/serve/foreign_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "tools/serve/settings.h"

namespace tools {
namespace {

struct RefusedKey {
  std::string_view name;      // a '*' in front or at the end stands for anything
  std::string_view harmless;  // what may be asked for, since it is so anyway; several are separated by '|'
  std::string_view advice;
};

constexpr std::string_view no_roles = "there are no roles: remove the key; line.tcp.auth.db.path says who may send over TCP";
constexpr std::string_view no_tls = "there is no TLS yet: remove the key, and put a proxy in front that has it";
constexpr std::string_view no_other_type = "new columns have no other type yet: remove the key, or ask for the default";
constexpr std::string_view not_read_only =
    "a server that takes no rows is not there yet: switch line.tcp.enabled and line.udp.enabled off instead";

constexpr std::array refused_keys = {
    RefusedKey{"acl.*", "false", no_roles},
    RefusedKey{"cairo.max.file.name.length", "127", "names have at most 127 characters: remove the key"},
    RefusedKey{"cairo.root", "", "the data directory is what --data or -d says: remove the key"},
    RefusedKey{"http.security.readonly", "false", not_read_only},
    RefusedKey{"line.default.column.type.*", "", no_other_type},
    RefusedKey{"line.use.legacy.string.default", "false", no_other_type},
    RefusedKey{"line.tcp.auth.*", "false", no_roles},
    RefusedKey{"line.tcp.undocumented.string.to.char.cast.allowed", "false", "there is no CHAR yet: remove the key"},
    RefusedKey{"readonly", "false", not_read_only},
    RefusedKey{"*tls.*", "false", no_tls},
};

// Of QuestDB's, without meaning here. Families as a whole where nothing of ours is near; beside our own keys each by its name,
// so that a slip of the pen in one of ours is found.
constexpr std::array ignored_keys = std::to_array<std::string_view>({
    "binarydata.*",
    "cairo.*",
    "circuit.breaker.*",
    "debug.*",
    "dev.*",
    "export.*",
    "griffin.*",
    "http.allow.deflate.before.send",
    "http.busy.*",
    "http.connection.*",
    "http.context.*",
    "http.export.*",
    "http.frozen.clock",
    "http.ilp.*",
    "http.json.*",
    "http.keep-alive.*",
    "http.min.*",
    "http.multipart.*",
    "http.net.connection.hint",
    "http.net.connection.queue.timeout",
    "http.net.connection.rcvbuf",
    "http.net.connection.sndbuf",
    "http.net.queued.connection.timeout",
    "http.net.rcv.buf.size",
    "http.net.snd.buf.size",
    "http.pessimistic.*",
    "http.query.*",
    "http.receive.buffer.size",
    "http.recv.buffer.size",
    "http.redirect.*",
    "http.request.header.buffer.size",
    "http.security.*",
    "http.send.buffer.size",
    "http.server.*",
    "http.settings.*",
    "http.static.*",
    "http.text.*",
    "http.version",
    "http.worker.*",
    "line.tcp.commit.interval.default",
    "line.tcp.commit.interval.fraction",
    "line.tcp.commit.timeout",
    "line.tcp.connection.pool.capacity",
    "line.tcp.io.*",
    "line.tcp.maintenance.job.*",
    "line.tcp.max.measurement.size",
    "line.tcp.min.idle.ms.before.writer.release",
    "line.tcp.msg.buffer.size",
    "line.tcp.net.connection.heartbeat.interval",
    "line.tcp.net.connection.hint",
    "line.tcp.net.connection.queue.timeout",
    "line.tcp.net.connection.rcvbuf",
    "line.tcp.net.io.queue.capacity",
    "line.tcp.net.queued.timeout",
    "line.tcp.net.recv.buf.size",
    "line.tcp.recv.buffer.size",
    "line.tcp.symbol.cache.*",
    "line.tcp.undocumented.string.as.tag.supported",
    "line.tcp.undocumented.symbol.as.field.supported",
    "line.tcp.writer.*",
    "line.udp.commit.mode",
    "line.udp.commit.rate",
    "line.udp.haltOnError",
    "line.udp.msg.buffer.size",
    "line.udp.msg.count",
    "line.udp.own.thread",
    "line.udp.own.thread.affinity",
    "log.*",
    "mat.view.*",
    "metrics.*",
    "native.*",
    "net.test.*",
    "pg.*",
    "posthog.*",
    "query.timeout.sec",
    "query.tracing.*",
    "query.within.*",
    "qwp.*",
    "ram.usage.*",
    "shared.*",
    "table.type.conversion.*",
    "telemetry.*",
    "wal.apply.*",
    "web.console.*",
});

// Both as variables are called, so that keys and variables are matched alike.
bool matches(std::string_view pattern, std::string_view variable) {
  if (pattern.starts_with('*'))
    return variable.find(variable_of(pattern.substr(1, pattern.size() - 2)).substr(3)) != variable.npos;
  if (!pattern.ends_with('*')) return variable == variable_of(pattern);
  return variable.starts_with(variable_of(pattern.substr(0, pattern.size() - 1)));
}

// An empty value asks for nothing.
bool is_harmless(const RefusedKey& key, std::string_view value) {
  return value.empty() || fmt::format("|{}|", key.harmless).find(fmt::format("|{}|", value)) != std::string::npos;
}

}  // namespace

absl::StatusOr<ForeignKey> judge_foreign_key(std::string_view name, std::string_view value) {
  const std::string variable = name.starts_with("QDB_") ? std::string(name) : variable_of(name);
  const bool is_of_postgres = variable.starts_with("QDB_PG_");  // nothing listens that it could guard
  const auto refused = std::ranges::find_if(refused_keys, [&](const RefusedKey& each) { return matches(each.name, variable); });
  if (refused != refused_keys.end() && !is_of_postgres) {
    if (is_harmless(*refused, value)) return ForeignKey::harmless;
    return engine::invalid_argument(std::string(refused->advice));
  }
  const bool is_ignored =
      std::ranges::any_of(ignored_keys, [&](std::string_view pattern) { return matches(pattern, variable); });
  return is_ignored ? ForeignKey::ignored : ForeignKey::unknown;
}

}  // namespace tools
