#include "storage/recovery/recovery.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "engine/base/sabotage.h"
#include "engine/base/verify.h"
#include "engine/reactor/reactor.h"
#include "storage/apply/lane_writer.h"
#include "storage/apply/row_block.h"
#include "storage/batch/batch_view.h"
#include "storage/batch/symbol_section.h"
#include "storage/recovery/dropped_tables.h"
#include "storage/recovery/frame_check.h"
#include "storage/recovery/recovered_notes.h"
#include "storage/table/file_names.h"
#include "storage/table/files.h"
#include "storage/wal/frame_fetch.h"
#include "storage/wal/names.h"
#include "storage/wal/reader.h"
#include "storage/wal/request_mark.h"
#include "storage/wal/streams.h"

namespace storage {
namespace {

constexpr engine::Duration turn_max = engine::seconds(1);

std::string frame_name(StreamId stream, const WalFrame& frame) {
  return "wal stream " + stream_name(stream) + ", frame " + std::to_string(frame.lsn.value);
}

// A frame's schema is of the frame's table.
absl::StatusOr<Schema> read_schema_frame(StreamId stream, const WalFrame& frame) {
  ASSIGN_OR_RETURN(Schema schema, decode_schema(frame.head, frame_name(stream, frame)));
  if (schema.table == frame.lane.table) return schema;
  return engine::data_loss(frame_name(stream, frame) + ": a schema of table " + std::to_string(schema.table.value) +
                           ", expected table " + std::to_string(frame.lane.table.value));
}

// Requests of several lanes that have committed in one of them, and so in all.
using Decisions = absl::flat_hash_set<RequestId>;

absl::StatusOr<RequestMark> read_mark(StreamId stream, const WalFrame& frame) {
  if (const std::optional<RequestMark> mark = find_request_mark(frame.attachments)) return *mark;
  return engine::data_loss(frame_name(stream, frame) + ": a part or commit of a request that it does not name");
}

// To its end, and nothing of it is believed but that it has one, and what it has decided. The sequence of the last segment in
// use, or what is damaged.
absl::StatusOr<uint64_t> read_through(engine::IoBackend& backend, const Database& database, const WalStreamFiles& stream,
                                      Decisions& decisions, RecoveredNotes& notes) {
  WalReader reader(backend, database, stream);
  while (true) {
    ASSIGN_OR_RETURN(const std::optional<WalFrame> frame, reader.next());
    if (!frame) return reader.counts().sequence_last;
    notes.add(stream.stream, *frame);
    if (frame->type != FrameType::commit) continue;
    ASSIGN_OR_RETURN(const RequestMark mark, read_mark(stream.stream, *frame));
    if (mark.is_shared) decisions.insert(mark.request);
  }
}

// Replays streams into lane writers of its own, which are gone when the shards load the lanes. Rows are applied as in life:
// those of a lane when there are enough of them, all when the account of unapplied rows is full, whatever other lanes do
// meanwhile.
class Replay final : public LaneWriterListener {
 public:
  Replay(engine::IoBackend& backend, const RecoveryOptions& options, RecoveryReport& report)
      : backend_(backend), options_(options), report_(report), reactor_(backend), rounds_(reactor_, options.rounds) {}
  Replay(const Replay&) = delete;
  Replay& operator=(const Replay&) = delete;
  // After an error writers may have requests on their way, which refer to them.
  ~Replay() {
    while (reactor_.in_flight() != 0) reactor_.turn(backend_.now() + turn_max);
  }

  absl::Status load_schemas();
  absl::Status replay(const Database& database, const WalStreamFiles& stream);
  // Behind the last stream: lanes that had not come to their COMMIT of a request that was decided.
  absl::Status commit_decided(const Decisions& decisions);
  absl::Status checkpoint();
  // After the checkpoint: the backend outlives the reactor, which a file's end only hands its close to.
  void close_files();
  TablesById& tables() { return schemas_; }

