// Bounds of the HTTP side.
#pragma once

#include <cstddef>
#include <cstdint>

namespace net {

struct HttpOptions {
  size_t connections_max = 256;
  uint32_t queries_max = 64;  // computing and waiting; beyond it 503
  bool offers_tcp = false;    // what else of this server takes rows, for /settings
  bool offers_udp = false;
};

}  // namespace net
