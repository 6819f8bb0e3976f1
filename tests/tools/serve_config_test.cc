// The configuration of `millrace serve`: the file's keys, what wins, and how memory is divided.
#include "tools/serve/config.h"

#include "tests/catch.h"

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
  CHECK(file->config.tcp->value().port == 7000);
  CHECK(file->config.disconnect_on_error == true);
  CHECK(file->config.partition_unit == storage::PartitionUnit::hour);
  CHECK(file->config.line_size_max == 1024U * 1024U);
  CHECK(file->config.query_timeout_us == 300'000'000);
  CHECK(make_node_options({}, file->config, uint64_t{1} << 30, 1).query_limits.duration_max == engine::seconds(300));
  REQUIRE(file->config.udp);
  CHECK_FALSE(file->config.udp->has_value());
  CHECK(file->unknown_keys == std::vector<std::string>{"shared.worker.count"});
}

TEST_CASE("serve_config: a mistake is named with its file and line") {
  CHECK(error_of("line.tcp.enabled=yes") == "server.conf:1: line.tcp.enabled: 'yes', expected true or false");
  CHECK(error_of("\nnonsense") == "server.conf:2: 'nonsense', expected key=value");
  CHECK(error_of("line.default.partition.by=fortnight").starts_with("server.conf:1: line.default.partition.by: "));
}

TEST_CASE("serve_config: flags win over the file, the file over the defaults") {
  ServeConfig flags;
  ServeConfig file;
  file.disconnect_on_error = true;
  file.tcp = engine::SocketAddress{.ipv4 = 0x7f000001, .port = 1};
  flags.tcp.emplace(std::nullopt);
  const net::NodeOptions options = make_node_options(flags, file, uint64_t{1} << 30, 2);
  CHECK_FALSE(options.tcp);
  CHECK(options.ingest.disconnect_on_error);
  REQUIRE(options.http);
  CHECK(options.http->port == 9000);
  CHECK(options.ingest.connections_max == 5000);  // of 10,000, on each of two shards
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
