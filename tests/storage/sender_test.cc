// The ledger of a sender: received = durable + rejected + pending at every moment, and durable names a prefix of what was sent.
#include "storage/route/sender.h"

#include <deque>

#include "engine/base/prng.h"
#include "tests/catch.h"

namespace storage {
namespace {

bool balances(const Sender& sender) { return sender.received() == sender.durable() + sender.rejected() + sender.pending(); }

TEST_CASE("sender: rows are durable when every batch of their interval is home") {
  Sender sender;
  sender.count_row();
  sender.batch_out();
  sender.count_row();
  sender.batch_out();
  const uint64_t interval = sender.interval();
  sender.close_interval();
  CHECK(sender.pending() == 2);
  sender.batch_home(interval, 0);
  CHECK(sender.durable() == 0);
  sender.batch_home(interval, 0);
  CHECK(sender.durable() == 2);
  CHECK(sender.settled());
}

TEST_CASE("sender: a later interval that is home first waits for the earlier one") {
  Sender sender;
  sender.count_row();
  sender.batch_out();
  const uint64_t first = sender.interval();
  sender.close_interval();
  sender.count_row();
  sender.batch_out();
  const uint64_t second = sender.interval();
  sender.close_interval();
  sender.batch_home(second, 0);
  CHECK(sender.durable() == 0);
  sender.batch_home(first, 0);
  CHECK(sender.durable() == 2);
}

TEST_CASE("sender: refused rows of a batch are rejected, not durable") {
  Sender sender;
  for (int i = 0; i < 3; ++i) sender.count_row();
  sender.batch_out();
  const uint64_t interval = sender.interval();
  sender.close_interval();
  sender.count_rejected();
  sender.batch_home(interval, 2);
  CHECK(sender.durable() == 1);
  CHECK(sender.rejected() == 3);
  CHECK(balances(sender));
}

TEST_CASE("sender: the ledger balances through random traffic") {
  engine::Prng prng(11);
  Sender sender;
  std::deque<uint64_t> out;  // interval of each batch
  for (int step = 0; step < 20'000; ++step) {
    switch (prng.below(4)) {
      case 0:
        sender.count_row();
        sender.batch_out();
        out.push_back(sender.interval());
        break;
      case 1:
        sender.count_rejected();
        break;
      case 2:
        sender.close_interval();
        break;
      default:
        if (out.empty()) break;
        std::swap(out.front(), out[prng.below(out.size())]);
        if (out.front() == sender.interval()) break;
        sender.batch_home(out.front(), prng.below(2));
        out.pop_front();
    }
    REQUIRE(balances(sender));
  }
}

}  // namespace
}  // namespace storage
