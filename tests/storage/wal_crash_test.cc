#include "tests/catch.h"
#include "tests/quick.h"
#include "tests/storage/wal_node.h"

namespace tests {
namespace {

void check_clean(const WalNode& node) {
  for (const std::string& violation : node.violations()) FAIL_CHECK(violation);
}

void check_reached(const WalNodeCounts& counts) {
  CHECK(counts.frames_replayed > 0);
  CHECK(counts.tails_torn > 0);
  CHECK(counts.segments_rolled > 0);
  CHECK(counts.segments_recycled > 0);
  CHECK(counts.segments_reused > 0);
  CHECK(counts.large_frames > 0);
}

// docs/wal.md, Recovery: R1, R6.
TEST_CASE("wal: what was reported durable survives a power cut after every single write to the disk") {
  WalNodeCounts counts;
  bool finished = false;
  for (uint64_t cut = 0; !finished; ++cut) {
    WalNodeOptions options;
    options.world.seed = 7;
    WalNode node(options);
    REQUIRE(node.start().ok());
    node.world().power_off_after(cut);
    node.work(60);
    finished = node.world().outage() == sim::Outage::none;
    node.power_cycle();
    const absl::Status status = node.start();
    INFO("cut " << cut << ": " << status);
    CHECK(status.ok());
    node.work(10);
    node.settle();
    check_clean(node);
    counts += node.counts();
    if (!node.violations().empty()) break;
  }
  check_reached(counts);
}

TEST_CASE("wal: a power cut after every single write of a start loses nothing, and the next start says the same") {
  WalNodeCounts counts;
  bool finished = false;
  for (uint64_t cut = 0; !finished; ++cut) {
    WalNodeOptions options;
    options.world.seed = 11;
    WalNode node(options);
    REQUIRE(node.start().ok());
    node.work(40);
    node.power_cycle();
    node.world().power_off_after(cut);
    finished = node.start().ok() && node.world().outage() == sim::Outage::none;
    node.power_cycle();
    const absl::Status status = node.start();
    INFO("cut " << cut << ": " << status);
    CHECK(status.ok());
    check_clean(node);
    counts += node.counts();
    if (!node.violations().empty()) break;
  }
  CHECK(counts.frames_replayed > 0);
  CHECK(counts.segments_reused > 0);
}

TEST_CASE("wal: many lives of many sizes, with short writes, failing disks, power cuts and kills") {
  WalNodeCounts counts;
  for (uint64_t seed = 1; seed <= stories(300, 5); ++seed) {
    const WalLives lives = live_wal_node(seed);
    INFO("seed " << seed);
    for (const std::string& violation : lives.violations) FAIL_CHECK(violation);
    counts += lives.counts;
  }
  if (!is_quick()) check_reached(counts);
}

TEST_CASE("wal: the same seed gives the same run") {
  const auto trace = [](uint64_t seed) {
    WalNodeOptions options;
    options.world.seed = seed;
    WalNode node(options);
    REQUIRE(node.start().ok());
    node.world().power_off_after(150);
    node.work(50);
    node.power_cycle();
    CHECK(node.start().ok());
    return node.world().trace_hash();
  };
  CHECK(trace(5) == trace(5));
  CHECK(trace(5) != trace(6));
}

}  // namespace
}  // namespace tests
