#include "storage/owner/owner.h"

#include <algorithm>
#include <utility>

#include "engine/base/verify.h"

namespace storage {
namespace {

constexpr engine::Duration stop_tick = engine::milliseconds(10);

}  // namespace

Owner::Owner(engine::Shard& shard, uint16_t source_count, RepeatDesk& repeats, const OwnerOptions& options,
             OwnerListener& listener)
    : shard_(shard),
      repeats_(repeats),
      options_(options),
      listener_(listener),
      lanes_(shard.reactor(), options_, counters_, *this),
      commits_(shard, options_, counters_, lanes_, *this),
      outbox_(shard),
      schema_desk_(shard, lanes_, commits_, outbox_),
      change_desk_(shard, source_count, lanes_, commits_, outbox_),
      snapshot_desk_(lanes_, *this),
      timer_(shard.reactor().timers(), *this) {}

absl::Status Owner::open_wal(const Database& database, std::span<const std::string> reusable) {
  return commits_.open_wal(database, reusable);
}

void Owner::on_message(engine::ShardId, const engine::MeshMessage& message) {
  switch (static_cast<MessageKind>(message.kind)) {
    case MessageKind::snapshot_ask:
      return snapshot_desk_.ask(*message.as<SnapshotAsk*>());
    case MessageKind::change_durable:
      return change_desk_.on_durable(*message.as<ChangeAsk*>());
    case MessageKind::request_ask:
      return request_asks_.push_back(message.as<RequestAsk*>());
    default:
      waiting_.push_back(message);
  }
}

bool Owner::on_turn(engine::Instant now) {
  if (failed_ || !has_wal()) return false;
  admit();
  serve_requests();
  change_desk_.serve();
  commits_.flush();
  lanes_.serve(now, stopping_ || commits_.is_log_filling() ? Lanes::Pace::hurry : Lanes::Pace::calm);
  engine::Instant due = lanes_.next_due();
  // Lanes that have something since a sweep began wait for the next one, and nothing else may come to wake the shard.
  if (stopping_ && !is_quiet()) due = std::min(due, now + stop_tick);
  if (due == engine::instant_never) {
    timer_.disarm();
  } else if (due != timer_.deadline()) {
    timer_.arm(due);
  }
  if (stopping_ && is_quiet() && !std::exchange(ends_notes_, true)) commits_.write_final_notes(repeats_.stored_notes());
  return outbox_.flush();
}

// In order of arrival: a schema change stays behind the batches that its source sent before it. The account is looked at before
// each batch and may pass its bound by one, since only a batch that is admitted can grow it, later, when it is durable.
void Owner::admit() {
  while (!waiting_.empty() && pending_size() < options_.pending_size_max && try_admit(waiting_.front())) waiting_.pop_front();
}

// Not behind what waits for room, which they may make. A commit waits for its own parts alone.
void Owner::serve_requests() {
  commits_.hurry_request();
  std::erase_if(waiting_, [this](const engine::MeshMessage& message) {
    return static_cast<MessageKind>(message.kind) == MessageKind::batch &&
           commits_.try_refuse_hurried(*message.as<RoutedBatch*>());
  });
  std::erase_if(request_asks_, [this](RequestAsk* ask) { return commits_.try_request(*ask); });
}

bool Owner::try_admit(const engine::MeshMessage& message) {
  VERIFY(has_wal());
  switch (static_cast<MessageKind>(message.kind)) {
    case MessageKind::batch:
      return commits_.try_commit(*message.as<RoutedBatch*>());
    case MessageKind::table_ensure: {
      TableAsk& ask = *message.as<TableAsk*>();
      return change_desk_.try_keep(ask) || schema_desk_.try_ensure(ask);
    }
    case MessageKind::columns_ask: {
      ColumnsAsk& ask = *message.as<ColumnsAsk*>();
      return change_desk_.try_keep(ask) || schema_desk_.try_add_columns(ask);
    }
    case MessageKind::change:
      change_desk_.take(*message.as<ChangeAsk*>());
      return true;
    case MessageKind::seal_answer:
      change_desk_.on_seal_answer(*message.as<SealAsk*>());
      return true;
    default:
      UNREACHABLE("message kind of an owner");
  }
}

void Owner::on_answered(SnapshotAsk& ask) {
  shard_.endpoint().send_return(ask.reader, make_message(MessageKind::snapshot_answer, &ask));
}

void Owner::fail(const absl::Status& status) {
  if (std::exchange(failed_, true)) return;
  listener_.on_fatal(status);
}

}  // namespace storage