 private:
  // Of a frame. Views are of its bytes.
  struct CheckedRows {
    BatchView view;
    std::vector<ResolvedSymbols> symbols;  // all of them known
  };

  // Rows that were checked.
  struct Part {
    std::vector<std::byte> body;
    std::vector<ResolvedSymbols> symbols;
  };

  // Without its COMMIT yet. The first parts are kept in memory, as far as it goes; the others are read again.
  struct Request {
    RequestId id;
    const WalStreamFiles* stream = nullptr;
    std::vector<Part> kept{};
    std::vector<WalFramePlace> places{};

    size_t part_count() const { return kept.size() + places.size(); }
  };

  // One that a frame speaks of. What the others have on disk is whole: the WAL has forgotten their frames.
  struct Lane {
    std::unique_ptr<LaneWriter> writer;
    RowBlock pending;
    Txn last;                         // frame seen, or checkpointed
    Txn logged;                       // by any frame that is there
    std::vector<Request> requests{};  // in the order of the log
  };

  void on_applied(LaneWriter&, RowBlock) override {}
  void on_checkpointed(LaneWriter&) override {}
  void on_failed(LaneWriter&, const absl::Status& status) override { status_ = status; }

  absl::StatusOr<Lane*> find_lane(StreamId stream, const WalFrame& frame);
  absl::Status replay_frame(StreamId stream, const WalFrame& frame);
  absl::Status replay_schema(StreamId stream, const WalFrame& frame, Lane& lane);
  absl::Status replay_rows(StreamId stream, const WalFrame& frame, Lane& lane);
  absl::Status replay_part(StreamId stream, const WalFrame& frame, Lane& lane);
  absl::Status replay_end(StreamId stream, const WalFrame& frame, Lane& lane);
  absl::StatusOr<CheckedRows> check_rows_of(StreamId stream, const WalFrame& frame, Lane& lane);
  void append_rows(Txn txn, const BatchView& rows, std::span<const ResolvedSymbols> symbols, Lane& lane);
  absl::Status append_parts(Txn txn, const Request& request, Lane& lane);
  absl::Status append_read(Txn txn, const Request& request, Lane& lane);
  void forget(Lane& lane, std::vector<Request>::iterator request);
  absl::Status restore_symbols(const SymbolSection& section, Lane& lane);
  absl::Status apply_enough();
  absl::Status apply(Lane& lane, BlockEnd end);
  absl::Status apply_all();
  void begin_apply(Lane& lane, BlockEnd end);
  absl::Status wait_until_idle();

