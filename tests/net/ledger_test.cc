// The records of senders: which closed ones stay listed.
#include "net/ingest/ledger.h"

#include <vector>

#include "tests/catch.h"

namespace net {
namespace {

constexpr engine::WallTime now{};

// One row of the sender is on its way, in its first interval.
void send_row(SenderRecord& record) {
  record.sender.count_row();
  record.sender.batch_out();
  record.sender.close_interval();
}

TEST_CASE("ledger: records that had to stay until their rows were settled are pushed out then, all that are too many") {
  Ledger ledger(engine::ShardId{0});
  constexpr size_t surplus = 50;
  std::vector<SenderRecord*> records;
  for (size_t i = 0; i < Ledger::closed_max + surplus; ++i) {
    records.push_back(&ledger.open(Transport::tcp, {}, now));
    send_row(*records.back());
  }
  SenderRecord& last = ledger.open(Transport::tcp, {}, now);
  for (SenderRecord* record : records) ledger.close(*record, now);
  CHECK(ledger.rows().size() == records.size() + 1);

  for (SenderRecord* record : records) record->sender.batch_home(0, 0);
  ledger.close(last, now);
  CHECK(ledger.rows().size() == Ledger::closed_max);
  CHECK(ledger.rows().front().id == surplus + 1);
  CHECK(ledger.totals().rows_received == records.size());
  CHECK(ledger.totals().rows_durable == records.size());
  CHECK(ledger.settled());
}

TEST_CASE("ledger: an open connection stays listed, however many others close") {
  Ledger ledger(engine::ShardId{0});
  const SenderRecord& open = ledger.open(Transport::udp, {}, now);
  for (size_t i = 0; i < Ledger::closed_max + 10; ++i) ledger.close(ledger.open(Transport::tcp, {}, now), now);
  CHECK(ledger.rows().size() == Ledger::closed_max + 1);
  CHECK(ledger.rows().front().id == open.id);
  CHECK(ledger.rows().front().is_open);
}

}  // namespace
}  // namespace net
