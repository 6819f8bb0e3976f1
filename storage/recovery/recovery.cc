#include "storage/recovery/recovery.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "engine/base/sabotage.h"
#include "engine/base/verify.h"
#include "engine/reactor/reactor.h"
#include "storage/apply/lane_writer.h"
#include "storage/apply/row_block.h"
#include "storage/batch/batch_view.h"
#include "storage/batch/symbol_section.h"
#include "storage/recovery/frame_check.h"
#include "storage/table/file_names.h"
#include "storage/table/files.h"
#include "storage/wal/names.h"
#include "storage/wal/reader.h"
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

// To its end, and nothing of it is believed but that it has one. The sequence of the last segment in use, or what is damaged.
absl::StatusOr<uint64_t> read_through(engine::IoBackend& backend, const Database& database, const WalStreamFiles& stream) {
  WalReader reader(backend, database, stream);
  while (true) {
    ASSIGN_OR_RETURN(const std::optional<WalFrame> frame, reader.next());
    if (!frame) return reader.counts().sequence_last;
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
  absl::Status checkpoint();
  // After the checkpoint: the backend outlives the reactor, which a file's end only hands its close to.
  void close_files();
  std::vector<SchemaRef> schemas() const;

 private:
  // One that a frame speaks of. What the others have on disk is whole: the WAL has forgotten their frames.
  struct Lane {
    std::unique_ptr<LaneWriter> writer;
    RowBlock pending;
    Txn last;  // frame seen, or checkpointed
  };

  void on_applied(LaneWriter&, RowBlock) override {}
  void on_checkpointed(LaneWriter&) override {}
  void on_failed(LaneWriter&, const absl::Status& status) override { status_ = status; }

  absl::StatusOr<Lane*> find_lane(StreamId stream, const WalFrame& frame);
  absl::Status replay_frame(StreamId stream, const WalFrame& frame);
  absl::Status replay_schema(StreamId stream, const WalFrame& frame, Lane& lane);
  absl::Status replay_rows(StreamId stream, const WalFrame& frame, Lane& lane);
  absl::Status restore_symbols(const SymbolSection& section, Lane& lane);
  absl::Status apply(Lane& lane);
  absl::Status apply_all();
  void begin_apply(Lane& lane);
  absl::Status wait_until_idle();

  engine::IoBackend& backend_;
  const RecoveryOptions& options_;
  RecoveryReport& report_;
  engine::Reactor reactor_;
  Rounds rounds_;
  std::map<TableId, SchemaRef> schemas_;  // the newest of each table
  std::map<LaneId, Lane> lanes_;
  size_t pending_size_ = 0;  // of all lanes
  absl::Status status_;      // of the first step that failed
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
  while (true) {
    ASSIGN_OR_RETURN(const std::optional<WalFrame> frame, reader.next());
    if (!frame) break;
    RETURN_IF_ERROR(replay_frame(stream.stream, *frame));
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

absl::Status Replay::replay_frame(StreamId stream, const WalFrame& frame) {
  ASSIGN_OR_RETURN(Lane* const lane, find_lane(stream, frame));
  if (frame.txn <= lane->last) return absl::OkStatus();  // checkpointed before
  if (frame.txn.value != lane->last.value + 1) {
    return engine::data_loss(frame_name(stream, frame) + ": txn of table " + std::to_string(frame.lane.table.value) +
                             ", lane " + std::to_string(frame.lane.lane.value) + ": expected " +
                             std::to_string(lane->last.value + 1) + ", found " + std::to_string(frame.txn.value));
  }
  lane->last = frame.txn;
  ++report_.frames_replayed;
  return frame.type == FrameType::data ? replay_rows(stream, frame, *lane) : replay_schema(stream, frame, *lane);
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

absl::Status Replay::replay_rows(StreamId stream, const WalFrame& frame, Lane& lane) {
  const auto with_place = [&](const absl::Status& status) {
    return engine::make_status(status.code(), frame_name(stream, frame) + ": " + std::string(engine::message_of(status)));
  };
  const absl::StatusOr<SymbolSection> section = decode_symbol_section(frame.head);
  if (!section.ok()) return with_place(section.status());
  const absl::StatusOr<BatchView> view = BatchView::parse(frame.body);
  if (!view.ok()) return with_place(view.status());
  if (view->schema_version() > lane.writer->schema()->version) {
    return with_place(engine::data_loss("rows of schema version " + std::to_string(view->schema_version()) +
                                        ", the newest known is " + std::to_string(lane.writer->schema()->version)));
  }
  if (const absl::Status status = check_rows(*view, *section, *lane.writer->schema()); !status.ok()) return with_place(status);
  if (const absl::Status status = restore_symbols(*section, lane); !status.ok()) return with_place(status);
  const size_t size_before = lane.pending.memory_size();
  lane.pending.append(frame.txn, *view, section->columns);
  VERIFY_GE(lane.pending.memory_size(), size_before);
  pending_size_ += lane.pending.memory_size() - size_before;
  report_.rows_replayed += view->rows();
  if (lane.pending.memory_size() >= options_.apply_size_min) return apply(lane);
  return pending_size_ < options_.pending_size_max ? absl::OkStatus() : apply_all();
}

absl::Status Replay::wait_until_idle() {
  const auto is_idle = [](const auto& entry) { return entry.second.writer->idle(); };
  while (status_.ok() && !std::ranges::all_of(lanes_, is_idle)) {
    reactor_.turn(backend_.now() + turn_max);
  }
  return status_;
}

void Replay::begin_apply(Lane& lane) {
  VERIFY_GE(pending_size_, lane.pending.memory_size());
  pending_size_ -= lane.pending.memory_size();
  lane.writer->apply(std::exchange(lane.pending, RowBlock()));
}

absl::Status Replay::apply(Lane& lane) {
  begin_apply(lane);
  while (status_.ok() && !lane.writer->idle()) reactor_.turn(backend_.now() + turn_max);
  return status_;
}

absl::Status Replay::apply_all() {
  for (auto& [id, lane] : lanes_) {
    if (!lane.pending.empty()) begin_apply(lane);
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

std::vector<SchemaRef> Replay::schemas() const {
  std::vector<SchemaRef> schemas;
  for (const auto& [id, schema] : schemas_) schemas.push_back(schema);
  return schemas;
}

// Every stream is read before anything is changed: damage in any of them leaves all as it is, and what is applied finds the
// space of segments that were made ahead and never begun, which on a full disk it may need.
absl::Status read_all(engine::IoBackend& backend, const Database& database, std::span<WalStreamFiles> streams) {
  std::vector<uint64_t> sequences_last;
  for (const WalStreamFiles& stream : streams) {
    ASSIGN_OR_RETURN(const uint64_t sequence_last, read_through(backend, database, stream));
    sequences_last.push_back(sequence_last);
  }
  for (size_t i = 0; i < streams.size(); ++i) {
    RETURN_IF_ERROR(remove_unbegun_segments(backend, streams[i], sequences_last[i]));
  }
  return absl::OkStatus();
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

  RETURN_IF_ERROR(read_all(backend, superblock.database, inventory.streams));

  Replay replay(backend, options, recovery.report);
  RETURN_IF_ERROR(replay.load_schemas());
  for (const WalStreamFiles& stream : inventory.streams) {
    RETURN_IF_ERROR(replay.replay(superblock.database, stream));
    std::ranges::move(reusable_segments(stream, options.segment_size), std::back_inserter(recovery.reusable_segments));
  }
  for (const WalStreamFiles& stream : inventory.streams) {
    if (engine::sabotaged("released_before_checkpoint")) RETURN_IF_ERROR(release_stream(backend, stream.stream));
  }
  RETURN_IF_ERROR(replay.checkpoint());
  replay.close_files();
  // Those that were released before once more: their markers may be visible and not yet durable.
  recovery.released_streams = inventory.released;
  for (const WalStreamFiles& stream : inventory.streams) recovery.released_streams.push_back(stream.stream);
  for (const StreamId stream : recovery.released_streams) RETURN_IF_ERROR(release_stream(backend, stream));
  recovery.tables = replay.schemas();
  recovery.report.tables = recovery.tables.size();
  return recovery;
}

absl::Status remove_released_streams(engine::IoBackend& backend, const Recovery& recovery) {
  for (const StreamId stream : recovery.released_streams) RETURN_IF_ERROR(remove_stream(backend, stream));
  return absl::OkStatus();
}

}  // namespace storage
