#include "tools/cli/args.h"

#include "tests/catch.h"

namespace {

template <typename Value>
bool refused(const absl::StatusOr<Value>& result) {
  return absl::IsInvalidArgument(result.status());
}

}  // namespace

TEST_CASE("args: sizes are powers of 1024, counts powers of 1000") {
  CHECK(*tools::parse_size("0") == 0);
  CHECK(*tools::parse_size("64K") == 65536);
  CHECK(*tools::parse_size("2G") == uint64_t{2} << 30);
  CHECK(*tools::parse_count("250k") == 250'000);
  CHECK(*tools::parse_count("10M") == 10'000'000);
  for (const char* bad : {"", "K", "-1", "1X", "1.5M", "1 K", "0x10", "99999999999999999999", "99000000000G"}) {
    INFO(bad);
    CHECK(refused(tools::parse_size(bad)));
    CHECK(refused(tools::parse_count(bad)));
  }
  CHECK(refused(tools::parse_count("0")));
}

TEST_CASE("args: times need a unit") {
  CHECK(*tools::parse_duration_us("10us") == 10);
  CHECK(*tools::parse_duration_us("5ms") == 5000);
  CHECK(*tools::parse_duration_us("1h") == 3'600'000'000);
  for (const char* bad : {"", "10", "0s", "1d", "-1s"}) CHECK(refused(tools::parse_duration_us(bad)));
}

TEST_CASE("args: dates are in UTC") {
  CHECK(*tools::parse_date_us("1970-01-02") == 86'400'000'000);
  CHECK(*tools::parse_date_us("2022-01-01T12:00:00") == 1'641'038'400'000'000);
  CHECK(*tools::parse_date_us("2022-01-01T12:00:00.000001Z") == 1'641'038'400'000'001);
  for (const char* bad : {"", "yesterday", "2022-13-01", "2022-02-29", "2022-01-01T", "2022-01-01T24:00:00"}) {
    INFO(bad);
    CHECK(refused(tools::parse_date_us(bad)));
  }
}

TEST_CASE("args: an address is a host and a port") {
  CHECK(*tools::parse_address("127.0.0.1:9009") == engine::SocketAddress::loopback(9009));
  CHECK(*tools::parse_address("localhost:0") == engine::SocketAddress::loopback(0));
  CHECK(tools::parse_address("[::1]:9009")->to_string() == "[::1]:9009");
  CHECK(tools::parse_address("[::]:0")->to_string() == "[::]:0");
  CHECK(*tools::parse_address("[::ffff:127.0.0.1]:5") == engine::SocketAddress::loopback(5));
  CHECK(tools::parse_address("0.0.0.0:65535")->port == 65535);
  CHECK(!*tools::parse_address_or_off("off"));
  CHECK((*tools::parse_address_or_off("127.0.0.1:1"))->port == 1);
  for (const char* bad : {"", ":", ":9009", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:9x",
                          "1.2.3.4.5:80", "off", "::1:9009", "[::1]", "[127.0.0.1]:9009", "[localhost]:9009", "[::1:9009"}) {
    INFO(bad);
    CHECK(refused(tools::parse_address(bad)));
  }
}

TEST_CASE("args: CPU lists are ascending ranges") {
  CHECK(*tools::parse_cpus("0") == std::vector<uint32_t>{0});
  CHECK(*tools::parse_cpus("0-2,5,7-7") == std::vector<uint32_t>{0, 1, 2, 5, 7});
  for (const char* bad : {"", "a", "1-", "-1", "2-1", "0,0", "3,1", "0,", "1024", "0-5000000000"}) {
    INFO(bad);
    CHECK(refused(tools::parse_cpus(bad)));
  }
}
