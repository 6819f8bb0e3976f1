#include "tests/node/life.h"

#include <algorithm>
#include <utility>

namespace sim {
namespace {

constexpr size_t senders_max = 4;
constexpr size_t writers_max = 3;  // over HTTP
constexpr engine::Duration tick_max = engine::microseconds(150);
constexpr engine::Duration settle_time_max = engine::seconds(30);       // of a stop, a rest, a query
constexpr engine::Duration checkpoint_wait_max = engine::seconds(1);    // hundreds of times what one takes
constexpr engine::Duration sync_notice_max = engine::milliseconds(10);  // from a failed sync to the end of the process
constexpr storage::TableId tables_max{16};                              // more than a story makes
constexpr engine::SocketAddress datagram_sender = engine::SocketAddress::loopback(9);

bool is_open(const SimClient& client) {
  return client.state() == ClientState::open || client.state() == ClientState::connecting;
}

}  // namespace

Life::Life(SimWorld& world, RowModel& model, DiskOracle& oracle, const LifePlan& plan, SimulationCounts& counts)
    : world_(world),
      model_(model),
      oracle_(oracle),
      plan_(plan),
      counts_(counts),
      node_(world, plan.node, plan.backend),
      disk_errors_before_(disk_errors()),
      failed_syncs_before_(failed_syncs()),
      progress_(plan.node.shards) {
  datagrams_.all_arrive = false;
}

void Life::fail(std::string problem) {
  if (problem_.empty()) problem_ = std::move(problem);
}

// Bad weather is that of the plan; the rest of a life and all checks see the sun.
void Life::weather(bool is_bad) {
  world_.options().disk = is_bad ? plan_.disk : DiskFaults{};
  world_.options().net = is_bad ? plan_.net : NetFaults{};
  world_.options().disk_capacity = UINT64_MAX;
  world_.disk().clear_fail_points();
}

// Of the kinds after which a process may end with an error.
uint64_t Life::disk_errors() const {
  uint64_t count = 0;
  for (const Fault fault : {Fault::write_error, Fault::sync_error, Fault::entry_error, Fault::disk_full, Fault::fail_point}) {
    count += world_.fault_counts()[static_cast<size_t>(fault)];
  }
  return count;
}

void Life::plan_outage(uint64_t effects_max) {
  const uint64_t effects = 1 + prng().below(effects_max);
  if (prng().chance(2, 3)) {
    world_.power_off_after(effects);
  } else {
    world_.kill_after(effects);
  }
}

// Killed here, the process leaves a name behind that the next one reads and a power failure may still take back. What a lane
// under load leaves so is soon written again; what the last checkpoint leaves is not.
void Life::on_manifest_named() {
  if (!is_serving_ || plan_.aim != Aim::manifest) return;
  const bool is_now = plan_.end == LifeEnd::outage ? prng().chance(1, 8) : is_last_checkpoint() && prng().chance(1, 4);
  if (is_now) strike(prng().between(1, 3), 3);
}

bool Life::is_last_checkpoint() const {
  for (uint16_t i = 0; i < node_.shard_count(); ++i) {
    if (node_.shard(i).owner().pending_size() != 0) return false;
  }
  return is_ending_;
}

void Life::on_group_written() {
  if (is_serving_ && plan_.aim == Aim::group && plan_.end == LifeEnd::outage && prng().chance(1, 32)) strike(1, 1);
}

void Life::strike(uint64_t effects, uint64_t kills_of_4) {
  prng().chance(kills_of_4, 4) ? world_.kill_after(effects) : world_.power_off_after(effects);
  plan_.aim = Aim::anywhere;
}

bool Life::is_in_sight(Aim aim) {
  for (uint16_t i = 0; i < node_.shard_count(); ++i) {
    const storage::Owner& owner = node_.shard(i).owner();
    if (aim == Aim::checkpoint && owner.checkpoints_running() != 0) return true;
    if (aim == Aim::recycling && owner.has_wal() && owner.wal().recycle_count() != 0) return true;
  }
  return false;
}

std::string Life::live(bool is_last) {
  check_files();
  oracle_.begin_life(*this);
  if (!is_last && plan_.crashes_in_recovery) plan_outage(60);
  weather(!is_last);
  if (recover() && !is_last) serve();
  weather(false);
  count();
  oracle_.end_life();
  model_.end_life();
  fail(oracle_.problem());
  if (world_.outage() == Outage::none && is_failed_) prng().chance(1, 2) ? world_.kill() : world_.power_off();
  return problem_;
}

bool Life::recover() {
  const absl::Status status = node_.recover();
  if (world_.outage() != Outage::none) {
    ++counts_.recovery_crashes;
    return false;
  }
  if (!status.ok()) {
    if (disk_errors() == disk_errors_before_) fail("recovery: " + std::string(engine::message_of(status)));
    ++counts_.starts_failed;
    is_failed_ = true;
    // Not killed: a recovery that ends with an error leaves requests in flight whose memory is gone.
    world_.power_off();
    return false;
  }
  if (failed_syncs() != failed_syncs_before_) fail("a sync failed, and the recovery says that all is well");
  check_rows();
  return !is_over();
}

// Before a start has mended anything: what the manifests name can be read, and is right.
void Life::check_files() {
  SimBackend reader(world_);
  world_.set_auto_advance(true);
  fail(model_.check_files(reader));
  world_.set_auto_advance(false);
}

void Life::check_rows() {
  weather(false);
  {
    SimBackend reader(world_);  // as another process reads the files
    world_.set_auto_advance(true);
    fail(model_.check(reader));
    world_.set_auto_advance(false);
  }
  if (is_over()) return;
  ++counts_.recoveries;
  counts_.rows_checked += model_.rows_found();
  counts_.late_runs += model_.runs_max() > 1 ? 1 : 0;
  counts_.torn_groups += node_.recovery().torn_tails;
}

void Life::serve() {
  if (plan_.end == LifeEnd::outage && plan_.aim == Aim::anywhere) plan_outage(prng().chance(1, 3) ? 150 : 1500);
  weather(true);
  const absl::Status status = node_.start();
  if (world_.outage() != Outage::none) return;
  if (!status.ok()) {
    if (disk_errors() == disk_errors_before_) fail("start: " + std::string(engine::message_of(status)));
    ++counts_.starts_failed;
    is_failed_ = true;
    return;
  }
  is_serving_ = true;
  if (node_.shard_count() > 1) ++counts_.lives_with_shards;
  for (uint64_t i = 0; i < plan_.ticks && !is_over(); ++i) tick();
  if (!is_over() && plan_.end == LifeEnd::rest) come_to_rest();
  if (!is_over() && plan_.end == LifeEnd::stop) stop();
  if (!node_.fatal().ok() && world_.outage() == Outage::none) end_by_disk();
  take_write_answers();
  note_acknowledged();
  for (const TcpSender& sender : senders_) model_.note_last(sender.rows);
  model_.note_last(datagrams_);
  if (plan_.end != LifeEnd::stop && !is_failed_ && world_.outage() == Outage::none) world_.power_off();
}

void Life::tick() {
  send_some();
  if (plan_.has_udp && prng().chance(1, 8)) send_datagram();
  if (plan_.has_writers && prng().chance(1, 4)) send_request();
  take_write_answers();
  if (question_ && question_->query.is_over()) take_answer(false);
  if (statement_) take_statement_answer();
  if (!question_ && !statement_ && prng().chance(1, 100)) ask();
  if (plan_.changes_tables && !question_ && !statement_ && prng().chance(1, 30)) change_table();
  change_weather();
  if (plan_.end == LifeEnd::outage && plan_.aim != Aim::anywhere && is_in_sight(plan_.aim)) {
    plan_outage(100);
    plan_.aim = Aim::anywhere;
  }
  node_.run_for(world_.latency({0}, tick_max));
  look_at_syncs();
  if (prng().chance(1, 8)) look();
}

void Life::change_weather() {
  if (plan_.clock_steps && prng().chance(1, 200)) {
    world_.step_wall_clock(engine::seconds(static_cast<int64_t>(prng().below(20'000)) - 10'000));
    ++counts_.clock_steps;
  }
  if (plan_.files_run_out && prng().chance(1, 200)) {
    world_.disk().fail({.op = engine::IoOp::open, .after = prng().below(10), .error = EMFILE});
  }
  if (plan_.disk_fills && prng().chance(1, 100)) {
    const bool is_full = world_.options().disk_capacity != UINT64_MAX;
    world_.options().disk_capacity = is_full ? UINT64_MAX : world_.disk().used_size() + prng().below(64 * 1024);
  }
}

void Life::send_some() {
  if (senders_.size() < senders_max && prng().chance(1, 10)) {
    const bool is_mixed = prng().below(100) < plan_.mixed_percent;
    senders_.push_back({.connection = world_.net().connect(node_.addresses().tcp->port), .rows = {}, .is_mixed = is_mixed});
    senders_.back().rows.all_arrive = !is_mixed;
  }
  if (senders_.empty() || !prng().chance(1, 3)) return;
  TcpSender& sender = senders_[prng().below(senders_.size())];
  if (sender.connection.unsent() > 8192) return;
  std::string lines;
  for (uint64_t i = 1 + prng().below(6); i > 0; --i) {
    uint64_t id = 0;
    lines += model_.make_line(id, sender.is_mixed);
    sender.rows.ids.push_back(id);
  }
  sender.connection.send(lines);
}

void Life::send_datagram() {
  uint64_t id = 0;
  const std::string line = model_.make_line(id);
  if (line.size() > plan_.backend.receive_buffer_size) return;  // it would be cut off
  model_.may_repeat(id);
  datagrams_.ids.push_back(id);
  world_.net().send_datagram(datagram_sender, node_.addresses().udp->port, line);
}

void Life::send_request() {
  std::erase_if(writers_, [](const HttpWriter& writer) { return !writer.is_open() && !writer.is_waiting(); });
  if (writers_.size() < writers_max && prng().chance(1, 3)) {
    writers_.emplace_back(world_.net(), node_.addresses().http->port);
  }
  const auto idle = std::ranges::find_if(writers_, [](const HttpWriter& writer) { return !writer.is_waiting(); });
  if (idle == writers_.end()) return;
  WriteRequest request{.ids = {}, .is_bad = prng().chance(1, 6), .is_whole = !prng().chance(1, 8)};
  const uint64_t lines = prng().chance(1, 16) ? prng().between(100, 300) : prng().between(1, 20);
  const uint64_t bad_line = prng().below(lines);
  std::string body;
  for (uint64_t i = 0; i < lines; ++i) {
    if (request.is_bad && i == bad_line) body += "bad\n";
    body += model_.make_line(request.ids.emplace_back());
  }
  model_.add_request(request.ids);
  idle->send(std::move(request), body, prng().chance(1, 2) ? prng().between(1, body.size()) : 0);
}

void Life::take_write_answers() {
  for (HttpWriter& writer : writers_) {
    if (!writer.is_waiting()) continue;
    if (const auto answered = writer.take_answer()) note_write(answered->first, answered->second);
  }
}

// Without an answer nobody knows: then it is all of the rows or none.
void Life::note_write(const WriteRequest& request, std::optional<int> status) {
  if (!request.is_whole || request.is_bad) {
    if (status == 204) fail("a request that must be refused was acknowledged");
    if (status && request.is_whole && *status != 400 && *status != 503)
      fail("a bad request was answered with " + std::to_string(*status));
    model_.note_refused(request.ids);
    counts_.requests_refused += 1;
  } else if (status == 204) {
    model_.note_acknowledged(request.ids);
    counts_.requests_acknowledged += 1;
    counts_.rows_acknowledged += request.ids.size();
  } else if (status == 503) {
    model_.note_refused(request.ids);
    counts_.requests_put_off += 1;
  } else if (status) {
    fail("a good request was answered with " + std::to_string(*status));
  }
}

// The weather is fine, and while senders go on a query is asked; then they stop. What has arrived, or is on its way, becomes
// durable, applied and checkpointed without anything from outside.
void Life::come_to_rest() {
  weather(false);
  wait_for_answer(false);
  wait_for_statement();
  if (is_over()) return;
  if (!statement_) ask();
  for (int i = 0; i < 30 && !is_over(); ++i) {
    send_some();
    node_.run_for(world_.latency({0}, tick_max));
  }
  if (!is_over()) wait_for_answer(true);
  is_ending_ = true;
  if (is_over()) return;
  if (!node_.run_until([this] { return is_over() || unrest().empty(); }, settle_time_max)) {
    fail("the node does not come to rest: " + unrest());
  }
  look();
  if (!is_over()) ++counts_.rests;
}

void Life::ask() {
  note_acknowledged();
  const std::string table = model_.table_name(prng().next());
  question_.emplace(HttpQuery(world_.net(), node_.addresses().http->port, table), model_.promised(table));
}

void Life::wait_for_answer(bool must_be_answered) {
  if (!question_) return;
  if (!node_.run_until([&] { return is_over() || question_->query.is_over(); }, settle_time_max))
    fail("a query is not answered");
  if (!is_over()) take_answer(must_be_answered);
}

void Life::take_answer(bool must_be_answered) {
  const auto [query, promised] = *std::exchange(question_, std::nullopt);
  std::string error;
  const std::optional<std::vector<uint64_t>> ids = query.ids(error);
  if (!ids) {
    if (must_be_answered && !(query.says_no_table() && promised.empty()))
      fail("a query of " + query.table() + " was answered by " + error);
    return;
  }
  std::vector<const SenderRows*> senders;
  for (const TcpSender& sender : senders_) senders.push_back(&sender.rows);
  fail(model_.check_answer(query.table(), *ids, promised, senders));
  ++counts_.queries;
}

// Its rows are gone when the answer says so, all of them; before, and when no answer comes, nobody knows.
void Life::change_table() {
  note_acknowledged();
  const std::string table = model_.table_name(prng().next());
  const uint64_t kind = prng().below(3);
  std::string statement = "CREATE TABLE IF NOT EXISTS " + table +
                          " (sym SYMBOL, id LONG, timestamp TIMESTAMP) TIMESTAMP(timestamp) PARTITION BY DAY";
  if (kind == 1) statement = "DROP TABLE IF EXISTS " + table;
  if (kind == 2) statement = "TRUNCATE TABLE IF EXISTS " + table;
  if (kind != 0) model_.begin_taking(table);
  statement_.emplace(Statement{.client = world_.net().connect(node_.addresses().http->port), .takes_rows = kind != 0});
  std::ranges::replace(statement, ' ', '+');
  statement_->client.send("GET /exec?query=" + statement + " HTTP/1.1\r\nHost: sim\r\n\r\n");
}

// One whose connection breaks may still be carried out, so it stays.
void Life::take_statement_answer() {
  const std::optional<std::string> content = chunked_content(statement_->client.received());
  if (!content) return;
  const bool is_done = *content == R"({"ddl":"OK"})";
  if (!is_done) fail("a statement was answered by " + *content);
  if (statement_->takes_rows) model_.end_taking(is_done);
  statement_.reset();
  ++counts_.tables_changed;
}

void Life::wait_for_statement() {
  if (!statement_) return;
  const auto is_answered = [&] { return is_over() || chunked_content(statement_->client.received()).has_value(); };
  if (is_open(statement_->client) && !node_.run_until(is_answered, settle_time_max) && is_open(statement_->client))
    fail("a statement is not answered");
  if (!is_over()) take_statement_answer();
}

std::string Life::unrest() {
  take_write_answers();
  for (const HttpWriter& writer : writers_) {
    if (writer.is_waiting()) return "a request is not answered";
  }
  for (const net::LedgerRow& row : node_.ledger()) {
    if (row.rows_pending != 0) return std::to_string(row.rows_pending) + " rows are pending";
    for (const TcpSender& sender : senders_) {
      if (sender.connection.port() != row.peer.port || !is_open(sender.connection)) continue;
      if (row.rows_received == sender.rows.ids.size()) continue;
      return "of " + std::to_string(sender.rows.ids.size()) + " rows sent by port " + std::to_string(row.peer.port) + ", " +
             std::to_string(row.rows_received) + " were received, and " + std::to_string(sender.connection.unsent()) +
             " bytes are on their way";
    }
  }
  for (uint16_t i = 0; i < node_.shard_count(); ++i) {
    if (!node_.shard(i).owner().stopped()) return "shard " + std::to_string(i) + " has something to apply or to checkpoint";
  }
  if (node_.buffers_lent() != 0) return std::to_string(node_.buffers_lent()) + " receive buffers are not given back";
  return {};
}

void Life::stop() {
  is_ending_ = true;
  for (TcpSender& sender : senders_) {
    if (is_open(sender.connection)) sender.connection.half_close();
  }
  const absl::Status status = node_.stop(settle_time_max);
  if (status.ok()) {
    ++counts_.clean_stops;
  } else if (!is_over()) {
    fail("stop: " + std::string(engine::message_of(status)));
  }
}

// The disk failed: nothing more is acknowledged, whatever the shards still do before the process is gone.
void Life::end_by_disk() {
  if (disk_errors() == disk_errors_before_) fail("ended without a cause: " + std::string(engine::message_of(node_.fatal())));
  look();
  is_failed_ = true;
  ++counts_.disk_ends;
  node_.run_for(engine::milliseconds(2));
  if (world_.outage() == Outage::none) look();
}

void Life::look() {
  for (const net::LedgerRow& row : node_.ledger()) look_at_sender(row);
  for (uint16_t i = 0; i < node_.shard_count(); ++i) {
    look_at_shard(i);
    look_at_schemas(i);
  }
  fail(oracle_.problem());
}

void Life::look_at_sender(const net::LedgerRow& row) {
  if (row.rows_durable + row.rows_rejected > row.rows_received ||
      row.rows_received != row.rows_durable + row.rows_rejected + row.rows_pending)
    fail("the ledger does not balance");
  uint64_t& durable = durable_[row.id];
  if (row.rows_durable < durable) fail("a ledger takes back what it called durable");
  durable = row.rows_durable;
  if (row.transport == net::Transport::http) return;  // what a request comes to is its answer
  if (row.transport == net::Transport::udp) {
    if (row.rows_rejected != 0) fail("a good row was rejected");
    return;
  }
  for (const TcpSender& sender : senders_) {
    if (sender.connection.port() != row.peer.port) continue;
    if (row.rows_received > sender.rows.ids.size()) fail("more rows were received than sent");
    if (row.rows_rejected != 0 && !sender.is_mixed) fail("a good row was rejected");
  }
}

void Life::look_at_shard(uint16_t index) {
  const storage::Owner& owner = node_.shard(index).owner();
  Progress& progress = progress_[index];
  if (!owner.has_wal()) return;
  if (owner.wal().durable() < progress.durable) fail("an LSN was durable and is not");
  if (progress.is_failed && owner.wal().durable() != progress.durable) fail("acknowledged after the disk failed");
  progress.is_failed = owner.wal().failed();
  progress.durable = owner.wal().durable();
  if (owner.counters().checkpoints != progress.checkpoints || owner.stopped() || progress.since == engine::Instant{}) {
    progress.checkpoints = owner.counters().checkpoints;
    progress.since = world_.now();
  }
  if (!is_failed_ && world_.now() - progress.since > checkpoint_wait_max) fail("a checkpoint that is wanted does not come");
}

// No source knows of a table or a column whose frame may still be lost.
void Life::look_at_schemas(uint16_t index) {
  for (storage::TableId table; table < tables_max; ++table.value) {
    const storage::SourceTable* known = node_.shard(index).source().find(table);
    if (known == nullptr) continue;
    uint32_t& version = progress_[index].schema_versions[table];
    if (version == known->schema()->version) continue;
    version = known->schema()->version;
    const storage::WalWriter& wal = node_.shard(known->owner().value).owner().wal();
    if (oracle_.schema_version(table, wal.stream(), wal.durable()) < version)
      fail("a source knows version " + std::to_string(version) + " of table " + std::to_string(table.value) +
           ", which is not durable");
  }
}

// What a failed sync was to make durable is lost, whoever asked for it.
void Life::look_at_syncs() {
  if (failed_syncs() == failed_syncs_before_ || is_over()) return;
  if (!sync_failed_at_) sync_failed_at_ = world_.now();
  if (world_.now() - *sync_failed_at_ > sync_notice_max) fail("a sync failed, and the node goes on");
}

// A connection's ledger is found by its peer; the first rows that it calls durable are the first that were sent.
void Life::note_acknowledged() {
  look();
  uint64_t datagram_rows = 0;  // of all sockets: the one sender always reaches the same one
  for (const net::LedgerRow& row : node_.ledger()) {
    if (row.transport == net::Transport::udp) datagram_rows += row.rows_durable;
    for (TcpSender& sender : senders_) {
      if (row.transport == net::Transport::tcp && sender.connection.port() == row.peer.port)
        sender.rows.durable = row.rows_durable;
    }
  }
  datagrams_.durable = datagram_rows;
  for (const TcpSender& sender : senders_) model_.note(sender.rows);
}

void Life::count() {
  for (const TcpSender& sender : senders_) counts_.rows_acknowledged += sender.rows.durable;
  counts_.rows_udp += datagrams_.durable;
  for (const net::LedgerRow& row : node_.ledger()) counts_.rows_rejected += row.rows_rejected;
  for (uint16_t i = 0; i < node_.shard_count(); ++i) {
    const storage::Owner& owner = node_.shard(i).owner();
    counts_.checkpoints += owner.counters().checkpoints;
    counts_.schema_changes += owner.counters().schema_changes;
    if (!owner.has_wal()) continue;
    counts_.segment_rolls += owner.wal().roll_count();
    counts_.segment_recycles += owner.wal().recycle_count();
  }
}

}  // namespace sim
