#include <cerrno>
#include <cstdint>
#include <span>
#include <string>

#include "tests/catch.h"
#include "tests/sim/sim_machine.h"

namespace {

using engine::FileId;
using engine::IoOp;
using engine::OpenMode;
using sim::CrashPlan;
using sim::Fate;
using sim::SimCalls;
using sim::SimMachine;
using sim::WorldOptions;

constexpr CrashPlan all_kept{.writes = Fate::kept, .entries = Fate::kept};
constexpr uint64_t seed_count = 100;

}  // namespace

TEST_CASE("sim_disk: a failed sync is reported once, and what it lost is lost although it reads well") {
  int lost = 0;
  for (uint64_t seed = 0; seed < seed_count; ++seed) {
    SimMachine machine(seed);
    const FileId file = machine.calls().make_durable("f", "old");
    machine.calls().write(file, 0, "new");
    machine.disk().fail({.op = IoOp::sync_data, .error = EIO});
    CHECK(machine.calls().sync(file) == -EIO);
    CHECK(machine.calls().sync(file) == 0);
    CHECK(machine.calls().read(file, 0, 3) == "new");
    machine.power_cycle(all_kept);
    if (machine.contents("f") == "old") ++lost;
  }
  CHECK(lost > 10);
  CHECK(lost < static_cast<int>(seed_count) - 10);
}

TEST_CASE("sim_disk: the n-th operation fails, once or from then on") {
  SimMachine machine(5);
  SimCalls& calls = machine.calls();
  const FileId file = calls.make_durable("f", "12345678");
  machine.disk().fail({.op = IoOp::write, .after = 2, .error = ENOSPC});
  CHECK(calls.write(file, 0, "a") == 1);
  CHECK(calls.write(file, 1, "b") == 1);
  CHECK(calls.write(file, 2, "c") == -ENOSPC);
  CHECK(calls.write(file, 3, "d") == 1);
  CHECK(calls.read(file, 0, 8) == "ab3d5678");
  machine.disk().fail({.error = EIO, .sticky = true});
  CHECK(calls.write(file, 0, "x") == -EIO);
  CHECK(calls.mkdir("d") == -EIO);
  machine.disk().clear_fail_points();
  CHECK(calls.mkdir("d") == 0);
}

TEST_CASE("sim_disk: random errors and short transfers come at the given rates") {
  WorldOptions options{.seed = 6};
  options.disk.write_short_rate = sim::always / 2;
  options.disk.read_error_rate = sim::always / 2;
  SimMachine machine(options);
  const FileId file = machine.calls().open("f");
  int short_count = 0;
  int error_count = 0;
  for (int index = 0; index < 100; ++index) {
    const int32_t written = machine.calls().write(file, 0, "0123456789");
    REQUIRE(written > 0);
    if (written < 10) ++short_count;
    std::byte byte{};
    if (machine.calls().call({.op = IoOp::read, .file = file, .buffer = {&byte, 1}}) == -EIO) ++error_count;
  }
  CHECK(short_count > 25);
  CHECK(short_count < 75);
  CHECK(error_count > 25);
  CHECK(error_count < 75);
}

TEST_CASE("sim_disk: a full disk refuses what makes files longer, and takes it again when there is room") {
  WorldOptions options{.seed = 7, .disk_capacity = 3 * engine::block_size};
  SimMachine machine(options);
  SimCalls& calls = machine.calls();
  const FileId file = calls.open("f");
  const std::string block(engine::block_size, 'b');
  CHECK(calls.write(file, 0, block) == static_cast<int32_t>(block.size()));
  CHECK(calls.allocate(file, 0, 3 * block.size()) == 0);
  CHECK(calls.write(file, 3 * block.size(), "x") == -ENOSPC);
  CHECK(calls.allocate(file, 3 * block.size(), 1) == -ENOSPC);
  CHECK(calls.write(file, block.size(), block) == static_cast<int32_t>(block.size()));
  machine.world.options().disk_capacity += 1;
  CHECK(calls.write(file, 3 * block.size(), "x") == -ENOSPC);
  calls.open("g");
  CHECK(calls.unlink("f") == 0);
  CHECK(calls.write(calls.open("g"), 0, "x") == 1);
}

