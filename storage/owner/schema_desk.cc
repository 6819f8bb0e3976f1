#include "storage/owner/schema_desk.h"

#include <memory>
#include <utility>

#include "engine/base/sabotage.h"
#include "engine/base/verify.h"

namespace storage {

bool SchemaDesk::try_ensure(TableAsk& ask) {
  VERIFY_EQ(ask.owner, shard_.id());  // as the catalog has sent it
  VERIFY(ask.rejection.ok());
  Lane* lane = lanes_.find({.table = ask.table, .lane = lane_first});
  if (lane == nullptr && ask.is_new) return try_create(ask);
  if (lane == nullptr || lane->schema()->is_dropped) {
    // Dropped, or never made, while the ask was on its way: what the name means now is the catalog's to say.
    outbox_.send(engine::ShardId{0}, make_message(MessageKind::table_ask, &ask));
    return true;
  }
  if (ask.must_be_new) ask.rejection = engine::already_exists("table already exists");
  ask.schema = lane->schema();
  commits_.reply_when_durable(lane->schema_lsn(), ask.source, make_message(MessageKind::table_answer, &ask));
  return true;
}

bool SchemaDesk::try_create(TableAsk& ask) {
  auto schema = std::make_shared<const Schema>(make_schema(ask.table, ask.wish));
  if (absl::Status fits = commits_.check_fits(*schema); !fits.ok()) {
    ask.rejection = std::move(fits);
    outbox_.send(engine::ShardId{0}, make_message(MessageKind::table_not_made, ask.table));
    shard_.endpoint().send_return(ask.source, make_message(MessageKind::table_answer, &ask));
    return true;
  }
  if (!commits_.has_room_for(*schema)) return false;
  Lane& lane = lanes_.make(schema);
  const bool appended = commits_.try_change_schema(lane, FrameType::create, schema);
  VERIFY(appended);
  ask.schema = lane.schema();
  commits_.reply_when_durable(lane.schema_lsn(), ask.source, make_message(MessageKind::table_answer, &ask));
  return true;
}

bool SchemaDesk::try_add_columns(ColumnsAsk& ask) {
  VERIFY(ask.rejection.ok());
  Lane* lane = lanes_.find(ask.lane);
  if (lane == nullptr || lane->schema()->is_dropped) {
    ask.schema = nullptr;
    shard_.endpoint().send_return(ask.source, make_message(MessageKind::columns_answer, &ask));
    return true;
  }
  absl::StatusOr<Schema> next = with_columns(*lane->schema(), ask.wishes);
  const absl::Status fits = next.ok() ? commits_.check_fits(*next) : next.status();
  if (!fits.ok()) {
    ask.rejection = fits;
    shard_.endpoint().send_return(ask.source, make_message(MessageKind::columns_answer, &ask));
    return true;
  }
  if (next->version != lane->schema()->version &&
      !commits_.try_change_schema(*lane, FrameType::schema, std::make_shared<const Schema>(*std::move(next)))) {
    return false;
  }
  ask.schema = lane->schema();
  const Lsn awaited = engine::sabotaged("column_not_awaited") ? Lsn{} : lane->schema_lsn();
  commits_.reply_when_durable(awaited, ask.source, make_message(MessageKind::columns_answer, &ask));
  return true;
}

}  // namespace storage
