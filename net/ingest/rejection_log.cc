#include "net/ingest/rejection_log.h"

#include <fmt/format.h>

#include "net/ingest/warning.h"

namespace net {

void RejectionLog::write_due(ConnectionSet& connections, engine::Instant now) {
  const uint64_t rows = context_.source.rows_rejected();
  const bool has_news = rows != rows_logged_ || connections.has_rejected() || connections.has_failed_logins();
  if (!has_news || now < next_at_) return;
  next_at_ = now + pause;
  if (connections.has_rejected()) {
    log_warning(fmt::format("shard {}: {} connections closed at once: line.tcp.net.connection.limit allows {} here",
                            context_.shard.id().value, connections.take_rejected(), context_.options.connections_max));
  }
  if (connections.has_failed_logins()) {
    const ConnectionSet::FailedLogins logins = connections.take_failed_logins();
    log_warning(fmt::format("shard {}: {} connections closed, authentication failed: at last {}", context_.shard.id().value,
                            logins.count, logins.last));
  }
  if (rows == rows_logged_ || !context_.options.log_bad_lines) return;
  const absl::Status rejection = context_.source.take_rejection();
  log_warning(fmt::format("{} rows rejected: {}", rows - rows_logged_, escape_for_log(engine::message_of(rejection))));
  rows_logged_ = rows;
}

}  // namespace net
