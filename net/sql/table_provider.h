// Where SQL finds what it reads: implemented by the server over its shards, and over the files of a data directory
// (file_table_provider.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/status.h"
#include "engine/base/time.h"
#include "engine/io/file_pool.h"
#include "storage/table/snapshot.h"

namespace net {

// What became of a connection's rows. Received rows are always the sum of the durable, rejected and pending ones.
struct ConnectionInfo {
  uint64_t id = 0;
  std::string transport;  // "tcp", "udp"
  std::string peer;       // "127.0.0.1:41234"
  bool open = true;
  engine::WallTime opened;
  uint64_t rows_durable = 0;
  uint64_t rows_rejected = 0;
  uint64_t rows_repeated = 0;
  uint64_t rows_pending = 0;
  uint64_t requests_repeated = 0;
  uint64_t bytes_received = 0;

  uint64_t rows_received() const { return rows_durable + rows_rejected + rows_repeated + rows_pending; }
};

class SpillFiles;

// Belongs to the thread that runs the query.
class TableProvider {
 public:
  virtual ~TableProvider() = default;

  // All tables, by id, as readers see them now.
  virtual absl::StatusOr<std::vector<storage::TableSnapshot>> list_tables() = 0;

  // The table with this name in any case, with every row that was durable when the call began. Not-found when there is none,
  // which is found out cheaply: SQL asks for each word of a query.
  virtual absl::StatusOr<storage::TableSnapshot> open_table(std::string_view name) = 0;

  // Open connections, and those that closed a short while ago.
  virtual absl::StatusOr<std::vector<ConnectionInfo>> list_connections() = 0;

  // False: nobody waits for the answer any more. Asked now and then while a query computes.
  virtual bool is_wanted() { return true; }

  // Where the files of the snapshots are opened.
  virtual engine::FilePool& files() = 0;

  // Tells the time, too.
  engine::IoBackend& backend() { return files().backend(); }

  // Takes what a query has no memory for. None: then it has to do with its memory.
  virtual SpillFiles* spill() { return nullptr; }
};

}  // namespace net
