// What must be true of a life whenever one looks.
#include "tests/node/life.h"

namespace sim {
namespace {

constexpr engine::Duration checkpoint_wait_max = engine::seconds(1);    // hundreds of times what one takes
constexpr engine::Duration sync_notice_max = engine::milliseconds(10);  // from a failed sync to the end of the process
constexpr storage::TableId tables_max{16};                              // more than a story makes

}  // namespace

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
      row.rows_received != row.rows_durable + row.rows_rejected + row.rows_repeated + row.rows_pending)
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

}  // namespace sim
