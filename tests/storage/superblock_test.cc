#include "storage/database/superblock.h"

#include <string>

#include "engine/base/bytes.h"
#include "engine/base/crc32c.h"
#include "engine/io/blocking.h"
#include "tests/catch.h"
#include "tests/sim/sim_machine.h"

namespace tests {
namespace {

using storage::open_or_create_superblock;
using storage::Superblock;
using storage::SuperblockCopy;

sim::SimMachine& blocking(sim::SimMachine& machine) {
  machine.world.set_auto_advance(true);
  return machine;
}

// Changes a field of one copy, with a checksum that fits.
void patch_copy(sim::SimMachine& machine, uint32_t slot, void (*change)(SuperblockCopy&)) {
  const std::vector<std::byte> bytes = *machine.disk().read_current("superblock");
  auto copy = engine::load<SuperblockCopy>(bytes.data() + slot * engine::block_size);
  change(copy);
  copy.crc = engine::crc32c(std::as_bytes(std::span(&copy, 1)).first(offsetof(SuperblockCopy, crc)));
  absl::StatusOr<engine::BlockingFile> file =
      engine::BlockingFile::open(machine.backend(), "superblock", engine::OpenMode::read_write);
  REQUIRE(file.ok());
  REQUIRE(file->write(slot * engine::block_size, std::as_bytes(std::span(&copy, 1))).ok());
  REQUIRE(file->sync_data().ok());
}

TEST_CASE("superblock: an empty directory becomes a database, and every start has an epoch of its own") {
  sim::SimMachine machine(1);
  blocking(machine);
  CHECK(absl::IsNotFound(storage::read_superblock(machine.backend()).status()));
  const absl::StatusOr<Superblock> first = open_or_create_superblock(machine.backend());
  REQUIRE(first.ok());
  CHECK(first->created);
  CHECK(first->database.epoch == 1);
  for (uint32_t epoch = 2; epoch <= 4; ++epoch) {
    machine.power_cycle();
    const absl::StatusOr<Superblock> next = open_or_create_superblock(machine.backend());
    REQUIRE(next.ok());
    CHECK_FALSE(next->created);
    CHECK(next->copies_valid == 4);
    CHECK(next->database.epoch == epoch);
    CHECK(next->database.id == first->database.id);
    CHECK(next->database.wal_salt == first->database.wal_salt);
    CHECK(storage::read_superblock(machine.backend())->database.epoch == epoch);
  }
}

TEST_CASE("superblock: a directory of somebody else is not touched") {
  sim::SimMachine machine(2);
  blocking(machine);
  machine.calls().open("holiday.jpg");
  const uint64_t effects = machine.disk().effect_count();
  const absl::Status status = open_or_create_superblock(machine.backend()).status();
  CHECK(absl::IsFailedPrecondition(status));
  CHECK_THAT(std::string(engine::message_of(status)), tests::contains_text("holiday.jpg"));
  CHECK(machine.disk().effect_count() == effects);
}

TEST_CASE("superblock: what file systems and start scripts put there is no obstacle") {
  sim::SimMachine machine(3);
  blocking(machine);
  machine.calls().mkdir("lost+found");
  machine.calls().open("lock");
  CHECK(open_or_create_superblock(machine.backend()).ok());
}

TEST_CASE(
    "superblock: a power cut after every write of a first and a second start leaves a database, and no epoch comes twice") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    for (uint64_t cut = 0; cut < 24; ++cut) {
      sim::SimMachine machine(seed);
      blocking(machine);
      machine.world.power_off_after(cut);
      uint32_t epoch = 0;
      for (int start = 0; start < 2; ++start) {
        const absl::StatusOr<Superblock> opened = open_or_create_superblock(machine.backend());
        if (opened.ok()) epoch = opened->database.epoch;
      }
      machine.power_cycle();
      const absl::StatusOr<Superblock> after = open_or_create_superblock(machine.backend());
      INFO("seed " << seed << " cut " << cut << ": " << after.status());
      REQUIRE(after.ok());
      CHECK(after->database.epoch > epoch);
    }
  }
}

TEST_CASE("superblock: three damaged copies are survived and counted, four are not, and nothing is changed then") {
  sim::SimMachine machine(4);
  blocking(machine);
  REQUIRE(open_or_create_superblock(machine.backend()).ok());
  for (uint32_t damaged = 1; damaged <= 3; ++damaged) {
    for (uint32_t slot = 0; slot < damaged; ++slot) machine.disk().flip_bit("superblock", slot * engine::block_size + 17, 3);
    const absl::StatusOr<Superblock> superblock = open_or_create_superblock(machine.backend());
    REQUIRE(superblock.ok());
    CHECK(superblock->copies_valid == 4 - damaged);
    CHECK(superblock->database.epoch == damaged + 1);
  }
  for (uint32_t slot = 0; slot < 4; ++slot) machine.disk().flip_bit("superblock", slot * engine::block_size + 40, 0);
  const uint64_t effects = machine.disk().effect_count();
  CHECK(absl::IsDataLoss(open_or_create_superblock(machine.backend()).status()));
  CHECK(machine.disk().effect_count() == effects);
}

TEST_CASE("superblock: a marked directory without a superblock is no new database") {
  sim::SimMachine machine(5);
  blocking(machine);
  REQUIRE(open_or_create_superblock(machine.backend()).ok());
  machine.calls().unlink("superblock");
  CHECK(absl::IsDataLoss(open_or_create_superblock(machine.backend()).status()));
}

TEST_CASE("superblock: a newer release's directory is refused, unless what is new may be ignored") {
  sim::SimMachine machine(6);
  blocking(machine);
  REQUIRE(open_or_create_superblock(machine.backend()).ok());
  patch_copy(machine, 2, [](SuperblockCopy& copy) {
    copy.epoch = 50;
    copy.features_may_ignore = 1;
  });
  const absl::StatusOr<Superblock> superblock = open_or_create_superblock(machine.backend());
  REQUIRE(superblock.ok());
  CHECK(superblock->database.epoch == 51);
  patch_copy(machine, 1, [](SuperblockCopy& copy) {
    copy.epoch = 60;
    copy.features_must_know = 4;
  });
  CHECK(absl::IsFailedPrecondition(open_or_create_superblock(machine.backend()).status()));
  patch_copy(machine, 1, [](SuperblockCopy& copy) {
    copy.format = 2;
    copy.features_must_know = 0;
  });
  CHECK(absl::IsFailedPrecondition(open_or_create_superblock(machine.backend()).status()));
}

TEST_CASE("superblock: a copy in another copy's place does not count") {
  sim::SimMachine machine(7);
  blocking(machine);
  REQUIRE(open_or_create_superblock(machine.backend()).ok());
  patch_copy(machine, 3, [](SuperblockCopy& copy) {
    copy.slot = 2;
    copy.epoch = 90;
  });
  const absl::StatusOr<Superblock> superblock = open_or_create_superblock(machine.backend());
  REQUIRE(superblock.ok());
  CHECK(superblock->database.epoch == 2);
  CHECK(superblock->copies_valid == 3);
}

}  // namespace
}  // namespace tests
