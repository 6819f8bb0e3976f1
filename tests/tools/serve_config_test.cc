// The configuration of `millrace serve`: the file's keys, what wins, and how memory is divided.
#include "tools/serve/config.h"

#include "tests/catch.h"
#include "tools/serve/plan.h"

namespace tools {
namespace {

std::string error_of(std::string_view text) {
  return std::string(engine::message_of(parse_config(text, "server.conf").status()));
}

TEST_CASE("serve_config: known keys are taken, unknown ones are listed") {
  const auto file = parse_config(
      "# a comment\n\nline.tcp.net.bind.to=127.0.0.1:7000\r\n line.tcp.disconnect.on.error = true\nshared.worker.count=4\n"
      "line.default.partition.by=hour\nline.tcp.max.recv.buffer.size=1M\nline.udp.enabled=false\nquery.timeout=5m",
      "server.conf");
  REQUIRE(file.ok());
  REQUIRE(file->config.tcp.address);
  CHECK(file->config.tcp.address->port == 7000);
  CHECK(file->config.disconnect_on_error == true);
  CHECK(file->config.partition_unit == storage::PartitionUnit::hour);
  CHECK(file->config.line_size_max == 1024U * 1024U);
  CHECK(file->config.query_timeout_us == 300'000'000);
  CHECK(make_node_options({}, file->config, uint64_t{1} << 30, 1).query_limits.duration_max == engine::seconds(300));
  CHECK(file->config.udp.enabled == false);
  CHECK(file->unknown_keys == std::vector<std::string>{"shared.worker.count"});
}

TEST_CASE("serve_config: a mistake is named with its file and line") {
  CHECK(error_of("line.tcp.enabled=yes") == "server.conf:1: line.tcp.enabled: 'yes', expected true or false");
  CHECK(error_of("\nnonsense") == "server.conf:2: 'nonsense', expected key=value");
  CHECK(error_of("line.default.partition.by=fortnight").starts_with("server.conf:1: line.default.partition.by: "));
}

TEST_CASE("serve_config: of a repeated key the last value counts, and a byte order mark in front is no part of a key") {
  const auto file = parse_config(
      "\xef\xbb\xbfline.tcp.enabled=false\nline.tcp.net.bind.to=127.0.0.1:7000\nline.tcp.enabled=true\n"
      "line.tcp.net.bind.to=127.0.0.1:7001\nline.tcp.max.recv.buffer.size=1M\nline.tcp.max.recv.buffer.size=2M\n",
      "server.conf");
  REQUIRE(file.ok());
  CHECK(file->unknown_keys.empty());
  CHECK(file->config.tcp.enabled == true);
  CHECK(file->config.tcp.address->port == 7001);
  CHECK(file->config.line_size_max == 2048U * 1024U);
}

TEST_CASE("serve_config: the names of older releases have the effect of today's") {
  const auto file = parse_config(
      "http.bind.to=127.0.0.1:1\nline.tcp.net.active.connection.limit=7\nline.tcp.default.partition.by=MONTH\n", "server.conf");
  REQUIRE(file.ok());
  CHECK(file->unknown_keys.empty());
  CHECK(file->config.http.address->port == 1);
  CHECK(file->config.connections_max == 7U);
  CHECK(file->config.partition_unit == storage::PartitionUnit::month);
}

TEST_CASE(
    "serve_config: a key that would guard or change data, and is not served, ends the start unless it asks for what is so") {
  for (const std::string key :
       {"line.tcp.auth.db.path=conf/auth.txt", "http.user=admin", "http.password=quest", "tls.enabled=true",
        "http.tls.enabled=true", "line.tcp.tls.enabled=true", "tls.cert.path=/etc/cert.pem", "acl.enabled=true",
        "line.integer.default.column.type=INT", "line.float.default.column.type=FLOAT",
        "line.timestamp.default.column.type=TIMESTAMP_NS", "line.use.legacy.string.default=true", "cairo.root=/data",
        "cairo.max.file.name.length=255", "line.udp.join=232.1.2.3", "line.udp.unicast=false", "readonly=true"}) {
    INFO(key);
    const std::string name = key.substr(0, key.find('='));
    CHECK(error_of("\n" + key).starts_with("server.conf:2: " + name + ": "));
    CHECK(error_of(name + "=").empty());
  }
  for (const std::string key :
       {"line.integer.default.column.type=LONG", "line.float.default.column.type=DOUBLE", "tls.enabled=false",
        "line.timestamp.default.column.type=TIMESTAMP", "line.udp.unicast=true", "acl.enabled=false", "readonly=false",
        "cairo.max.file.name.length=127", "pg.tls.enabled=true", "cairo.commit.mode=nosync"}) {
    INFO(key);
    CHECK(error_of(key).empty());
  }
}

TEST_CASE("serve_config: flags win over the file, the file over the defaults") {
  ServeConfig flags;
  ServeConfig file;
  file.disconnect_on_error = true;
  file.tcp.address = engine::SocketAddress{.ipv4 = 0x7f000001, .port = 1};
  flags.tcp.enabled = false;
  file.udp.enabled = false;
  flags.udp = *parse_listener("127.0.0.1:2");
  const net::NodeOptions options = make_node_options(flags, file, uint64_t{1} << 30, 2);
  CHECK_FALSE(options.tcp);
  REQUIRE(options.udp);
  CHECK(options.udp->port == 2);
  CHECK(options.ingest.disconnect_on_error);
  REQUIRE(options.http);
  CHECK(options.http->port == 9000);
  CHECK(options.ingest.connections_max == 5000);  // of 10,000, on each of two shards
}

TEST_CASE("serve_config: whatever the limit of open files, the parts of all fit into it") {
  for (const uint64_t files_max : {400U, 700U, 1024U, 4096U, 20'000U, 1'000'000U}) {
    for (const uint16_t shards : {uint16_t{1}, uint16_t{2}, uint16_t{8}}) {
      net::NodeOptions options = make_node_options({}, {}, uint64_t{1} << 30, shards);
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
  net::NodeOptions options = make_node_options({}, {}, uint64_t{1} << 30, 1);
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