TEST_CASE("sim_disk: O_DIRECT takes whole blocks only") {
  SimMachine machine(8);
  SimCalls& calls = machine.calls();
  const FileId file = calls.open("f", OpenMode::read_write_direct);
  sim::AlignedBytes block(2 * engine::block_size, 'b');
  const auto write = [&](uint64_t offset, std::span<std::byte> buffer) {
    return calls.call({.op = IoOp::write, .file = file, .offset = offset, .buffer = buffer});
  };
  CHECK(write(0, block.span()) == 2 * 4096);
  CHECK(write(512, block.span()) == -EINVAL);
  CHECK(write(0, block.span().first(512)) == -EINVAL);
  CHECK(write(0, block.span().subspan(8, 4096)) == -EINVAL);
  machine.world.options().disk.write_short_rate = sim::always;
  CHECK(write(0, block.span()) == 4096);
}

TEST_CASE("sim_disk: reads end with the file, allocated space is zero, and errors are the kernel's") {
  SimMachine machine(9);
  SimCalls& calls = machine.calls();
  const FileId file = calls.open("f");
  calls.write(file, 0, "abc");
  calls.allocate(file, 0, 8);
  CHECK(calls.read(file, 0, 100) == std::string("abc\0\0\0\0\0", 8));
  CHECK(calls.read(file, 8, 100).empty());
  CHECK(calls.read(file, 1'000'000, 1).empty());
  CHECK(calls.close(file) == 0);

  const FileId other = machine.backend().reserve_file();
  CHECK(calls.try_open(other, "absent", OpenMode::read) == -ENOENT);
  CHECK(calls.try_open(other, "absent/f", OpenMode::read_write) == -ENOENT);
  CHECK(calls.try_open(other, "f", OpenMode::directory) == -ENOTDIR);
  CHECK(calls.try_open(other, "f/g", OpenMode::read_write) == -ENOTDIR);
  CHECK(calls.close(other) == -EBADF);
  CHECK(machine.backend().files_reserved() == 0);
  CHECK(calls.write(calls.open("f", OpenMode::read), 0, "x") == -EBADF);
  CHECK(calls.mkdir("d") == 0);
  CHECK(calls.mkdir("d") == -EEXIST);
  CHECK(calls.rename("absent", "f") == -ENOENT);
  CHECK(calls.unlink("d") == -EISDIR);
  calls.open("d/f");
  CHECK(calls.rmdir("d") == -ENOTEMPTY);
  CHECK(calls.rmdir("f") == -ENOTDIR);
  CHECK(calls.unlink("d/f") == 0);
  CHECK(calls.rmdir("d") == 0);
  CHECK(calls.rmdir("d") == -ENOENT);
}

TEST_CASE("sim_disk: rot changes one bit of the medium") {
  SimMachine machine(10);
  const FileId file = machine.calls().make_durable("f", "aaa");
  CHECK(machine.disk().flip_bit("f", 1, 1));
  CHECK(machine.calls().read(file, 0, 3) == "aca");
  CHECK_FALSE(machine.disk().flip_bit("f", 3, 0));
  CHECK_FALSE(machine.disk().flip_bit("g", 0, 0));
}

TEST_CASE("sim_disk: the oracle knows what is durable") {
  SimMachine machine(11);
  SimCalls& calls = machine.calls();
  const FileId file = calls.open("f");
  calls.write(file, 0, "0123456789");
  CHECK_FALSE(machine.disk().is_durable("f", 0, 1));
  calls.sync(file);
  CHECK_FALSE(machine.disk().is_durable("f", 0, 1));
  CHECK_FALSE(machine.disk().read_durable("f").has_value());
  calls.sync_directory("");
  CHECK(machine.disk().is_durable("f", 0, 10));
  CHECK_FALSE(machine.disk().is_durable("f", 0, 11));
  calls.write(file, 4, "xx");
  CHECK(machine.disk().is_durable("f", 0, 4));
  CHECK_FALSE(machine.disk().is_durable("f", 0, 5));
  CHECK_FALSE(machine.disk().is_durable("f", 5, 1));
  CHECK(machine.disk().is_durable("f", 6, 4));
  CHECK(engine::as_text(machine.disk().read_durable("f").value()) == "0123456789");
  calls.write_dsync(file, 4, "yy");
  CHECK(machine.disk().is_durable("f", 0, 10));
  calls.rename("f", "g");
  CHECK_FALSE(machine.disk().is_entry_durable("f"));
  CHECK_FALSE(machine.disk().is_entry_durable("g"));
  calls.sync_directory("");
  CHECK(machine.disk().is_durable("g", 0, 10));
  calls.rename("g", "h");
  calls.rename("h", "g");  // a power failure may keep the first one only
  CHECK_FALSE(machine.disk().is_durable("g", 0, 10));
}
