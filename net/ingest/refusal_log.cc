#include "net/ingest/refusal_log.h"

#include <spdlog/spdlog.h>

namespace net {

void RefusalLog::write_due(ConnectionSet& connections, engine::Instant now) {
  const uint64_t rows = context_.source.counters().rows_refused;
  if ((rows == rows_logged_ && !connections.has_refused()) || now < next_at_) return;
  next_at_ = now + pause;
  if (connections.has_refused()) {
    spdlog::warn("shard {}: {} connections closed at once: line.tcp.net.connection.limit allows {} here",
                 context_.shard.id().value, connections.take_refused(), context_.options.connections_max);
  }
  if (rows == rows_logged_ || !context_.options.log_bad_lines) return;
  const absl::Status refusal = context_.source.take_refusal();
  spdlog::warn("{} rows refused: {}", rows - rows_logged_, escape_for_log(engine::message_of(refusal)));
  rows_logged_ = rows;
}

}  // namespace net
