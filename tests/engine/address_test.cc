// How addresses are written and read, and how system calls see them.
#include "engine/io/address.h"

#include <set>

#include "engine/io/socket_name.h"
#include "tests/catch.h"

namespace engine {
namespace {

TEST_CASE("address: what is written is read again, in both families") {
  for (const char* text : {"0.0.0.0:0", "127.0.0.1:9009", "255.255.255.255:65535", "[::]:9009", "[::1]:1",
                           "[2001:db8::8:800:200c:417a]:9000", "[fe80::1%2]:9009", "[ff02::1]:9009"}) {
    INFO(text);
    const std::optional<SocketAddress> address = SocketAddress::parse(text);
    REQUIRE(address);
    CHECK(address->to_string() == text);
    CHECK(address->is_v4() == (text[0] != '['));
    const SocketName name = to_socket_name(*address);
    CHECK(name.family() == (address->is_v4() ? AF_INET : AF_INET6));
    CHECK(to_address(name.get(), name.size) == address);
  }
}

TEST_CASE("address: an IPv4 address is one, however it is written") {
  CHECK(SocketAddress::parse("[::ffff:10.0.0.7]:80") == SocketAddress::v4(0x0a000007, 80));
  CHECK(SocketAddress::v4(0x0a000007, 80).to_string() == "10.0.0.7:80");
  CHECK(SocketAddress{}.to_string() == "0.0.0.0:0");
  CHECK(std::set{SocketAddress::loopback(1), SocketAddress::loopback(2), SocketAddress::v4(0x7f000002, 1)}.size() == 3);
}

TEST_CASE("address: names of hosts, and what is none, are refused") {
  for (const char* text : {"", ":", ":1", "localhost:1", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:-1", "1.2.3:1",
                           "::1:1", "[::1]", "[::1]1", "[::1:1", "[1.2.3.4]:1", "[::1%eth0]:1", "[]:1"}) {
    INFO(text);
    CHECK_FALSE(SocketAddress::parse(text));
  }
}

TEST_CASE("address: groups of multicast are told from hosts") {
  CHECK(SocketAddress::parse("232.1.2.3:9009")->is_multicast());
  CHECK(SocketAddress::parse("[ff15::1]:9009")->is_multicast());
  CHECK_FALSE(SocketAddress::parse("192.168.1.1:9009")->is_multicast());
  CHECK_FALSE(SocketAddress::parse("[fe80::1]:9009")->is_multicast());
}

TEST_CASE("address: a socket of another family has none") {
  sockaddr_storage name{};
  name.ss_family = AF_UNIX;
  CHECK_FALSE(to_address(&name, sizeof(name)));
  CHECK_FALSE(local_address(-1));
  CHECK_FALSE(peer_address(-1));
}

}  // namespace
}  // namespace engine
