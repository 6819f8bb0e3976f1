// Says in the log that something was rejected behind the judge: connections beyond the limit, rows that their owner rejected.
// Of many rejections one in a while is named.
#pragma once

#include <cstdint>

#include "engine/base/time.h"
#include "net/ingest/connection_set.h"
#include "net/ingest/line_ingest.h"

namespace net {

class RejectionLog {
 public:
  explicit RejectionLog(IngestContext& context) : context_(context) {}

  // Writes what is new, unless it wrote a moment ago.
  void write_due(ConnectionSet& connections, engine::Instant now);

 private:
  static constexpr engine::Duration pause = engine::seconds(1);

  IngestContext& context_;
  uint64_t rows_logged_ = 0;
  engine::Instant next_at_;  // not before
};

}  // namespace net
