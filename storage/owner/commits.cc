#include "storage/owner/commits.h"

#include <algorithm>
#include <string>
#include <utility>

#include "engine/base/byte_stream.h"
#include "engine/base/bytes.h"
#include "engine/base/sabotage.h"
#include "engine/base/verify.h"
#include "storage/wal/names.h"
#include "storage/wal/request_mark.h"
#include "storage/wal/request_note.h"

namespace storage {
namespace {

// Of the attachments of a frame: a DATA frame may have a note, a PART has a mark, the COMMIT that decides has both.
constexpr size_t attachments_size_max = request_mark_size + request_note_size_max;

// What a frame takes at most: its symbol section is not made before there is room for it.
size_t stored_size_bound(const RoutedBatch& batch) {
  return engine::align_up(wal_body_offset(symbol_section_size_max(batch.symbols), request_note_size_max) + batch.body.size(),
                          wal_frame_alignment);
}
static_assert(request_mark_size <= request_note_size_max);

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
    : shard_(shard),
      options_(options),
      counters_(counters),
      lanes_(lanes),
      listener_(listener),
      requests_(options.parts_max, lanes.row_room()),
      notes_(lanes.rounds(), options.repeats, *this) {}

absl::Status Commits::open_wal(const Database& database, std::span<const std::string> reusable) {
  VERIFY(wal_ == nullptr);
  ASSIGN_OR_RETURN(wal_, WalWriter::open(shard_.reactor(), options_.wal, database, shard_.id(), reusable));
  wal_->set_listener(this);
  notes_.set_stream(wal_->stream());
  lanes_.set_log(*wal_);
  return absl::OkStatus();
}

void Commits::reject(const Lane& lane, RoutedBatch& batch, absl::Status why) {
  VERIFY(!why.ok());
  batch.rejection = std::move(why);
  batch.crowded = lane.writer().crowded();
  if (batch.part != 0) requests_.add_rejected(batch);
  ++counters_.batches_rejected;
  shard_.endpoint().send_return(batch.source, make_message(MessageKind::batch_home, &batch));
}

// Whatever may say no comes before resolve_symbols(): what that adds to a dictionary must stand in this frame, so from there on
// nothing fails. The commit's number is taken last, as a number without a frame would be a hole that no start goes past.
bool Commits::try_commit(RoutedBatch& batch) {
  Lane* lane = lanes_.find(batch.lane);
  VERIFY(lane != nullptr);              // a source learns of a table by its owner's answer
  VERIFY(!lane->schema()->is_dropped);  // and forgets it before it is dropped
  if (is_closed(*lane, batch)) return true;
  const uint64_t size = stored_size_bound(batch);
  if (absl::Status fits = check_fits(lane->schema()->name, "a row of it", size); !fits.ok()) {
    reject(*lane, batch, std::move(fits));
    return true;
  }
  if (try_refuse_hurried(batch)) return true;
  if (batch.part != 0 && !requests_.has_room()) {
    reject(*lane, batch, no_room_for_part(batch));
    return true;
  }
  if (batch.part != 0 && wal_->is_reserved(size)) {
    reject(*lane, batch, status_of(hurry_of(batch.request)));
    return true;
  }
  if (!wal_->has_room(size)) return false;
  if (!resolve_symbols(*lane, batch)) return true;
  encode_symbol_section(batch.symbols, fresh_symbols_, head_);
  VERIFY_LE(wal_body_offset(head_.size(), request_note_size_max) + batch.body.size(), size);  // the bound was one
  append_rows(*lane, batch);
  return true;
}

// One that takes half of the room would not find it later either.
absl::Status Commits::no_room_for_part(const RoutedBatch& batch) const {
  const bool is_too_large = requests_.extent_of(batch.request).parts >= options_.parts_max / 2;
  const absl::StatusCode code = is_too_large ? absl::StatusCode::kOutOfRange : absl::StatusCode::kUnavailable;
  std::string message = is_too_large ? "transaction is too large: " : "too much at a time: ";
  message.append(std::to_string(options_.parts_max)).append(" pieces of requests may wait for the ends of these");
  return engine::make_status(code, message);
}

DatedNote Commits::dated(const RequestNote& note) const { return {.note = note, .time = shard_.reactor().now()}; }

// A part has no number of its own: its frame says after which commit of the lane it came.
void Commits::append_rows(Lane& lane, RoutedBatch& batch) {
  const bool is_part = batch.part != 0;
  const auto mark = encode_request_mark({.request = batch.request, .part = batch.part, .is_shared = false});
  batch.txn = is_part ? lane.commits().last() : lane.commits().next();
  WalFrame frame{.type = is_part ? FrameType::part : FrameType::data,
                 .lane = batch.lane,
                 .txn = batch.txn,
                 .lsn = {},
                 .head = head_,
                 .body = batch.body,
                 .body_crc = batch.body_crc};
  const DatedNote dated_note = dated(batch.note);
  const EncodedNote note(dated_note);
  frame.attachments = is_part ? std::span<const std::byte>(mark) : note.bytes();
  frame.attachments_must_be_known = is_part;
  append(lane, frame, {.lsn = {}, .txn = batch.txn, .lane = &lane, .batch = &batch, .schema = {}, .request = batch.request});
  if (is_part) {
    requests_.add(batch, wal_->last(), wal_->last_place());
    reserve_ends();
  }
  if (batch.note.is_set()) notes_.add(wal_->last(), dated_note);
}

void Commits::append(Lane& lane, const WalFrame& frame, Frame in_flight) {
  in_flight.lsn = wal_->append(frame);
  in_flight.type = frame.type;
  in_flight.place = wal_->last_place();
  VERIFY(in_flight_.empty() || in_flight_.back().lsn < in_flight.lsn);
  VERIFY_EQ(in_flight.lsn, wal_->last());
  VERIFY_EQ(in_flight.txn, frame.txn);
  if (frame.type != FrameType::part) lanes_.hold(lane, frame.txn, in_flight.lsn);
  in_flight_.push_back(std::move(in_flight));
}

void Commits::answer(RequestAsk& ask) {
  shard_.endpoint().send_return(ask.source, make_message(MessageKind::request_answer, &ask));
}

bool Commits::try_request(RequestAsk& ask) {
  switch (ask.step) {
    case RequestAsk::Step::commit:
      return try_commit_request(ask);
    case RequestAsk::Step::abandon:
      return try_abort_request(ask);
    case RequestAsk::Step::conclude:
      requests_.conclude(ask.request);
      release();
      answer(ask);
      return true;
  }
  UNREACHABLE("step of a request");
}

// Lane by lane, as the log has room. From the first frame on nothing is rejected: with several lanes it decides for all.
bool Commits::try_commit_request(RequestAsk& ask) {
  if (ask.lanes_done == 0) {
    std::optional<absl::Status> checked = requests_.check(ask);
    if (!checked) return false;
    ask.rejection = *std::move(checked);
    if (!ask.rejection.ok()) {
      answer(ask);
      return true;
    }
  }
  for (; ask.lanes_done < ask.lanes.size(); ++ask.lanes_done) {
    if (!try_append_end(FrameType::commit, ask, ask.lanes[ask.lanes_done])) return false;
  }
  reply_when_durable(wal_->last(), ask.source, make_message(MessageKind::request_answer, &ask));
  return true;
}

bool Commits::try_abort_request(RequestAsk& ask) {
  for (; ask.lanes_done < ask.lanes.size(); ++ask.lanes_done) {
    RequestAsk::Lane& member = ask.lanes[ask.lanes_done];
    member.parts = requests_.frame_count(ask.request, member.lane);
    if (member.parts == 0) {
      requests_.drop(ask.request, member.lane);
      reserve_ends();
    } else if (!try_append_end(FrameType::abort, ask, member)) {
      return false;
    }
  }
  answer(ask);
  return true;
}

std::vector<std::byte> Commits::encode_end(const RequestAsk& ask, uint32_t parts, bool is_shared, bool decides) const {
  engine::ByteWriter attachments;
  attachments.put_bytes(encode_request_mark({.request = ask.request, .part = parts, .is_shared = is_shared}));
  const bool has_note = decides && !engine::sabotaged("note_left_out");
  if (has_note) attachments.put_bytes(EncodedNote(dated(ask.note)).bytes());
  return attachments.take();
}

// The lane's COMMIT or ABORT.
bool Commits::try_append_end(FrameType type, RequestAsk& ask, const RequestAsk::Lane& member) {
  if (!wal_->has_room(wal_body_offset(0, attachments_size_max), WalWriter::Use::letting_go)) return false;
  Lane* const lane = lanes_.find(member.lane);
  VERIFY(lane != nullptr);
  const bool is_commit = type == FrameType::commit;
  const bool is_shared = is_commit && (ask.is_shared || ask.lanes.size() > 1);
  const bool decides = is_commit && ask.decides && ask.lanes_done == 0;
  std::vector<std::byte> attachments = encode_end(ask, member.parts, is_shared, decides);
  const Txn txn = lane->commits().next();
  append(*lane,
         {.type = type,
          .lane = member.lane,
          .txn = txn,
          .lsn = {},
          .head = {},
          .body = {},
          .body_crc = 0,
          .attachments = attachments,
          .attachments_must_be_known = true},
         {.lsn = {},
          .txn = txn,
          .lane = lane,
          .batch = nullptr,
          .schema = {},
          .request = ask.request,
          .is_last = is_commit && !ask.is_shared && ask.lanes_done + 1 == ask.lanes.size()});
  if (!is_commit) {
    requests_.abort(ask.request, member.lane, txn);
    reserve_ends();
    return true;
  }
  requests_.commit(ask.request, member.lane, txn);
  if (decides && ask.note.is_set()) notes_.add(wal_->last(), dated(ask.note));
  if (is_shared && decides && !engine::sabotaged("decision_forgotten")) requests_.keep_decision(ask.request, wal_->last());
  return true;
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
         {.lsn = {}, .txn = txn, .lane = &lane, .batch = nullptr, .schema = schema, .request = {}});
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
  switch (frame.type) {
    case FrameType::create:
    case FrameType::schema:
      return lanes_.add_schema(*frame.lane, frame.txn, frame.schema);
    case FrameType::data:
    case FrameType::part:
      return settle_rows(frame);
    case FrameType::commit: {
      CommitRows rows = requests_.take_rows(frame.request, frame.lane->id());
      reserve_ends();
      counters_.rows_committed += rows.rows;
      if (frame.is_last) requests_.conclude(frame.request);  // its lanes are still to be checkpointed, and then it is released
      return lanes_.add_request(*frame.lane, frame.txn, frame.request, std::move(rows));
    }
    case FrameType::abort:
      return lanes_.add_request(*frame.lane, frame.txn, frame.request, {});
  }
  UNREACHABLE("FrameType");
}

// The next part may begin a further one.
void Commits::reserve_ends() { wal_->set_reserve(requests_.end_count() + 1); }

void Commits::settle_rows(const Frame& frame) {
  RoutedBatch& batch = *frame.batch;
  VERIFY_EQ(batch.txn, frame.txn);
  if (frame.type == FrameType::part) {
    requests_.note_durable(batch, frame.place);
  } else {
    lanes_.add_rows(*frame.lane, frame.txn, batch, frame.place);
    counters_.rows_committed += batch.rows;
  }
  ++counters_.batches;
  batch.crowded = frame.lane->writer().crowded();
  for (int i = engine::sabotaged("batch_homed_twice") ? 2 : 1; i > 0; --i) {
    shard_.endpoint().send_return(batch.source, make_message(MessageKind::batch_home, &batch));
  }
}

// Up to before the oldest frame that any lane needs; all, when none needs one:
//
//   frames 1 ... 9;   lane a holds 5 and 8, lane b 7 and 9, lane c nothing   ->   1 to 4
void Commits::release(const Lane& lane) {
  requests_.forget(lane.id(), lane.writer().checkpointed());
  release();
}

void Commits::release() {
  const Lsn none{wal_->last().value + 1};
  const Lsn needed = std::min(lanes_.oldest_needed(none), requests_.oldest_needed(none));
  VERIFY_GT(needed.value, 0U);
  Lsn released{needed.value - 1};
  if (engine::sabotaged("needed_frame_released")) released = std::min(needed, wal_->durable());
  const Lsn noted = notes_.releasable(released, shard_.reactor().now());
  if (noted < released && wal_->frees_segments(released)) notes_.write(wal_->durable(), shard_.reactor().now());
  released = noted;
  const uint64_t recycled_before = wal_->recycle_count();
  wal_->release(released);
  // What follows writes over rows that only the column files have then: ask everybody, rarely, by another way.
  if (wal_->recycle_count() != recycled_before) VERIFY(!lanes_.needs_any_up_to(released));
}

bool Commits::try_refuse_hurried(RoutedBatch& batch) {
  if (batch.part == 0 || !requests_.is_hurried(batch.request)) return false;
  reject(*lanes_.find(batch.lane), batch, status_of(requests_.hurried()));
  return true;
}

// One that takes most of what is held is in nobody's way but its own.
RequestHurry Commits::hurry_of(RequestId request) const {
  const bool is_too_large = requests_.extent_of(request).log_size >= wal_->held_size() / 2;
  return {.request = request, .log_size_max = is_too_large ? options_.wal.size_max / 2 : 0};
}

// Its source knows whether it can still fail.
void Commits::hurry_request() {
  if (!is_log_filling()) return;
  const std::optional<OpenRequests::Oldest> oldest = requests_.oldest_open();
  const Lsn none{wal_->last().value + 1};
  if (!oldest || oldest->first > lanes_.oldest_needed(none)) return;
  const RequestHurry hurry = hurry_of(oldest->request);
  const engine::ShardId source = stream_shard(oldest->request.source);
  if (shard_.endpoint().try_send(source, make_message(MessageKind::request_hurry, hurry))) requests_.set_hurried(hurry);
}

bool Commits::is_log_filling() const {
  return wal_->held_size() > options_.wal.segment_size && wal_->held_size() >= options_.wal.size_max / 2;
}

}  // namespace storage
