// What a node is told at its start, and where it then listens.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/io/backend.h"
#include "net/http/options.h"
#include "net/ingest/line_ingest.h"
#include "net/sql/query_limits.h"
#include "storage/owner/owner.h"
#include "storage/source/source.h"

namespace net {

// Sockets that are bound already, and listen: numbers of the process. Negative, empty: there is none.
struct InheritedSockets {
  int32_t tcp = -1;
  int32_t http = -1;
  std::vector<int32_t> udp;
};

struct NodeOptions {
  uint16_t shards = 1;
  std::optional<engine::SocketAddress> tcp;  // none: off
  std::optional<engine::UdpBinding> udp;     // by every shard; of a multicast group by the first one
  std::optional<engine::SocketAddress> http;
  InheritedSockets inherited;  // in place of those that would be bound to these addresses
  uint16_t readers = 4;        // threads that compute queries: so many are computed at a time
  HttpOptions http_limits;
  QueryLimits query_limits;  // of each query
  IngestOptions ingest;
  storage::SourceOptions source;
  storage::OwnerOptions owner;
};

// What listens where, with the ports that were chosen.
struct NodeAddresses {
  std::optional<engine::SocketAddress> tcp;
  std::optional<engine::SocketAddress> udp;
  std::optional<engine::SocketAddress> http;
};

}  // namespace net
