// How rows are taken in. Keys are QuestDB's.
#pragma once

#include <cstddef>

#include "engine/base/time.h"
#include "net/auth/users.h"
#include "net/judge/default_types.h"
#include "storage/schema/schema.h"

namespace net {

struct IngestOptions {
  size_t connections_max = 10'000;   // TCP, on this shard; one more is closed at once
  bool disconnect_on_error = false;  // line.tcp.disconnect.on.error; TCP only
  bool log_bad_lines = true;         // line.log.message.on.error
  size_t line_size_max = size_t{16} << 20;
  size_t unfinished_size_max = size_t{256} << 20;  // memory of the shard's lines that are not whole, see ReceiveRoom
  bool create_tables = true;                       // line.auto.create.new.tables
  bool create_columns = true;                      // line.auto.create.new.columns
  engine::TimeUnit tcp_timestamp_unit = engine::TimeUnit::ns;           // line.tcp.timestamp: of timestamps without a suffix
  engine::TimeUnit udp_timestamp_unit = engine::TimeUnit::ns;           // line.udp.timestamp
  storage::PartitionUnit partition_unit = storage::PartitionUnit::day;  // line.default.partition.by
  DefaultTypes default_types;
  engine::Duration idle_time_max;  // line.tcp.net.connection.timeout; zero: none
  Users users;                     // line.tcp.auth.db.path: who may send over TCP; none: whoever connects
};

}  // namespace net
