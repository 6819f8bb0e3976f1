#include "storage/owner/commits.h"

#include <algorithm>
#include <string>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/sabotage.h"
#include "engine/base/verify.h"

namespace storage {
namespace {

// What a frame takes at most: its symbol section is not made before there is room for it.
size_t stored_size_bound(const RoutedBatch& batch) {
  return engine::align_up(wal_body_offset(symbol_section_size_max(batch.symbols), 0) + batch.body.size(), wal_frame_alignment);
}

// False when the dictionary would get more than `count_max` symbols. Counted exactly only where the upper bound is too much:
// most symbols of a batch are known.
bool takes_symbols(const SymbolDictionary& dictionary, const BatchSymbols& symbols, size_t count_max) {
  if (dictionary.size() + symbols.entries.size() <= count_max) return true;
  const auto is_new = [&](const BatchSymbols::Entry& entry) {
    return entry.id == symbol_none && !dictionary.contains(symbols.text(entry));
  };
  return dictionary.size() + static_cast<size_t>(std::ranges::count_if(symbols.entries, is_new)) <= count_max;
}

size_t stored_size(std::span<const std::byte> head) { return WalFrame{.head = head, .body = {}}.stored_size(); }

}  // namespace

Commits::Commits(engine::Shard& shard, const OwnerOptions& options, OwnerCounters& counters, Lanes& lanes,
                 CommitsListener& listener)
    : shard_(shard), options_(options), counters_(counters), lanes_(lanes), listener_(listener) {}

absl::Status Commits::open_wal(const Database& database, std::span<const std::string> reusable) {
  VERIFY(wal_ == nullptr);
  ASSIGN_OR_RETURN(wal_, WalWriter::open(shard_.reactor(), options_.wal, database, shard_.id(), reusable));
  wal_->set_listener(this);
  return absl::OkStatus();
}

void Commits::reject(const Lane& lane, RoutedBatch& batch, absl::Status why) {
  VERIFY(!why.ok());
  batch.rejection = std::move(why);
  batch.crowded = lane.writer().crowded();
  ++counters_.batches_rejected;
  shard_.endpoint().send_return(batch.source, make_message(MessageKind::batch_home, &batch));
}

// Whatever may say no comes before resolve_symbols(): what that adds to a dictionary must stand in this frame, so from there on
// nothing fails. The commit's number is taken last, as a number without a frame would be a hole that no start goes past.
bool Commits::try_commit(RoutedBatch& batch) {
  Lane* lane = lanes_.find(batch.lane);
  VERIFY(lane != nullptr);  // a source learns of a table by its owner's answer
  if (is_closed(*lane, batch)) return true;
  const uint64_t size = stored_size_bound(batch);
  if (absl::Status fits = check_fits(lane->schema()->name, "a row of it", size); !fits.ok()) {
    reject(*lane, batch, std::move(fits));
    return true;
  }
  if (!wal_->has_room(size)) return false;
  if (!resolve_symbols(*lane, batch)) return true;
  encode_symbol_section(batch.symbols, fresh_symbols_, head_);
  VERIFY_LE(wal_body_offset(head_.size(), 0) + batch.body.size(), size);  // the bound was one
  batch.txn = lane->commits().next();
  append(*lane,
         {.type = FrameType::data,
          .lane = batch.lane,
          .txn = batch.txn,
          .lsn = {},
          .head = head_,
          .body = batch.body,
          .body_crc = batch.body_crc},
         {.lsn = {}, .txn = batch.txn, .lane = lane, .batch = &batch, .schema = nullptr});
  return true;
}

void Commits::append(Lane& lane, const WalFrame& frame, Frame in_flight) {
  in_flight.lsn = wal_->append(frame);
  VERIFY(in_flight_.empty() || in_flight_.back().lsn < in_flight.lsn);
  VERIFY_EQ(in_flight.lsn, wal_->last());
  VERIFY_EQ(in_flight.txn, frame.txn);
  lanes_.hold(lane, frame.txn, in_flight.lsn);
  in_flight_.push_back(std::move(in_flight));
}

// True when a partition has no room for the batch; it is then on its way home, rejected.
bool Commits::is_closed(const Lane& lane, RoutedBatch& batch) {
  const CrowdedRef crowded = lane.writer().crowded();
  if (crowded == nullptr) return false;
  VERIFY_GE(batch.body.size(), sizeof(BatchHeader));
  const auto header = engine::load<BatchHeader>(batch.body.data());
  for (const CrowdedPartition& partition : *crowded) {
    if (!partition.is_closed_to(header.timestamp_min, header.timestamp_max)) continue;
    reject(lane, batch,
           engine::resource_exhausted("table " + lane.schema()->name + ": a batch has late rows; " + partition.describe()));
    return true;
  }
  return false;
}

// Gives every local symbol its id. False when a limit was reached; the batch is then on its way home, rejected, and no
// dictionary has changed: a new id whose text stands in no frame would be lost with the next crash.
bool Commits::resolve_symbols(Lane& lane, RoutedBatch& batch) {
  for (const BatchSymbols& symbols : batch.symbols) {
    if (takes_symbols(lane.writer().dictionary(symbols.column), symbols, options_.symbols_max)) continue;
    reject(lane, batch,
           engine::resource_exhausted("table " + lane.schema()->name + ": a symbol column has reached the limit of " +
                                      std::to_string(options_.symbols_max) + " distinct values"));
    return false;
  }
  fresh_symbols_.clear();
  for (BatchSymbols& symbols : batch.symbols) {
    SymbolDictionary& dictionary = lane.writer().dictionary(symbols.column);
    for (BatchSymbols::Entry& entry : symbols.entries) {
      if (entry.id != symbol_none) continue;
      const uint32_t size_before = dictionary.size();
      entry.id = dictionary.resolve(symbols.text(entry));
      VERIFY_LT(entry.id.value, dictionary.size());
      if (dictionary.size() == size_before) continue;
      fresh_symbols_.push_back({.column = symbols.column, .id = entry.id, .text = symbols.text(entry)});
    }
  }
  return true;
}

// Sources keep to what a segment takes; only a single row, or a schema, is larger, where wal.segment.size is too small for the
// lines that are taken.
absl::Status Commits::check_fits(const std::string& table, std::string_view what, uint64_t stored_size) const {
  const uint64_t size_max = frame_size_max(options_.wal.segment_size);
  if (stored_size <= size_max) return absl::OkStatus();
  std::string message = "table " + table + ": ";
  message.append(what).append(" takes ").append(std::to_string(stored_size)).append(" bytes of the log, at most ");
  message.append(std::to_string(size_max)).append(" fit (wal.segment.size)");
  return engine::resource_exhausted(message);
}

absl::Status Commits::check_fits(const Schema& schema) const {
  return check_fits(schema.name, "its schema", stored_size(encode_schema(schema)));
}

bool Commits::has_room_for(const Schema& schema) const { return wal_->has_room(stored_size(encode_schema(schema))); }

bool Commits::try_change_schema(Lane& lane, FrameType type, SchemaRef schema) {
  VERIFY(type == FrameType::create || type == FrameType::schema);
  VERIFY_EQ(schema->table, lane.id().table);
  const std::vector<std::byte> record = encode_schema(*schema);
  if (!wal_->has_room(stored_size(record))) return false;
  const Txn txn = lane.commits().next();
  append(lane, {.type = type, .lane = lane.id(), .txn = txn, .lsn = {}, .head = record, .body = {}},
         {.lsn = {}, .txn = txn, .lane = &lane, .batch = nullptr, .schema = schema});
  lane.change_schema(std::move(schema), wal_->last());
  ++counters_.schema_changes;
  return true;
}

// Up to which frame answers may leave: every answer passes here, that to a batch as well as that to a schema change.
Lsn Commits::answerable(Lsn durable) const { return engine::sabotaged("answers_not_awaited") ? wal_->last() : durable; }

void Commits::reply_when_durable(Lsn lsn, engine::ShardId target, const engine::MeshMessage& message) {
  VERIFY_LE(lsn, wal_->last());
  if (lsn <= answerable(wal_->durable())) return shard_.endpoint().send_return(target, message);
  replies_.push_back({.lsn = lsn, .target = target, .message = message});
}

void Commits::on_durable(Lsn upto) {
  VERIFY_LE(upto, wal_->last());
  const Lsn answered = answerable(upto);
  while (!in_flight_.empty() && in_flight_.front().lsn <= answered) {
    const Frame frame = std::move(in_flight_.front());
    in_flight_.pop_front();
    settle(frame);
  }
  std::erase_if(replies_, [&](const Reply& reply) {
    if (reply.lsn > answered) return false;
    shard_.endpoint().send_return(reply.target, reply.message);
    return true;
  });
}

void Commits::settle(const Frame& frame) {
  if (frame.batch == nullptr) return lanes_.add_schema(*frame.lane, frame.txn, frame.schema);
  RoutedBatch& batch = *frame.batch;
  VERIFY_EQ(batch.txn, frame.txn);
  lanes_.add_rows(*frame.lane, frame.txn, batch);
  ++counters_.batches;
  counters_.rows_committed += batch.rows;
  batch.crowded = frame.lane->writer().crowded();
  for (int i = engine::sabotaged("batch_homed_twice") ? 2 : 1; i > 0; --i) {
    shard_.endpoint().send_return(batch.source, make_message(MessageKind::batch_home, &batch));
  }
}

// Up to before the oldest frame that any lane needs; all, when none needs one:
//
//   frames 1 ... 9;   lane a holds 5 and 8, lane b 7 and 9, lane c nothing   ->   1 to 4
void Commits::release() {
  const Lsn needed = lanes_.oldest_needed(Lsn{wal_->last().value + 1});
  VERIFY_GT(needed.value, 0U);
  Lsn released{needed.value - 1};
  if (engine::sabotaged("needed_frame_released")) released = std::min(needed, wal_->durable());
  const uint64_t recycled_before = wal_->recycle_count();
  wal_->release(released);
  // What follows writes over rows that only the column files have then: ask everybody, rarely, by another way.
  if (wal_->recycle_count() != recycled_before) VERIFY(!lanes_.needs_any_up_to(released));
}

bool Commits::is_log_filling() const {
  return wal_->held_size() > options_.wal.segment_size && wal_->held_size() >= options_.wal.size_max / 2;
}

}  // namespace storage
