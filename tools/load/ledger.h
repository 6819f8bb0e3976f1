// The server's own account of a load: what its functions connections() and tables() say, read through /exec.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/base/status.h"
#include "engine/io/backend.h"
#include "tools/cli/http_client.h"
#include "tools/load/rows.h"

namespace tools {

// A row of connections(). rows_received is always the sum of the other three.
struct ConnectionLedger {
  std::string peer;  // address and port of the client's end
  uint64_t rows_received = 0;
  uint64_t rows_durable = 0;
  uint64_t rows_rejected = 0;
  uint64_t rows_pending = 0;
};

// All connections that the server lists, closed ones too.
absl::StatusOr<std::vector<ConnectionLedger>> read_connections(HttpClient& server);

// Those of `peers`, in that order. An address that is listed twice (a port used again) means its last line; not_found when one
// is not listed.
absl::StatusOr<std::vector<ConnectionLedger>> read_connections_of(HttpClient& server,
                                                                  std::span<const engine::SocketAddress> peers);

// Rows that a reader sees now in the tables of a load together. A table that is not there has none.
absl::StatusOr<uint64_t> read_visible_rows(HttpClient& server, const RowSource& rows);

}  // namespace tools
