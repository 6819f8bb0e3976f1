// Main of the Catch runner. Besides Catch's own report it prints one line per skipped test and closes with
//
//   N passed, N failed, N skipped
//
// counting test cases, as every runner of this project does. Exits 0 when none failed.
#define CATCH_CONFIG_RUNNER
#include <cstdio>
#include <string>

#include "tests/catch.h"

namespace tests {
namespace {

struct Tally {
  int passed = 0;
  int failed = 0;
  int skipped = 0;
  std::string name;         // of the running test
  std::string skip_reason;  // of the running test; empty: it runs
};

// Catch makes the listener itself and hands out no reference to it.
Tally tally;

#if __has_include(<catch2/catch_all.hpp>)
using ListenerBase = Catch::EventListenerBase;
#else
using ListenerBase = Catch::TestEventListenerBase;
#endif

class TallyListener final : public ListenerBase {
 public:
  using ListenerBase::ListenerBase;

  void testCaseStarting(const Catch::TestCaseInfo& info) override {
    ListenerBase::testCaseStarting(info);
    tally.name = info.name;
    tally.skip_reason.clear();
  }

  void testCaseEnded(const Catch::TestCaseStats& stats) override {
    if (!stats.totals.assertions.allOk()) {
      ++tally.failed;
    } else if (tally.skip_reason.empty()) {
      ++tally.passed;
    } else {
      ++tally.skipped;
      std::printf("skipped: %s: %s\n", tally.name.c_str(), tally.skip_reason.c_str());
    }
    ListenerBase::testCaseEnded(stats);
  }
};

CATCH_REGISTER_LISTENER(TallyListener)

}  // namespace

void skip_running_test(std::string_view reason) { tally.skip_reason = reason; }

}  // namespace tests

int main(int argc, char** argv) {
  Catch::Session session;
#if __has_include(<catch2/catch_all.hpp>)
  session.configData().allowZeroTests = true;  // as in Catch2 2: a filter may match nothing in one of the runners
#endif
  const int result = session.run(argc, argv);
  std::printf("%d passed, %d failed, %d skipped\n", tests::tally.passed, tests::tally.failed, tests::tally.skipped);
  return result;
}