  engine::IoBackend& backend_;
  const RecoveryOptions& options_;
  RecoveryReport& report_;
  engine::Reactor reactor_;
  Rounds rounds_;
  TablesById schemas_;  // the newest of each table
  std::map<LaneId, Lane> lanes_;
  const Database* database_ = nullptr;
  const WalStreamFiles* stream_ = nullptr;  // that is read
  const WalReader* reader_ = nullptr;
  Lane* last_lane_ = nullptr;  // of the last frame
  size_t kept_size_ = 0;       // of parts
  size_t pending_size_ = 0;    // of all lanes
  absl::Status status_;        // of the first step that failed
};

// A table whose schema file is not durable yet is in the WAL only.
absl::Status Replay::load_schemas() {
  const auto entries = backend_.list_directory(tables_directory);
  if (absl::IsNotFound(entries.status())) return absl::OkStatus();
  if (!entries.ok()) return entries.status();
  for (const engine::DirectoryEntry& entry : *entries) {
    const std::optional<TableId> id = parse_table_name(entry.name);
    if (!id) continue;
    ASSIGN_OR_RETURN(std::optional<Schema> schema, read_schema(backend_, *id));
    if (schema) schemas_.emplace(*id, std::make_shared<const Schema>(*std::move(schema)));
  }
  return absl::OkStatus();
}

absl::Status Replay::replay(const Database& database, const WalStreamFiles& stream) {
  WalReader reader(backend_, database, stream);
  database_ = &database;
  stream_ = &stream;
  reader_ = &reader;
  while (true) {
    ASSIGN_OR_RETURN(const std::optional<WalFrame> frame, reader.next());
    if (!frame) break;
    RETURN_IF_ERROR(replay_frame(stream.stream, *frame));
    RETURN_IF_ERROR(apply_enough());
  }
  report_.torn_tails += reader.counts().tail_torn ? 1 : 0;
  return absl::OkStatus();
}

absl::StatusOr<Replay::Lane*> Replay::find_lane(StreamId stream, const WalFrame& frame) {
  if (const auto found = lanes_.find(frame.lane); found != lanes_.end()) return &found->second;
  const TableId table = frame.lane.table;
  if (frame.type == FrameType::create && !schemas_.contains(table)) {
    ASSIGN_OR_RETURN(Schema schema, read_schema_frame(stream, frame));
    schemas_.emplace(table, std::make_shared<const Schema>(std::move(schema)));
  }
  const auto schema = schemas_.find(table);
  if (schema == schemas_.end()) {
    return engine::data_loss(frame_name(stream, frame) + ": table " + std::to_string(table.value) +
                             " has neither a schema file nor an earlier CREATE frame");
  }
  Lane& lane = lanes_[frame.lane];
  lane.writer = std::make_unique<LaneWriter>(rounds_, schema->second, frame.lane, *this);
  RETURN_IF_ERROR(lane.writer->load(Names::perhaps_durable));
  lane.last = lane.writer->checkpointed();
  return &lane;
}

// A part stands between two commits of its lane and is none itself. That its COMMIT was checkpointed is seen when that comes.
absl::Status Replay::replay_frame(StreamId stream, const WalFrame& frame) {
  ASSIGN_OR_RETURN(Lane* const lane, find_lane(stream, frame));
  last_lane_ = lane;
  lane->logged = std::max(lane->logged, frame.txn);
  if (frame.type == FrameType::part) return replay_part(stream, frame, *lane);
  if (frame.txn <= lane->last) {  // checkpointed before
    return ends_request(frame.type) ? replay_end(stream, frame, *lane) : absl::OkStatus();
  }
  if (frame.txn.value != lane->last.value + 1) {
    return engine::data_loss(frame_name(stream, frame) + ": txn of table " + std::to_string(frame.lane.table.value) +
                             ", lane " + std::to_string(frame.lane.lane.value) + ": expected " +
                             std::to_string(lane->last.value + 1) + ", found " + std::to_string(frame.txn.value));
  }
  lane->last = frame.txn;
  ++report_.frames_replayed;
  switch (frame.type) {
    case FrameType::create:
    case FrameType::schema:
      return replay_schema(stream, frame, *lane);
    case FrameType::data:
      return replay_rows(stream, frame, *lane);
    case FrameType::commit:
    case FrameType::abort:
      return replay_end(stream, frame, *lane);
    case FrameType::part:
      break;
  }
  UNREACHABLE("FrameType");
}

// Rows that wait stay as they are: columns are known by their ids, and no version takes one away.
absl::Status Replay::replay_schema(StreamId stream, const WalFrame& frame, Lane& lane) {
  ASSIGN_OR_RETURN(Schema schema, read_schema_frame(stream, frame));
  SchemaRef& newest = schemas_.at(frame.lane.table);
  if (schema.version > newest->version) {
    newest = std::make_shared<const Schema>(std::move(schema));
    for (auto& [id, other] : lanes_) {
      if (id.table == frame.lane.table) other.writer->set_schema(newest);
    }
  }
  lane.pending.advance(frame.txn);
  return absl::OkStatus();
}

absl::Status Replay::restore_symbols(const SymbolSection& section, Lane& lane) {
  for (const NewSymbol& symbol : section.fresh) {
    RETURN_IF_ERROR(lane.writer->dictionary(symbol.column).restore(symbol.id, symbol.text));
  }
  for (const ResolvedSymbols& column : section.columns) {
    const uint32_t known = lane.writer->dictionary(column.column).size();
    for (const SymbolId id : column.ids) {
      if (id.value < known) continue;
      return engine::data_loss("symbol " + std::to_string(id.value) + " of column " + std::to_string(column.column.value) +
                               " has no text; the dictionary ends at " + std::to_string(known));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Replay::CheckedRows> Replay::check_rows_of(StreamId stream, const WalFrame& frame, Lane& lane) {
  const auto with_place = [&](const absl::Status& status) {
    return engine::make_status(status.code(), frame_name(stream, frame) + ": " + std::string(engine::message_of(status)));
  };
  absl::StatusOr<SymbolSection> section = decode_symbol_section(frame.head);
  if (!section.ok()) return with_place(section.status());
  absl::StatusOr<BatchView> view = BatchView::parse(frame.body);
  if (!view.ok()) return with_place(view.status());
  if (view->schema_version() > lane.writer->schema()->version) {
    return with_place(engine::data_loss("rows of schema version " + std::to_string(view->schema_version()) +
                                        ", the newest known is " + std::to_string(lane.writer->schema()->version)));
  }
  if (const absl::Status status = check_rows(*view, *section, *lane.writer->schema()); !status.ok()) return with_place(status);
  if (const absl::Status status = restore_symbols(*section, lane); !status.ok()) return with_place(status);
  return CheckedRows{.view = *std::move(view), .symbols = std::move(section->columns)};
}

absl::Status Replay::replay_rows(StreamId stream, const WalFrame& frame, Lane& lane) {
  ASSIGN_OR_RETURN(const CheckedRows rows, check_rows_of(stream, frame, lane));
  append_rows(frame.txn, rows.view, rows.symbols, lane);
  return absl::OkStatus();
}

void Replay::append_rows(Txn txn, const BatchView& rows, std::span<const ResolvedSymbols> symbols, Lane& lane) {
  const size_t size_before = lane.pending.memory_size();
  lane.pending.append(txn, rows, symbols);
  VERIFY_GE(lane.pending.memory_size(), size_before);
  pending_size_ += lane.pending.memory_size() - size_before;
  report_.rows_replayed += rows.rows();
}

// Its symbols are learned, whatever becomes of the request: later frames may use them.
absl::Status Replay::replay_part(StreamId stream, const WalFrame& frame, Lane& lane) {
  ASSIGN_OR_RETURN(const RequestMark mark, read_mark(stream, frame));
  ASSIGN_OR_RETURN(CheckedRows rows, check_rows_of(stream, frame, lane));
  auto request = std::ranges::find(lane.requests, mark.request, &Request::id);
  if (request == lane.requests.end()) request = lane.requests.insert(request, Request{.id = mark.request, .stream = stream_});
  if (request->places.empty() && kept_size_ + frame.body.size() <= options_.logged_size_max) {
    kept_size_ += frame.body.size();
    request->kept.push_back({.body = {frame.body.begin(), frame.body.end()}, .symbols = std::move(rows.symbols)});
  } else {
    request->places.push_back(reader_->place());
  }
  return absl::OkStatus();
}

// A COMMIT, or an ABORT. Of one that is checkpointed the parts are forgotten, no more.
absl::Status Replay::replay_end(StreamId stream, const WalFrame& frame, Lane& lane) {
  ASSIGN_OR_RETURN(const RequestMark mark, read_mark(stream, frame));
  const auto request = std::ranges::find(lane.requests, mark.request, &Request::id);
  const size_t found = request == lane.requests.end() ? 0 : request->part_count();
  const bool is_needed = lane.writer->checkpointed() < frame.txn;
  if (is_needed && (found == 0 || found != mark.part)) {
    return engine::data_loss(frame_name(stream, frame) + ": a request of " + std::to_string(mark.part) + " parts, found " +
                             std::to_string(found));
  }
  if (is_needed && frame.type == FrameType::commit) RETURN_IF_ERROR(append_parts(frame.txn, *request, lane));
  if (is_needed && frame.type == FrameType::abort) lane.pending.advance(frame.txn);
  if (request != lane.requests.end()) forget(lane, request);
  return absl::OkStatus();
}

void Replay::forget(Lane& lane, std::vector<Request>::iterator request) {
  for (const Part& part : request->kept) kept_size_ -= part.body.size();
  lane.requests.erase(request);
}

// All of them, before anything else is looked at. What is larger than a block is applied in front of the next part, so that
// the last one stays, whose block has the commit's end.
absl::Status Replay::append_parts(Txn txn, const Request& request, Lane& lane) {
  for (const Part& part : request.kept) {
    if (lane.pending.memory_size() >= options_.apply_size_min) RETURN_IF_ERROR(apply(lane, BlockEnd::goes_on));
    const absl::StatusOr<BatchView> view = BatchView::parse(part.body);
    VERIFY(view.ok());
    append_rows(txn, *view, part.symbols, lane);
  }
  return request.places.empty() ? absl::OkStatus() : append_read(txn, request, lane);
}

absl::Status Replay::append_read(Txn txn, const Request& request, Lane& lane) {
  WalFrameFetch fetch(backend_, *database_, *request.stream);
  for (const WalFramePlace& place : request.places) {
    if (lane.pending.memory_size() >= options_.apply_size_min) RETURN_IF_ERROR(apply(lane, BlockEnd::goes_on));
    ASSIGN_OR_RETURN(const WalFrame frame, fetch.fetch(place));
    ASSIGN_OR_RETURN(const CheckedRows rows, check_rows_of(request.stream->stream, frame, lane));
    append_rows(txn, rows.view, rows.symbols, lane);
  }
  return absl::OkStatus();
}

// A lane with parts and without a COMMIT had nothing to come between: its next txn is the request's. Who finds the txn
// checkpointed already is in the second start of a crash.
absl::Status Replay::commit_decided(const Decisions& decisions) {
  for (auto& [id, lane] : lanes_) {
    for (const Request& request : std::exchange(lane.requests, {})) {
      if (!decisions.contains(request.id) && !engine::sabotaged("undecided_committed")) continue;
      lane.logged.value += 1;
      if (lane.logged <= lane.last) continue;
      VERIFY_EQ(lane.logged.value, lane.last.value + 1);
      lane.last = lane.logged;
      RETURN_IF_ERROR(append_parts(lane.last, request, lane));
    }
  }
  return absl::OkStatus();
}

absl::Status Replay::wait_until_idle() {
  const auto is_idle = [](const auto& entry) { return entry.second.writer->idle(); };
  while (status_.ok() && !std::ranges::all_of(lanes_, is_idle)) {
    reactor_.turn(backend_.now() + turn_max);
  }
  return status_;
}

void Replay::begin_apply(Lane& lane, BlockEnd end) {
  VERIFY_GE(pending_size_, lane.pending.memory_size());
  pending_size_ -= lane.pending.memory_size();
  lane.writer->apply(std::exchange(lane.pending, RowBlock()), end);
}

absl::Status Replay::apply_enough() {
  if (last_lane_->pending.memory_size() >= options_.apply_size_min) RETURN_IF_ERROR(apply(*last_lane_, BlockEnd::whole));
  return pending_size_ < options_.pending_size_max ? absl::OkStatus() : apply_all();
}

absl::Status Replay::apply(Lane& lane, BlockEnd end) {
  begin_apply(lane, end);
  while (status_.ok() && !lane.writer->idle()) reactor_.turn(backend_.now() + turn_max);
  return status_;
}

absl::Status Replay::apply_all() {
  for (auto& [id, lane] : lanes_) {
    if (!lane.pending.empty()) begin_apply(lane, BlockEnd::whole);
  }
  VERIFY_EQ(pending_size_, 0U);
  return wait_until_idle();
}

absl::Status Replay::checkpoint() {
  RETURN_IF_ERROR(apply_all());
  for (auto& [id, lane] : lanes_) {
    VERIFY_EQ(lane.writer->applied(), lane.last);
    if (lane.writer->dirty()) lane.writer->checkpoint();
  }
  RETURN_IF_ERROR(wait_until_idle());
  // The caller now gives up the streams that all of it came from.
  for (auto& [id, lane] : lanes_) VERIFY_EQ(lane.writer->checkpointed(), lane.last);
  return absl::OkStatus();
}

void Replay::close_files() {
  lanes_.clear();
  while (reactor_.has_queued()) reactor_.turn(backend_.now());
  VERIFY_EQ(reactor_.in_flight(), 0U);
}

// Every stream is read before anything is changed: damage in any of them leaves all as it is, and what is applied finds the
// space of segments that were made ahead and never begun, which on a full disk it may need.
absl::StatusOr<Decisions> read_all(engine::IoBackend& backend, const Database& database, std::span<WalStreamFiles> streams,
                                   RecoveredNotes& notes) {
  Decisions decisions;
  std::vector<uint64_t> sequences_last;
  for (const WalStreamFiles& stream : streams) {
    ASSIGN_OR_RETURN(const uint64_t sequence_last, read_through(backend, database, stream, decisions, notes));
    sequences_last.push_back(sequence_last);
  }
  for (size_t i = 0; i < streams.size(); ++i) {
    RETURN_IF_ERROR(remove_unbegun_segments(backend, streams[i], sequences_last[i]));
  }
  return decisions;
}

}  // namespace

absl::StatusOr<Recovery> recover(engine::IoBackend& backend, const RecoveryOptions& options) {
  Recovery recovery;
  ASSIGN_OR_RETURN(const Superblock superblock, open_or_create_superblock(backend));
  recovery.database = superblock.database;
  recovery.report.created = superblock.created;
  recovery.report.superblock_copies = superblock.copies_valid;
  ASSIGN_OR_RETURN(WalInventory inventory, list_streams(backend, superblock.database));
  recovery.report.streams = inventory.streams.size();

  RecoveredNotes notes(options.repeats);
  ASSIGN_OR_RETURN(const Decisions decisions, read_all(backend, superblock.database, inventory.streams, notes));
  ASSIGN_OR_RETURN(recovery.notes, notes.collect(backend, inventory.streams));

  Replay replay(backend, options, recovery.report);
  RETURN_IF_ERROR(replay.load_schemas());
  for (const WalStreamFiles& stream : inventory.streams) {
    RETURN_IF_ERROR(replay.replay(superblock.database, stream));
    std::ranges::move(reusable_segments(stream, options.segment_size), std::back_inserter(recovery.reusable_segments));
  }
  RETURN_IF_ERROR(replay.commit_decided(decisions));
  for (const WalStreamFiles& stream : inventory.streams) {
    if (engine::sabotaged("released_before_checkpoint")) RETURN_IF_ERROR(release_stream(backend, stream.stream));
  }
  RETURN_IF_ERROR(replay.checkpoint());
  replay.close_files();
  RETURN_IF_ERROR(drop_replaced_tables(backend, replay.tables()));
  RETURN_IF_ERROR(notes.keep(backend, superblock.database.epoch, recovery.notes));
  // Those that were released before once more: their markers may be visible and not yet durable.
  recovery.released_streams = inventory.released;
  for (const WalStreamFiles& stream : inventory.streams) recovery.released_streams.push_back(stream.stream);
  for (const StreamId stream : recovery.released_streams) RETURN_IF_ERROR(release_stream(backend, stream));
  ASSIGN_OR_RETURN(recovery.table_last, find_last_table(backend));
  for (const auto& [id, schema] : replay.tables()) {
    if (!schema->is_dropped) recovery.tables.push_back(schema);
  }
  recovery.report.tables = recovery.tables.size();
  return recovery;
}

absl::Status remove_leftovers(engine::IoBackend& backend, const Recovery& recovery) {
  for (const StreamId stream : recovery.released_streams) RETURN_IF_ERROR(remove_stream(backend, stream));
  return remove_dropped_tables(backend, recovery.tables);
}

}  // namespace storage
