#include "storage/source/source.h"

#include <algorithm>
#include <utility>

#include "engine/base/crc32c.h"
#include "engine/base/sabotage.h"
#include "engine/base/verify.h"
#include "storage/route/request_hurry.h"
#include "storage/source/transaction.h"

namespace storage {
namespace {

constexpr size_t spellings_per_table_max = 4;

uint64_t rows_of(const RoutedBatch& batch) {
  uint64_t rows = 0;
  for (const BatchShare& share : batch.shares) rows += share.rows;
  return rows;
}

// What a huge row has blown up does not stay that big in the pool.
void trim(RoutedBatch& batch) {
  if (batch.body.capacity() > 2 * batch_size_full) std::vector<std::byte>().swap(batch.body);
  std::vector<BatchSymbols>().swap(batch.symbols);  // whose texts are made anew for each batch
}

}  // namespace

SourceTable::SourceTable(engine::ShardId owner, SchemaRef schema, uint64_t hash_seed)
    : owner_(owner), schema_(std::move(schema)), place_{.table = this} {
  for (const Column& column : schema_->columns) {
    symbols_.push_back(is_symbol(column.type) ? std::make_unique<SymbolCache>(hash_seed) : nullptr);
  }
}

Source::Source(engine::Shard& shard, const SourceOptions& options, uint64_t hash_seed)
    : shard_(shard),
      options_(options),
      hash_seed_(hash_seed),
      spellings_(0, engine::TextHash{hash_seed}),
      folded_(0, engine::TextHash{hash_seed}) {
  VERIFY_GT(options.batches_max, 1U);
  VERIFY_LE(options.rows_max, batch_rows_max);
  for (uint32_t i = 0; i < options.batches_max; ++i) {
    batches_.push_back(std::make_unique<RoutedBatch>());
    batches_.back()->source = shard.id();
    free_.push_back(batches_.back().get());
  }
}

Source::~Source() = default;

SourceTable* Source::find(std::string_view name) {
  const auto exact = spellings_.find(name);
  if (exact != spellings_.end()) return exact->second;
  const auto folded = folded_.find(fold_name(name));
  if (folded == folded_.end()) return nullptr;
  if (spellings_.size() < spellings_per_table_max * tables_.size()) spellings_.emplace(std::string(name), folded->second);
  return folded->second;
}

const SourceTable* Source::find(TableId table) const {
  const auto found = tables_.find(table);
  return found == tables_.end() ? nullptr : found->second.get();
}

void Source::ask_table(TableAsk& ask) {
  ask.source = shard_.id();
  ask.rejection = absl::OkStatus();
  send_ask(engine::ShardId{0}, make_message(MessageKind::table_ask, &ask));
}

void Source::ask_columns(ColumnsAsk& ask) {
  const auto found = tables_.find(ask.lane.table);
  VERIFY(found != tables_.end());
  ask.source = shard_.id();
  ask.rejection = absl::OkStatus();
  send_ask(found->second->owner(), make_message(MessageKind::columns_ask, &ask));
}

void Source::ask_change(ChangeAsk& ask) {
  ask.source = shard_.id();
  ask.rejection = {};
  ask.freed_name.clear();
  send_ask(engine::ShardId{0}, make_message(MessageKind::change_ask, &ask));
}

void Source::send_ask(engine::ShardId target, const engine::MeshMessage& message) {
  if (asks_out_ == asks_out_max) {
    asks_.push_back({.target = target, .message = message});
    return;
  }
  ++asks_out_;
  VERIFY_LE(asks_out_, asks_out_max);
  shard_.endpoint().send_reserved(target, message);  // a ring has room for asks_out_max asks and every batch
}

void Source::ask_done() {
  VERIFY_GT(asks_out_, 0U);
  --asks_out_;
  if (asks_.empty()) return;
  const WaitingAsk next = asks_.front();
  asks_.pop_front();
  send_ask(next.target, next.message);
}

Transaction& Source::begin_transaction(Sender& sender, TransactionListener& listener) {
  const RequestId id{.source = stream_, .number = next_request_++};
  auto& transaction = transactions_[id.number] = std::make_unique<Transaction>(*this, id, sender, listener);
  return *transaction;
}

OpenBatch* Source::begin_row(OpenPlace& place, Sender* sender, size_t cells, size_t text_size) {
  VERIFY_EQ(place.transaction == nullptr, sender != nullptr);
  if (place.batch != nullptr && !place.batch->open.has_room(cells, text_size, options_.size_max)) seal_early(place);
  if (place.batch == nullptr) {
    if (free_.empty()) return nullptr;
    place.batch = free_.back();
    free_.pop_back();
    place.batch->lane = place.table->lane();
    place.batch->shares.clear();
    place.batch->transaction = place.transaction;
    place.batch->request = {};
    place.batch->part = 0;
    place.batch->note = {};
    place.batch->open.open(place.table->schema_);
    place.serial = ++place.table->serial_;
    open_.push_back(&place);
  }
  if (sender != nullptr) {
    share(*place.batch, *sender);
  } else {
    place.transaction->count_row();
  }
  place.batch->open.begin_row();
  return &place.batch->open;
}

void Source::share(RoutedBatch& batch, Sender& sender) {
  if (sender.interval_empty()) touched_.push_back(&sender);
  sender.count_row();
  if (!batch.shares.empty()) {
    BatchShare& last = batch.shares.back();
    if (last.sender == &sender && last.interval == sender.interval()) {
      ++last.rows;
      return;
    }
  }
  batch.shares.push_back({.sender = &sender, .interval = sender.interval(), .rows = 1});
  sender.batch_out();
}

uint32_t Source::symbol(OpenPlace& place, ColumnIndex column, std::string_view text) {
  return place.table->symbols_[column.value]->local_index(place.batch->open, place.serial, column, text);
}

void Source::finish_row(OpenPlace& place) {
  const OpenBatch& batch = place.batch->open;
  if (batch.rows() < options_.rows_max && batch.size_max() < options_.size_full) return;
  seal_early(place);
}

void Source::seal_early(OpenPlace& place) {
  std::erase(open_, &place);
  seal(place);
}

void Source::seal(OpenPlace& place) {
  VERIFY(place.batch != nullptr);
  RoutedBatch& batch = *std::exchange(place.batch, nullptr);
  batch.rows = batch.open.rows();
  VERIFY(batch.transaction != nullptr || rows_of(batch) == batch.rows);
  batch.open.seal(batch.body, batch.symbols);
  batch.body_crc = engine::crc32c(batch.body);
  batch.rejection = absl::OkStatus();
  if (batch.transaction != nullptr) batch.transaction->on_sealed(place, batch);
  shard_.endpoint().send_reserved(place.table->owner_, make_message(MessageKind::batch, &batch));  // as above
}

// The rows of a request that is not all here go ahead as parts of it: no batch is held for longer than a turn, whatever a
// client does.
bool Source::on_turn(engine::Instant) {
  for (OpenPlace* place : open_) seal(*place);
  open_.clear();
  for (Sender* sender : touched_) sender->close_interval();
  touched_.clear();
  settled_.clear();
  return false;
}

void Source::ask_request(engine::ShardId owner, RequestAsk& ask) {
  ask.source = shard_.id();
  ask.rejection = absl::OkStatus();
  send_ask(owner, make_message(MessageKind::request_ask, &ask));
}

void Source::wait_for_room(RoomWaiter& waiter) {
  VERIFY(free_.empty());  // or nothing might call it
  room_waiters_.push_back(&waiter);
}

void Source::forget(RoomWaiter& waiter) { std::erase(room_waiters_, &waiter); }

absl::Status Source::take_rejection() { return std::exchange(rejection_, absl::OkStatus()); }

void Source::on_message(engine::ShardId, const engine::MeshMessage& message) {
  switch (static_cast<MessageKind>(message.kind)) {
    case MessageKind::batch_home:
      return on_batch_home(*message.as<RoutedBatch*>());
    case MessageKind::table_answer:
      return on_table(*message.as<TableAsk*>());
    case MessageKind::columns_answer:
      return on_columns(*message.as<ColumnsAsk*>());
    case MessageKind::request_answer:
      ask_done();
      return message.as<RequestAsk*>()->waiter->on_answer();
    case MessageKind::request_hurry:
      return give_up(message.as<RequestHurry>());
    case MessageKind::change_answer:
      return on_change(*message.as<ChangeAsk*>());
    case MessageKind::seal_ask:
      return on_seal_ask(*message.as<SealAsk*>());
    default:
      UNREACHABLE("message kind of a source");
  }
}

// It may be over.
void Source::give_up(const RequestHurry& hurry) {
  const auto found = transactions_.find(hurry.request.number);
  if (found != transactions_.end()) found->second->give_up(status_of(hurry));
}

void Source::on_batch_home(RoutedBatch& batch) {
  VERIFY_EQ(batch.source, shard_.id());
  VERIFY_LT(free_.size(), batches_.size());
  const auto known = tables_.find(batch.lane.table);
  SourceTable* const table = known == tables_.end() ? nullptr : known->second.get();  // forgotten meanwhile
  CrowdedRef crowded = std::exchange(batch.crowded, nullptr);
  if (table != nullptr) table->crowded_ = std::move(crowded);
  const bool rejected = !batch.rejection.ok();
  if (rejected) {
    rejection_ = batch.rejection;
    rows_rejected_ += batch.rows;
  } else if (table != nullptr) {
    learn_symbols(*table, batch);
  }
  for (const BatchShare& share : batch.shares) share.sender->batch_home(share.interval, rejected ? share.rows : 0);
  if (batch.transaction != nullptr) batch.transaction->on_home(batch);
  trim(batch);
  free_.push_back(&batch);
  serve_waiters();
}

// As many as find a batch: thousands may wait, and with all of them called each batch that comes home would cost a look at
// every one. Nobody waits for ever: who takes the last batch seals it at the end of the turn at the latest, and it comes home
// and calls the next one; who takes none leaves it to the next one at once. The loop ends, since only who finds no batch waits.
void Source::serve_waiters() {
  while (!room_waiters_.empty() && !free_.empty()) {
    RoomWaiter& waiter = *room_waiters_.front();
    room_waiters_.pop_front();
    waiter.on_room();
  }
}

void Source::learn_symbols(SourceTable& table, const RoutedBatch& batch) {
  for (const BatchSymbols& symbols : batch.symbols) {
    const auto column = std::ranges::find(table.schema_->columns, symbols.column, &Column::id);
    VERIFY(column != table.schema_->columns.end());
    VERIFY(is_symbol(column->type));
    SymbolCache& cache = *table.symbols_[static_cast<size_t>(column - table.schema_->columns.begin())];
    for (const BatchSymbols::Entry& entry : symbols.entries) {
      if (entry.sent_text) cache.learn(symbols.text(entry), entry.id);
    }
  }
}

void Source::on_table(TableAsk& ask) {
  if (ask.rejection.ok()) {
    VERIFY_EQ(ask.schema->table, ask.table);
    std::unique_ptr<SourceTable>& table = tables_[ask.table];
    if (table == nullptr) {
      table = std::make_unique<SourceTable>(ask.owner, ask.schema, hash_seed_);
      folded_.emplace(fold_name(ask.schema->name), table.get());
      spellings_.emplace(ask.schema->name, table.get());
    } else {
      set_schema(*table, ask.schema);
    }
  }
  ask_done();
  ask.waiter->on_answer();
}

void Source::on_columns(ColumnsAsk& ask) {
  const auto known = tables_.find(ask.lane.table);
  if (ask.rejection.ok() && ask.schema != nullptr && known != tables_.end()) set_schema(*known->second, ask.schema);
  ask_done();
  ask.waiter->on_answer();
}

void Source::on_change(ChangeAsk& ask) {
  ask_done();
  ask.waiter->on_answer();
}

// What comes of this table from now on asks for it again, and finds what has become of it. The ring is FIFO: no batch that was
// judged by the old schema is behind the answer, and no COMMIT of such a batch, since the answer waits for requests that are
// finished. Those that still gather rows fail, whatever their clients do.
void Source::on_seal_ask(SealAsk& ask) {
  const auto known = tables_.find(ask.table);
  if (known != tables_.end()) {
    SourceTable* const table = known->second.get();
    seal_all(*table);
    for (const auto& [number, transaction] : transactions_) transaction->on_table_changed(*table);
    const auto is_its = [table](const auto& name) { return name.second == table; };
    absl::erase_if(spellings_, is_its);
    absl::erase_if(folded_, is_its);
    forgotten_.push_back(std::move(known->second));
    tables_.erase(known);
  }
  seals_.push_back(&ask);
  answer_seals();
}

void Source::answer_seals() {
  const auto is_awaited = [this](TableId table) {
    return std::ranges::any_of(transactions_, [table](const auto& each) { return each.second->may_commit_in(table); });
  };
  std::erase_if(seals_, [&](SealAsk* ask) {
    if (is_awaited(ask->table)) return false;
    shard_.endpoint().send_return(ask->owner, make_message(MessageKind::seal_answer, ask));
    return true;
  });
  std::erase_if(forgotten_, [this](const std::unique_ptr<SourceTable>& table) {
    return std::ranges::none_of(transactions_, [&](const auto& each) { return each.second->has_place_in(*table); });
  });
}

void Source::seal_all(SourceTable& table) {
  for (OpenPlace* place : open_) {
    if (place->table == &table) seal(*place);
  }
  std::erase_if(open_, [](const OpenPlace* place) { return place->batch == nullptr; });
}

// A batch is built for one version: rows gathered for the older one go out first.
void Source::set_schema(SourceTable& table, SchemaRef schema) {
  VERIFY_EQ(schema->table, table.schema_->table);
  if (schema->version <= table.schema_->version) return;
  VERIFY_GE(schema->columns.size(), table.schema_->columns.size());
  if (!engine::sabotaged("open_batch_not_sealed")) {
    seal_all(table);
  }
  for (size_t i = table.schema_->columns.size(); i < schema->columns.size(); ++i) {
    const bool symbols = is_symbol(schema->columns[i].type);
    table.symbols_.push_back(symbols ? std::make_unique<SymbolCache>(hash_seed_) : nullptr);
  }
  table.schema_ = std::move(schema);
  VERIFY_EQ(table.symbols_.size(), table.schema_->columns.size());
}

}  // namespace storage
