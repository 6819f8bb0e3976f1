#include "net/line/foreign_protocol.h"

#include <algorithm>

namespace net {
namespace {

using namespace std::string_view_literals;

constexpr ForeignProtocol http{.name = "HTTP", .advice = "HTTP has a port of its own, see http.net.bind.to"};
constexpr ForeignProtocol tls{.name = "TLS", .advice = "there is no TLS here, send lines as they are or through a proxy"};
constexpr ForeignProtocol proxy{.name = "the PROXY protocol", .advice = "switch it off in the load balancer"};
constexpr ForeignProtocol postgres{.name = "PostgreSQL", .advice = "there is no such port here, query over HTTP"};
constexpr ForeignProtocol redis{.name = "Redis", .advice = "there is no such port here"};
constexpr ForeignProtocol mqtt{.name = "MQTT", .advice = "there is no such port here"};

struct Beginning {
  std::string_view bytes;  // '?' stands for any byte that ends no line, '#' for any digit
  const ForeignProtocol* protocol;
};

constexpr std::array beginnings = {
    Beginning{"DELETE /"sv, &http},
    Beginning{"GET /"sv, &http},
    Beginning{"GET http:"sv, &http},
    Beginning{"GET https:"sv, &http},
    Beginning{"HEAD /"sv, &http},
    Beginning{"OPTIONS *"sv, &http},
    Beginning{"OPTIONS /"sv, &http},
    Beginning{"PATCH /"sv, &http},
    Beginning{"POST /"sv, &http},
    Beginning{"POST http:"sv, &http},
    Beginning{"POST https:"sv, &http},
    Beginning{"PRI * HTTP/2"sv, &http},
    Beginning{"PUT /"sv, &http},
    Beginning{"TRACE /"sv, &http},
    Beginning{"\x16\x03"sv, &tls},
    Beginning{"PROXY TCP4 "sv, &proxy},
    Beginning{"PROXY TCP6 "sv, &proxy},
    Beginning{"PROXY UNKNOWN "sv, &proxy},
    Beginning{"PROXY UNKNOWN\r"sv, &proxy},
    Beginning{"\r\n\r\n\0\r"sv, &proxy},                // version 2
    Beginning{"\0\0??\0\3\0\0"sv, &postgres},           // the start of protocol 3.0
    Beginning{"\0\0\0\x08\x04\xd2\x16?"sv, &postgres},  // asks for TLS or GSSAPI first, or cancels
    Beginning{"*#\r"sv, &redis},
    Beginning{"*##\r"sv, &redis},
    Beginning{"\x10?\0\x04MQTT"sv, &mqtt},
    Beginning{"\x10??\0\x04MQTT"sv, &mqtt},
};

// Who speaks is known before a line has ended that counts: else how many lines were rejected depends on how the bytes arrive.
constexpr bool ends_within_a_line(std::string_view bytes) {
  while (bytes.starts_with('\r') || bytes.starts_with('\n')) bytes.remove_prefix(1);
  return bytes.find('\n') == bytes.npos;
}
static_assert(std::ranges::all_of(beginnings, ends_within_a_line, &Beginning::bytes));

bool is_like(char expected, char found) {
  if (expected == '#') return found >= '0' && found <= '9';
  if (expected == '?') return found != '\r' && found != '\n';
  return expected == found;
}

// As far as both go.
bool agree(std::string_view beginning, std::string_view seen) {
  const size_t size = std::min(beginning.size(), seen.size());
  return std::equal(beginning.begin(), beginning.begin() + static_cast<ptrdiff_t>(size), seen.begin(), is_like);
}

}  // namespace

const ForeignProtocol* StreamBeginning::look_at(std::string_view bytes) {
  const size_t taken = std::min(bytes.size(), size_max - size_);
  std::copy_n(bytes.data(), taken, bytes_.data() + size_);
  size_ = static_cast<uint8_t>(size_ + taken);
  const std::string_view seen(bytes_.data(), size_);
  bool may_be_foreign = false;
  for (const Beginning& beginning : beginnings) {
    if (!agree(beginning.bytes, seen)) continue;
    if (beginning.bytes.size() <= seen.size()) {
      is_decided_ = true;
      return beginning.protocol;
    }
    may_be_foreign = true;
  }
  is_decided_ = !may_be_foreign;
  return nullptr;
}

}  // namespace net
