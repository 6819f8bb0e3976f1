// The configuration of `millrace serve`: the keys, what wins, and how memory is divided.
#include "tools/serve/config.h"

#include <algorithm>
#include <string>

#include "tests/catch.h"
#include "tools/serve/plan.h"
#include "tools/serve/settings.h"

namespace tools {
namespace {

std::string error_of(std::string_view text) {
  return std::string(engine::message_of(ConfigReader().read_text(text, "server.conf")));
}

std::string error_of_variable(const char* variable) {
  const char* const variables[] = {"HOME=/", variable, nullptr};
  return std::string(engine::message_of(ConfigReader().read_environment(variables)));
}

TEST_CASE("serve_config: known keys are taken; those of QuestDB without meaning here are told from unknown ones") {
  ConfigReader reader;
  REQUIRE(reader
              .read_text("# a comment\n\nline.tcp.net.bind.to=127.0.0.1:7000\r\n line.tcp.disconnect.on.error = true\n"
                         "shared.worker.count=4\nline.default.partition.by=hour\nline.tcp.max.recv.buffer.size=1m\n"
                         "line.udp.enabled=false\nquery.timeout=5m\nline.tcp.net.bnd.to=0.0.0.0:1\nshared.worker.count=5\n",
                         "server.conf")
              .ok());
  const ServeConfig& config = reader.config();
  CHECK(config.tcp.address.port == 7000);
  CHECK(config.node.ingest.disconnect_on_error);
  CHECK(config.node.ingest.partition_unit == storage::PartitionUnit::hour);
  CHECK(config.node.ingest.line_size_max == 1024U * 1024U);
  CHECK(make_node_options(config, uint64_t{1} << 30, 1).query_limits.duration_max == engine::seconds(300));
  CHECK_FALSE(config.udp.enabled);
  CHECK(reader.report().taken.size() == 6);
  CHECK(reader.report().ignored == std::vector<std::string>{"shared.worker.count"});
  CHECK(reader.report().unknown == std::vector<std::string>{"line.tcp.net.bnd.to"});
}

TEST_CASE("serve_config: sizes and times are written as QuestDB writes them") {
  const auto read = [](std::string_view text) {
    ConfigReader reader;
    REQUIRE(reader.read_text(text, "server.conf").ok());
    return reader.config().node;
  };
  CHECK(read("line.tcp.max.recv.buffer.size=131072").ingest.line_size_max == 131'072);
  CHECK(read("line.tcp.max.recv.buffer.size=128k").ingest.line_size_max == 131'072);
  CHECK(read("http.net.connection.timeout=300000").http_limits.idle_time_max == engine::seconds(300));
  CHECK(read("http.net.connection.timeout=2500ms").http_limits.idle_time_max == engine::milliseconds(2500));
  CHECK(read("line.tcp.net.connection.timeout=0").ingest.idle_time_max == engine::Duration{});
  CHECK(read("http.net.connection.timeout=1h").http_limits.idle_time_max == engine::seconds(3600));
}

TEST_CASE("serve_config: a mistake is named with where it stands, its key, its value and what was expected") {
  CHECK(error_of("line.tcp.enabled=yes") == "server.conf:1: line.tcp.enabled: 'yes', expected true or false");
  CHECK(error_of("\nnonsense") == "server.conf:2: 'nonsense', expected key=value");
  CHECK(error_of("line.default.partition.by=fortnight") ==
        "server.conf:1: line.default.partition.by: partition unit: expected NONE, HOUR, DAY, WEEK, MONTH or YEAR, found "
        "fortnight");
  CHECK(error_of("line.tcp.max.recv.buffer.size=63") ==
        "server.conf:1: line.tcp.max.recv.buffer.size: '63', expected 64 or more");
  CHECK(error_of("http.net.connection.timeout=0") == "server.conf:1: http.net.connection.timeout: '0', expected 1 ms or more");
  CHECK(error_of("http.net.connection.timeout=soon").starts_with("server.conf:1: http.net.connection.timeout: 'soon', "));
  CHECK(error_of_variable("QDB_LINE_TCP_ENABLED=yes") ==
        "the environment: QDB_LINE_TCP_ENABLED: 'yes', expected true or false");
  const absl::Status flag = ConfigReader().read_flag(*find_setting("line.tcp.enabled"), "--line.tcp.enabled", "");
  CHECK(engine::message_of(flag) == "--line.tcp.enabled: '', expected true or false");
}

TEST_CASE("serve_config: of a repeated key the last value counts, and a byte order mark in front is no part of a key") {
  ConfigReader reader;
  REQUIRE(reader
              .read_text("\xef\xbb\xbfline.tcp.enabled=false\nline.tcp.net.bind.to=127.0.0.1:7000\nline.tcp.enabled=true\n"
                         "line.tcp.net.bind.to=127.0.0.1:7001\nline.tcp.max.recv.buffer.size=1M\n"
                         "line.tcp.max.recv.buffer.size=2M\n",
                         "server.conf")
              .ok());
  CHECK(reader.report().unknown.empty());
  CHECK(reader.config().tcp.enabled);
  CHECK(reader.config().tcp.address.port == 7001);
  CHECK(reader.config().node.ingest.line_size_max == 2048U * 1024U);
}

TEST_CASE("serve_config: the names of older releases have the effect of today's") {
  ConfigReader reader;
  REQUIRE(reader.read_text("http.bind.to=127.0.0.1:1\nline.tcp.default.partition.by=MONTH\n", "server.conf").ok());
  const char* const variables[] = {"QDB_LINE_TCP_NET_ACTIVE_CONNECTION_LIMIT=7", nullptr};
  REQUIRE(reader.read_environment(variables).ok());
  CHECK(reader.report().unknown.empty());
  CHECK(reader.config().http.address.port == 1);
  CHECK(reader.config().connections_max == 7U);
  CHECK(reader.config().node.ingest.partition_unit == storage::PartitionUnit::month);
}

TEST_CASE(
    "serve_config: a key that would guard or change data, and is not served, ends the start unless it asks for what is so") {
  for (const std::string key :
       {"tls.enabled=true", "http.tls.enabled=true", "line.tcp.tls.enabled=true", "tls.cert.path=/etc/cert.pem",
        "acl.enabled=true", "line.use.legacy.string.default=true", "cairo.root=/data", "cairo.max.file.name.length=255",
        "readonly=true", "http.security.readonly=true"}) {
    INFO(key);
    const std::string name = key.substr(0, key.find('='));
    CHECK(error_of("\n" + key).starts_with("server.conf:2: " + name + ": "));
    CHECK(error_of(name + "=").empty());
    const std::string variable = variable_of(name) + key.substr(key.find('='));
    CHECK(error_of_variable(variable.c_str()).starts_with("the environment: " + variable_of(name) + ": "));
  }
  for (const std::string key :
       {"line.integer.default.column.type=LONG", "line.float.default.column.type=DOUBLE", "tls.enabled=false",
        "line.timestamp.default.column.type=TIMESTAMP", "acl.enabled=false", "readonly=false", "cairo.max.file.name.length=127",
        "pg.tls.enabled=true", "cairo.commit.mode=nosync"}) {
    INFO(key);
    CHECK(error_of(key).empty());
  }
}

TEST_CASE("serve_config: new columns have the types that are asked for, of those that fit") {
  ConfigReader reader;
  REQUIRE(reader
              .read_text("line.integer.default.column.type=short\nline.float.default.column.type=FLOAT\n"
                         "line.timestamp.default.column.type=TIMESTAMP_NS\n",
                         "server.conf")
              .ok());
  const net::DefaultTypes& types = reader.config().node.ingest.default_types;
  CHECK(storage::type_name(types.integer) == "SHORT");
  CHECK(storage::type_name(types.real) == "FLOAT");
  CHECK(storage::type_name(types.timestamp) == "TIMESTAMP_NS");
  CHECK(error_of("line.integer.default.column.type=DOUBLE").ends_with("expected one of LONG, INT, SHORT, BYTE"));
}

TEST_CASE("serve_config: flags win over the environment, that over the file, the file over the defaults") {
  ConfigReader reader;
  REQUIRE(reader
              .read_text("line.tcp.disconnect.on.error=true\nline.tcp.net.bind.to=127.0.0.1:1\nline.udp.enabled=false\n"
                         "line.tcp.timestamp=s\nline.udp.timestamp=s\n",
                         "server.conf")
              .ok());
  const char* const variables[] = {"QDB_LINE_TCP_NET_BIND_TO=127.0.0.1:2", "QDB_LINE_UDP_TIMESTAMP=ms", "QDB_PG_USER=me",
                                   "QDB_TYPO=1", nullptr};
  REQUIRE(reader.read_environment(variables).ok());
  const auto flag = [&](std::string_view name, std::string_view text) {
    const auto found = std::ranges::find_if(
        settings(), [&](const Setting& setting) { return flags_of(setting).find(name) != std::string::npos; });
    REQUIRE(found != settings().end());
    REQUIRE(reader.read_flag(*found, name, text).ok());
  };
  flag("--udp", "127.0.0.1:3");
  flag("--line.udp.timestamp", "u");
  const net::NodeOptions options = make_node_options(reader.config(), uint64_t{1} << 30, 2);
  REQUIRE(options.tcp);
  CHECK(options.tcp->port == 2);
  REQUIRE(options.udp);
  CHECK(options.udp->address.port == 3);
  CHECK(options.ingest.tcp_timestamp_unit == engine::TimeUnit::seconds);
  CHECK(options.ingest.udp_timestamp_unit == engine::TimeUnit::us);
  CHECK(options.ingest.disconnect_on_error);
  REQUIRE(options.http);
  CHECK(options.http->port == 9000);
  CHECK(options.ingest.connections_max == 5000);  // of 10,000, on each of two shards
  CHECK(reader.report().ignored == std::vector<std::string>{"QDB_PG_USER"});
  CHECK(reader.report().unknown == std::vector<std::string>{"QDB_TYPO"});
  flag("--tcp", "off");
  CHECK_FALSE(make_node_options(reader.config(), uint64_t{1} << 30, 2).tcp);
}

TEST_CASE("serve_config: datagrams come from a group where one is named, or unicast is switched off") {
  const auto group_of = [](std::string_view text) {
    ConfigReader reader;
    REQUIRE(reader.read_text(text, "server.conf").ok());
    const net::NodeOptions options = make_node_options(reader.config(), uint64_t{1} << 30, 1);
    REQUIRE(options.udp);
    return options.udp->group ? options.udp->group->to_string() : "none";
  };
  CHECK(group_of("") == "none");
  CHECK(group_of("line.udp.unicast=true") == "none");
  CHECK(group_of("line.udp.unicast=true\nline.udp.join=232.1.2.4") == "none");
  CHECK(group_of("line.udp.unicast=false") == "232.1.2.3:0");
  CHECK(group_of("line.udp.unicast=false\nline.udp.join=232.1.2.4") == "232.1.2.4:0");
  CHECK(group_of("line.udp.join=ff15::7") == "[ff15::7]:0");
  CHECK(error_of("line.udp.join=10.0.0.1") ==
        "server.conf:1: line.udp.join: '10.0.0.1', expected an address of multicast such as 232.1.2.3");
}

TEST_CASE("serve_config: unknown keys end the start where they shall") {
  ConfigReader reader;
  REQUIRE(reader.read_text("config.validation.strict=true\nshared.worker.count=4\n", "server.conf").ok());
  CHECK(reader.check().ok());
  REQUIRE(reader.read_text("line.tcp.enabeld=true\n", "server.conf").ok());
  CHECK(engine::message_of(reader.check()).starts_with("line.tcp.enabeld: unknown"));
}

TEST_CASE("serve_config: whatever the limit of open files, the parts of all fit into it") {
  for (const uint64_t files_max : {400U, 700U, 1024U, 4096U, 20'000U, 1'000'000U}) {
    for (const uint16_t shards : {uint16_t{1}, uint16_t{2}, uint16_t{8}}) {
      net::NodeOptions options = make_node_options(ConfigReader().config(), uint64_t{1} << 30, shards);
      const absl::Status status = fit_files(options, files_max, false);
      if (!status.ok()) {
        CHECK(files_max < 350U + 250U * shards);
        continue;
      }
      const uint64_t of_shard = options.ingest.connections_max + 2 * uint64_t{options.owner.rounds.files_max};
      const uint64_t of_queries = options.query_limits.files_max;
      CHECK(options.http_limits.connections_max + shards * of_shard + of_queries + 64 < files_max);
      CHECK(of_queries / options.readers >= 16);
      CHECK(options.ingest.connections_max >= 16);
      CHECK(options.http_limits.connections_max >= 32);
    }
  }
  net::NodeOptions options = make_node_options(ConfigReader().config(), uint64_t{1} << 30, 1);
  CHECK_FALSE(fit_files(options, 5000, true).ok());
}

TEST_CASE("serve_config: every shard's part of the memory fits into it") {
  for (const uint64_t memory : {uint64_t{256} << 20, uint64_t{6} << 30, uint64_t{64} << 30}) {
    for (const uint16_t shards : {uint16_t{1}, uint16_t{2}, uint16_t{8}}) {
      const MemoryPlan plan = plan_memory(memory, shards);
      CHECK(plan.receive_buffers >= 16);
      CHECK((plan.receive_buffers & (plan.receive_buffers - 1)) == 0);
      CHECK(plan.batches_max >= 16);
      CHECK(plan.pending_size_max >= size_t{16} << 20);
    }
  }
}

}  // namespace
}  // namespace tools
