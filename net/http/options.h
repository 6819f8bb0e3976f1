// Bounds of the HTTP side, and what its users may set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "engine/base/time.h"

namespace net {

struct HttpOptions {
  size_t connections_max = 256;                          // http.net.connection.limit
  uint32_t queries_max = 64;                             // computing and waiting; beyond it 503
  engine::Duration idle_time_max = engine::seconds(60);  // http.net.connection.timeout: between two requests
  bool takes_lines = true;                               // line.http.enabled
  size_t line_size_max = size_t{16} << 20;               // line.http.max.recv.buffer.size
  std::string ping_version = "v2.7.4";                   // line.http.ping.version: X-Influxdb-Version of /ping
  bool offers_tcp = false;                               // what else of this server takes rows, for /settings
  bool offers_udp = false;
  std::string user;      // http.user, of HTTP Basic (net/auth/basic.h); empty: whoever connects
  std::string password;  // http.password
};

}  // namespace net
