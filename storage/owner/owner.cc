#include "storage/owner/owner.h"

#include <algorithm>
#include <string>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/verify.h"
#include "storage/batch/symbol_section.h"
#include "storage/owner/lane.h"
#include "storage/sabotage.h"

namespace storage {
namespace {

// What a frame takes at most: its symbol section is not made before there is room for it.
size_t stored_size_bound(const RoutedBatch& batch) {
  size_t head_size = sizeof(uint32_t);
  for (const BatchSymbols& symbols : batch.symbols) {
    head_size += 3 * sizeof(uint32_t) + symbols.entries.size() * 3 * sizeof(uint32_t) + symbols.texts.size();
  }
  return engine::align_up(wal_body_offset(head_size, 0) + batch.body.size(), wal_frame_alignment);
}

// False when the dictionary would get more than `count_max` symbols.
bool has_room_for(const SymbolDictionary& dictionary, const BatchSymbols& symbols, size_t count_max) {
  if (dictionary.size() + symbols.entries.size() <= count_max) return true;
  const auto is_new = [&](const BatchSymbols::Entry& entry) {
    return entry.id == symbol_none && !dictionary.contains(symbols.text(entry));
  };
  return dictionary.size() + static_cast<size_t>(std::ranges::count_if(symbols.entries, is_new)) <= count_max;
}

size_t stored_size(std::span<const std::byte> head) { return WalFrame{.head = head, .body = {}}.stored_size(); }

}  // namespace

Owner::Owner(engine::Shard& shard, const OwnerOptions& options, OwnerListener& listener)
    : shard_(shard),
      options_(options),
      listener_(listener),
      rounds_(shard.reactor(), options.rounds),
      timer_(shard.reactor().timers(), *this) {}

Owner::~Owner() = default;

absl::Status Owner::open_wal(const Database& database, std::span<const std::string> reusable) {
  ASSIGN_OR_RETURN(wal_, WalWriter::open(shard_.reactor(), options_.wal, database, shard_.id(), reusable));
  wal_->set_listener(this);
  checkpoint_at_ = shard_.backend().now() + options_.checkpoint_pause;
  return absl::OkStatus();
}

Owner::Lane& Owner::make_lane(SchemaRef schema) {
  auto lane = std::make_unique<Lane>(*this, std::move(schema));
  Lane& made = *lane;
  const bool added = lanes_.emplace(made.writer->lane(), std::move(lane)).second;
  VERIFY(added);
  return made;
}

absl::Status Owner::add_lane(SchemaRef schema) {
  Lane& lane = make_lane(std::move(schema));
  RETURN_IF_ERROR(lane.writer->load(Names::durable));
  lane.last_txn = lane.writer->applied();
  lane.committed = lane.last_txn;
  return absl::OkStatus();
}

Owner::Lane* Owner::find_lane(LaneId id) {
  const auto found = lanes_.find(id);
  return found == lanes_.end() ? nullptr : found->second.get();
}

void Owner::activate(Lane& lane) {
  serve_now_ = true;
  if (lane.is_active) return;
  lane.is_active = true;
  active_.push_back(&lane);
}

void Owner::on_message(engine::ShardId, const engine::MeshMessage& message) {
  if (static_cast<MessageKind>(message.kind) == MessageKind::snapshot_ask) return ask_snapshot(*message.as<SnapshotAsk*>());
  waiting_.push_back(message);
}

bool Owner::on_turn(engine::Instant now) {
  if (failed_ || wal_ == nullptr) return false;
  admit();
  wal_->flush();
  begin_checkpoints(now);
  if (serve_now_ || now >= timer_.deadline()) serve_lanes(now);
  return false;
}

void Owner::on_timer(engine::Instant) { serve_now_ = true; }

// In order of arrival: a schema change stays behind the batches that its source sent before it.
void Owner::admit() {
  while (!waiting_.empty() && pending_size_ < options_.pending_size_max && try_admit(waiting_.front())) waiting_.pop_front();
}

bool Owner::try_admit(const engine::MeshMessage& message) {
  switch (static_cast<MessageKind>(message.kind)) {
    case MessageKind::batch:
      return try_commit(*message.as<RoutedBatch*>());
    case MessageKind::table_ensure:
      return try_ensure(*message.as<TableAsk*>());
    case MessageKind::columns_ask:
      return try_add_columns(*message.as<ColumnsAsk*>());
    default:
      UNREACHABLE("message kind of an owner");
  }
}

void Owner::refuse(RoutedBatch& batch, absl::Status refusal) {
  batch.refusal = std::move(refusal);
  batch.crowded = find_lane(batch.lane)->writer->crowded();
  ++counters_.batches_refused;
  shard_.endpoint().send_return(batch.source, make_message(MessageKind::batch_home, &batch));
}

bool Owner::try_commit(RoutedBatch& batch) {
  Lane* lane = find_lane(batch.lane);
  VERIFY(lane != nullptr);  // a source learns of a table by its owner's answer
  if (is_closed(*lane, batch)) return true;
  const uint64_t size = stored_size_bound(batch);
  if (!fits_segment(size)) {
    refuse(batch, too_large(lane->schema->name, "a row of it", size));
    return true;
  }
  if (!wal_->has_room(size)) return false;
  if (!resolve_symbols(*lane, batch)) return true;
  encode_symbol_section(batch.symbols, fresh_symbols_, head_);
  ++lane->last_txn.value;
  batch.txn = lane->last_txn;
  const Lsn lsn = wal_->append({.type = FrameType::data,
                                .lane = batch.lane,
                                .txn = batch.txn,
                                .lsn = {},
                                .head = head_,
                                .body = batch.body,
                                .body_crc = batch.body_crc});
  lane->held.push_back({.txn = batch.txn, .lsn = lsn});
  activate(*lane);
  in_flight_.push_back({.lsn = lsn, .txn = batch.txn, .lane = lane, .batch = &batch, .schema = nullptr});
  if (sabotaged(Sabotage::schema_not_awaited)) append_late_schema(*lane);
  return true;
}

// Sources keep to what a segment takes; only a single row, or a schema, is larger, where wal.segment.size is too small for the
// lines that are taken.
absl::Status Owner::too_large(const std::string& table, std::string_view what, uint64_t stored_size) const {
  std::string message = "table " + table + ": ";
  message.append(what).append(" takes ").append(std::to_string(stored_size)).append(" bytes of the log, at most ");
  message.append(std::to_string(frame_size_max(options_.wal.segment_size))).append(" fit (wal.segment.size)");
  return engine::resource_exhausted(message);
}

// True when a partition has no room for the batch; it is then on its way home, refused.
bool Owner::is_closed(const Lane& lane, RoutedBatch& batch) {
  const CrowdedRef crowded = lane.writer->crowded();
  if (crowded == nullptr) return false;
  const auto header = engine::load<BatchHeader>(batch.body.data());
  for (const CrowdedPartition& partition : *crowded) {
    if (!partition.is_closed_to(header.timestamp_min, header.timestamp_max)) continue;
    refuse(batch,
           engine::resource_exhausted("table " + lane.schema->name + ": a batch has late rows; " + partition.describe()));
    return true;
  }
  return false;
}

// Gives every local symbol its id. False when a limit was reached; the batch is then on its way home, refused, and no
// dictionary has changed: a new id whose text stands in no frame would be lost with the next crash.
bool Owner::resolve_symbols(Lane& lane, RoutedBatch& batch) {
  for (const BatchSymbols& symbols : batch.symbols) {
    if (has_room_for(lane.writer->dictionary(symbols.column), symbols, options_.symbols_max)) continue;
    refuse(batch, engine::resource_exhausted("table " + lane.schema->name + ": a symbol column has reached the limit of " +
                                             std::to_string(options_.symbols_max) + " distinct values"));
    return false;
  }
  fresh_symbols_.clear();
  for (BatchSymbols& symbols : batch.symbols) {
    SymbolDictionary& dictionary = lane.writer->dictionary(symbols.column);
    for (BatchSymbols::Entry& entry : symbols.entries) {
      if (entry.id != symbol_none) continue;
      const uint32_t size_before = dictionary.size();
      entry.id = dictionary.resolve(symbols.text(entry));
      if (dictionary.size() == size_before) continue;
      fresh_symbols_.push_back({.column = symbols.column, .id = entry.id, .text = symbols.text(entry)});
    }
  }
  return true;
}

bool Owner::try_append_schema(Lane& lane, FrameType type, SchemaRef schema) {
  const std::vector<std::byte> record = encode_schema(*schema);
  if (!wal_->has_room(stored_size(record))) return false;
  ++lane.last_txn.value;
  const Lsn lsn =
      wal_->append({.type = type, .lane = lane.writer->lane(), .txn = lane.last_txn, .lsn = {}, .head = record, .body = {}});
  lane.held.push_back({.txn = lane.last_txn, .lsn = lsn});
  activate(lane);
  lane.schema = schema;
  lane.schema_lsn = lsn;
  in_flight_.push_back({.lsn = lsn, .txn = lane.last_txn, .lane = &lane, .batch = nullptr, .schema = std::move(schema)});
  ++counters_.schema_changes;
  return true;
}

bool Owner::try_ensure(TableAsk& ask) {
  const LaneId id{.table = ask.table, .lane = lane_first};
  Lane* lane = find_lane(id);
  if (lane == nullptr) {
    auto schema = std::make_shared<const Schema>(make_schema(ask.table, ask.wish));
    const uint64_t size = stored_size(encode_schema(*schema));
    if (!fits_segment(size)) {
      ask.refusal = too_large(schema->name, "its schema", size);
      shard_.endpoint().send_return(ask.source, make_message(MessageKind::table_answer, &ask));
      return true;
    }
    if (!wal_->has_room(size)) return false;
    lane = &make_lane(schema);
    const bool appended = try_append_schema(*lane, FrameType::create, schema);
    VERIFY(appended);
  }
  ask.schema = lane->schema;
  reply_when_durable(lane->schema_lsn, ask.source, make_message(MessageKind::table_answer, &ask));
  return true;
}

bool Owner::try_add_columns(ColumnsAsk& ask) {
  Lane* lane = find_lane(ask.lane);
  VERIFY(lane != nullptr);
  absl::StatusOr<Schema> next = with_columns(*lane->schema, ask.wishes);
  const uint64_t size = next.ok() ? stored_size(encode_schema(*next)) : 0;
  if (!next.ok() || !fits_segment(size)) {
    ask.refusal = next.ok() ? too_large(next->name, "its schema", size) : next.status();
    shard_.endpoint().send_return(ask.source, make_message(MessageKind::columns_answer, &ask));
    return true;
  }
  if (sabotaged(Sabotage::schema_not_awaited) && next->version != lane->schema->version && late_schema_ == nullptr) {
    late_schema_ = std::make_shared<const Schema>(*std::move(next));
    lane->schema = late_schema_;
  } else if (next->version != lane->schema->version) {
    if (!try_append_schema(*lane, FrameType::schema, std::make_shared<const Schema>(*std::move(next)))) return false;
  }
  ask.schema = lane->schema;
  reply_when_durable(lane->schema_lsn, ask.source, make_message(MessageKind::columns_answer, &ask));
  return true;
}

void Owner::append_late_schema(Lane& lane) {
  if (late_schema_ == nullptr || late_schema_->table != lane.schema->table) return;
  if (try_append_schema(lane, FrameType::schema, late_schema_)) late_schema_.reset();
}

void Owner::reply_when_durable(Lsn lsn, engine::ShardId target, const engine::MeshMessage& message) {
  if (lsn <= wal_->durable() || sabotaged(Sabotage::schema_not_awaited)) return shard_.endpoint().send_return(target, message);
  replies_.push_back({.lsn = lsn, .target = target, .message = message});
}

void Owner::on_durable(Lsn upto) {
  while (!in_flight_.empty() && in_flight_.front().lsn <= upto) {
    const Frame frame = std::move(in_flight_.front());
    in_flight_.pop_front();
    if (frame.batch == nullptr) {
      frame.lane->add_schema(frame.txn, frame.schema);
      continue;
    }
    frame.lane->add_rows(frame.txn, *frame.batch);
    ++counters_.batches;
    counters_.rows_committed += frame.batch->rows;
    frame.batch->crowded = frame.lane->writer->crowded();
    shard_.endpoint().send_return(frame.batch->source, make_message(MessageKind::batch_home, frame.batch));
  }
  std::erase_if(replies_, [&](const Reply& reply) {
    if (reply.lsn > upto) return false;
    shard_.endpoint().send_return(reply.target, reply.message);
    return true;
  });
}

void Owner::on_failed(const absl::Status& status) {
  if (std::exchange(failed_, true)) return;
  listener_.on_fatal(status);
}

void Owner::ask_snapshot(SnapshotAsk& ask) {
  ask.lanes_waiting = 1;  // this function
  for (const auto& [id, lane] : lanes_) {
    if (!ask.fresh || (ask.table && id.table != *ask.table) || lane->writer->applied() == lane->committed) continue;
    lane->readers.push_back({.ask = &ask, .target = lane->committed});
    ++ask.lanes_waiting;
    activate(*lane);
  }
  if (--ask.lanes_waiting == 0) answer_snapshot(ask);
}

void Owner::answer_snapshot(SnapshotAsk& ask) {
  ask.tables.clear();
  for (const auto& [id, lane] : lanes_) {
    if ((ask.table && id.table != *ask.table) || lane->committed.value == 0) continue;
    auto snapshot = std::make_shared<LaneSnapshot>(*lane->writer->snapshot());
    snapshot->committed = lane->committed;
    ask.tables.push_back({.schema = lane->writer->schema(), .lanes = {std::move(snapshot)}});
  }
  std::ranges::sort(ask.tables, {}, [](const TableSnapshot& table) { return table.schema->table; });
  shard_.endpoint().send_return(ask.reader, make_message(MessageKind::snapshot_answer, &ask));
}

void Owner::begin_checkpoints(engine::Instant now) {
  const bool wal_is_filling = wal_->held_size() > options_.wal.segment_size && wal_->held_size() >= options_.wal.size_max / 2;
  if (checkpoints_begun_ || active_.empty() || (now < checkpoint_at_ && !wal_is_filling && !stopping_)) return;
  checkpoints_begun_ = true;
  checkpoints_began_ = now;
  for (Lane* lane : active_) lane->checkpoint_wanted = true;
  serve_now_ = true;
}

void Owner::end_checkpoints(engine::Instant now) {
  if (!checkpoints_begun_ || std::ranges::any_of(active_, &Lane::checkpoint_wanted)) return;
  checkpoints_begun_ = false;
  checkpoint_at_ = now + std::max(options_.checkpoint_pause, (now - checkpoints_began_) * options_.checkpoint_rest);
}

void Owner::serve_lanes(engine::Instant now) {
  serve_now_ = false;
  engine::Instant next = engine::instant_never;
  for (Lane* lane : active_) next = std::min(next, lane->serve(now));
  end_checkpoints(now);
  std::erase_if(active_, [](Lane* lane) {
    if (!lane->quiet()) return false;
    lane->is_active = false;
    lane->rest();
    return true;
  });
  if (!active_.empty() && !checkpoints_begun_) next = std::min(next, checkpoint_at_);
  if (next == engine::instant_never) {
    timer_.disarm();
  } else {
    timer_.arm(next);
  }
}

// Every frame before the oldest one that a lane still needs may go.
void Owner::release_wal() {
  Lsn needed{wal_->last().value + 1};
  for (const Lane* lane : active_) {
    if (!lane->held.empty()) needed = std::min(needed, lane->held.front().lsn);
  }
  wal_->release(Lsn{needed.value - 1});
}

void Owner::begin_stop() {
  stopping_ = true;
  serve_now_ = true;
}

bool Owner::stopped() const { return waiting_.empty() && in_flight_.empty() && active_.empty() && wal_->idle(); }

}  // namespace storage
