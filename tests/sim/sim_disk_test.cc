#include <cerrno>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/sim/sim_machine.h"

namespace {

using engine::FileId;
using engine::IoOp;
using sim::CrashPlan;
using sim::Fate;
using sim::SimCalls;
using sim::SimMachine;

constexpr CrashPlan all_lost{.writes = Fate::lost, .entries = Fate::lost};
constexpr CrashPlan all_kept{.writes = Fate::kept, .entries = Fate::kept};
constexpr uint64_t seed_count = 100;

// The file with the given contents after a power failure, by how often; contents are "absent" when the file is.
template <typename Scenario>
std::map<std::string, int> outcomes(std::string_view path, Scenario scenario) {
  std::map<std::string, int> found;
  for (uint64_t seed = 0; seed < seed_count; ++seed) {
    SimMachine machine(seed);
    scenario(machine);
    machine.power_cycle();
    ++found[machine.contents(path).value_or("absent")];
  }
  return found;
}

std::string sectors(std::string_view letters) {
  std::string bytes;
  for (const char letter : letters) bytes += std::string(512, letter);
  return bytes;
}

}  // namespace

TEST_CASE("sim_disk: an unsynced overwrite is lost, kept or torn at sectors") {
  const auto found = outcomes("f", [](SimMachine& machine) {
    const FileId file = machine.calls().make_durable("f", sectors("oooo"));
    machine.calls().write(file, 0, sectors("nnnn"));
  });
  CHECK(found.contains(sectors("oooo")));
  CHECK(found.contains(sectors("nnnn")));
  CHECK(found.size() > 4);
  for (const auto& [bytes, count] : found) {
    REQUIRE(bytes.size() == 4 * 512);
    for (size_t sector = 0; sector < 4; ++sector) {
      const std::string piece = bytes.substr(sector * 512, 512);
      CHECK((piece == sectors("o") || piece == sectors("n")));
    }
  }
}

TEST_CASE("sim_disk: unsynced writes survive without earlier ones") {
  const auto found = outcomes("f", [](SimMachine& machine) {
    const FileId file = machine.calls().make_durable("f", sectors("oo"));
    machine.calls().write(file, 0, sectors("n"));
    machine.calls().write(file, 512, sectors("n"));
  });
  CHECK(found.contains(sectors("on")));
  CHECK(found.contains(sectors("no")));
}

TEST_CASE("sim_disk: a lost write that made the file longer leaves zeros or a short file") {
  const auto found = outcomes("f", [](SimMachine& machine) {
    const FileId file = machine.calls().make_durable("f", "head");
    machine.calls().write(file, 4, "tail");
  });
  CHECK(found.contains("head"));
  CHECK(found.contains("headtail"));
  CHECK(found.contains(std::string("head\0\0\0\0", 8)));
  CHECK(found.size() == 3);
}

TEST_CASE("sim_disk: a torn write that made the file longer may leave any length") {
  std::set<size_t> sizes;
  for (uint64_t seed = 0; seed < seed_count; ++seed) {
    SimMachine machine(seed);
    const FileId file = machine.calls().make_durable("f", sectors("h"));
    machine.calls().write(file, 512, sectors("abc"));
    machine.power_cycle({.writes = Fate::torn});
    sizes.insert(machine.contents("f")->size());
  }
  CHECK(sizes == std::set<size_t>{2 * 512, 3 * 512, 4 * 512});
}

TEST_CASE("sim_disk: synced bytes and entries survive every power failure") {
  const auto found = outcomes("d/f", [](SimMachine& machine) {
    SimCalls& calls = machine.calls();
    calls.mkdir("d");
    calls.sync_directory("");
    calls.make_durable("d/f", "synced");
    calls.write(calls.open("d/g"), 0, "not synced");
  });
  CHECK(found == std::map<std::string, int>{{"synced", static_cast<int>(seed_count)}});
}

TEST_CASE("sim_disk: write_dsync is durable alone, and no earlier write comes back over it") {
  const auto found = outcomes("f", [](SimMachine& machine) {
    const FileId file = machine.calls().make_durable("f", "oooooooo");
    machine.calls().write(file, 0, "xxxxxxxx");
    machine.calls().write_dsync(file, 2, "DDDD");
    CHECK(machine.calls().read(file, 0, 8) == "xxDDDDxx");
  });
  for (const auto& [bytes, count] : found) CHECK(bytes.substr(2, 4) == "DDDD");
  CHECK(found.contains("ooDDDDoo"));
  CHECK(found.contains("xxDDDDxx"));
}

TEST_CASE("sim_disk: a file whose directory was not synced may vanish with its synced bytes") {
  const auto found = outcomes("f", [](SimMachine& machine) {
    const FileId file = machine.calls().open("f");
    machine.calls().write(file, 0, "synced");
    machine.calls().sync(file);
  });
  CHECK(found.contains("absent"));
  CHECK(found.contains("synced"));
  CHECK(found.size() == 2);
}

TEST_CASE("sim_disk: an entry may survive without the bytes of its file") {
  const auto found = outcomes("f", [](SimMachine& machine) {
    machine.calls().write(machine.calls().open("f"), 0, "bytes");
    machine.calls().sync_directory("");
  });
  CHECK(found.contains(""));
  CHECK(found.contains("bytes"));
  CHECK_FALSE(found.contains("absent"));
}

TEST_CASE("sim_disk: a rename is undone or done, and with a synced directory done") {
  const auto replace = [](SimMachine& machine) {
    machine.calls().make_durable("f", "old");
    machine.calls().make_durable("f.tmp", "new");
    machine.calls().rename("f.tmp", "f");
    CHECK(machine.contents("f") == "new");
  };
  const auto unsynced = outcomes("f", replace);
  CHECK(unsynced.size() == 2);
  CHECK(unsynced.contains("old"));
  CHECK(unsynced.contains("new"));
  const auto synced = outcomes("f", [&](SimMachine& machine) {
    replace(machine);
    machine.calls().sync_directory("");
  });
  CHECK(synced == std::map<std::string, int>{{"new", static_cast<int>(seed_count)}});
}

TEST_CASE("sim_disk: a rename between directories is never half done, and durable with either directory") {
  for (const std::string synced : {"", "a", "b"}) {
    std::set<std::pair<bool, bool>> found;
    for (uint64_t seed = 0; seed < seed_count; ++seed) {
      SimMachine machine(seed);
      machine.calls().mkdir("a");
      machine.calls().mkdir("b");
      machine.calls().sync_directory("");
      machine.calls().make_durable("a/f", "bytes");
      machine.calls().rename("a/f", "b/g");
      if (!synced.empty()) machine.calls().sync_directory(synced);
      machine.power_cycle();
      found.insert({machine.contents("a/f").has_value(), machine.contents("b/g").has_value()});
    }
    CHECK(found.contains({false, true}));
    CHECK(found.contains({true, false}) == synced.empty());
    CHECK_FALSE(found.contains({true, true}));
    CHECK_FALSE(found.contains({false, false}));
  }
}

TEST_CASE("sim_disk: an unlink may be undone") {
  const auto found = outcomes("f", [](SimMachine& machine) {
    machine.calls().make_durable("f", "bytes");
    CHECK(machine.calls().unlink("f") == 0);
    CHECK(machine.calls().unlink("f") == -ENOENT);
  });
  CHECK(found.size() == 2);
  CHECK(found.contains("bytes"));
}

TEST_CASE("sim_disk: entries are lost in any order, but no entry outlives what it depends on") {
  std::set<std::string> found;
  for (uint64_t seed = 0; seed < 4 * seed_count; ++seed) {
    SimMachine machine(seed);
    SimCalls& calls = machine.calls();
    calls.make_durable("x", "bytes");
    calls.mkdir("d");
    calls.open("d/y");
    calls.rename("x", "d/z");
    machine.power_cycle();
    std::string state;
    for (const char* path : {"x", "d", "d/y", "d/z"}) {
      const bool directory = std::string(path) == "d";
      const bool exists = directory ? machine.backend().list_directory("d").ok() : machine.contents(path).has_value();
      if (exists) state += std::string(path) + " ";
    }
    found.insert(state);
  }
  CHECK(found == std::set<std::string>{"x ", "x d ", "x d d/y ", "d d/z ", "d d/y d/z "});
}

TEST_CASE("sim_disk: a directory is not gone before what was moved out of it is safe") {
  for (const bool synced : {false, true}) {
    std::set<std::string> found;
    for (uint64_t seed = 0; seed < seed_count; ++seed) {
      SimMachine machine(seed);
      SimCalls& calls = machine.calls();
      calls.mkdir("a");
      calls.mkdir("b");
      calls.sync_directory("");
      calls.make_durable("a/f", "bytes");
      CHECK(calls.rmdir("a") == -ENOTEMPTY);
      calls.rename("a/f", "b/f");
      CHECK(calls.rmdir("b/f") == -ENOTDIR);
      CHECK(calls.rmdir("a") == 0);
      CHECK(calls.rmdir("a") == -ENOENT);
      if (synced) calls.sync_directory("");
      machine.power_cycle();
      const bool has_directory = machine.backend().list_directory("a").ok();
      const std::string bytes = machine.contents("a/f").value_or("") + machine.contents("b/f").value_or("");
      found.insert((has_directory ? "a " : "") + bytes);
    }
    CHECK(found == (synced ? std::set<std::string>{"bytes"} : std::set<std::string>{"a bytes", "bytes"}));
  }
}

TEST_CASE("sim_disk: a sync submitted together with a write may overtake it") {
  int missed = 0;
  for (uint64_t seed = 0; seed < seed_count; ++seed) {
    SimMachine machine(seed);
    const FileId file = machine.calls().make_durable("f", "old");
    std::string bytes = "new";
    sim::Results written;
    sim::Results synced;
    machine.calls().submit(
        {.op = IoOp::write, .file = file, .buffer = std::as_writable_bytes(std::span(bytes)), .completion = &written});
    machine.calls().submit({.op = IoOp::sync_data, .file = file, .completion = &synced});
    machine.calls().run_until_done(written);
    machine.calls().run_until_done(synced);
    machine.power_cycle(all_lost);
    if (machine.contents("f") == "old") ++missed;
  }
  CHECK(missed > 10);
  CHECK(missed < static_cast<int>(seed_count) - 10);
}

TEST_CASE("sim_disk: a sync does not cover a write that lands while it runs") {
  SimMachine machine(1);
  const FileId file = machine.calls().make_durable("f", "old");
  sim::DiskFaults& faults = machine.world.options().disk;
  const auto set_latency = [&](engine::Duration latency) { faults.latency_min = faults.latency_max = latency; };
  set_latency(engine::microseconds(1));
  sim::Results synced;
  machine.calls().submit({.op = IoOp::sync_data, .file = file, .completion = &synced});
  set_latency(engine::seconds(1));
  machine.world.advance_by(engine::microseconds(2));  // it has begun
  set_latency(engine::microseconds(1));
  CHECK(machine.calls().write(file, 0, "new") == 3);
  CHECK_FALSE(synced.done());
  machine.calls().run_until_done(synced);
  CHECK_FALSE(machine.disk().is_durable("f", 0, 3));
  machine.power_cycle(all_lost);
  CHECK(machine.contents("f") == "old");
}

TEST_CASE("sim_disk: the plan of a power failure decides when the test wants it to") {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    for (const CrashPlan& plan : {all_lost, all_kept, CrashPlan{.writes = Fate::kept, .last_write = Fate::torn}}) {
      SimMachine machine(seed);
      const FileId file = machine.calls().make_durable("f", sectors("oooo"));
      machine.calls().write(file, 0, sectors("1"));
      machine.calls().write(file, 512, sectors("234"));
      machine.power_cycle(plan);
      const std::string bytes = machine.contents("f").value();
      if (plan.writes == Fate::lost) {
        CHECK(bytes == sectors("oooo"));
      } else if (!plan.last_write.has_value()) {
        CHECK(bytes == sectors("1234"));
      } else {
        CHECK(bytes.front() == '1');
        CHECK(bytes.find('o') != std::string::npos);
        CHECK(bytes.find_first_of("234") != std::string::npos);
      }
    }
  }
}

TEST_CASE("sim_disk: a power failure fails everything from then on, without effect") {
  SimMachine machine(1);
  const FileId file = machine.calls().make_durable("f", "old");
  machine.world.power_off();
  CHECK(machine.calls().write(file, 0, "new") == -EIO);
  CHECK(machine.calls().sync(file) == -EIO);
  CHECK(machine.calls().unlink("f") == -EIO);
  CHECK(machine.calls().mkdir("d") == -EIO);
  CHECK_FALSE(machine.backend().list_directory("").ok());
  machine.power_cycle(all_kept);
  CHECK(machine.contents("f") == "old");
  CHECK(machine.calls().mkdir("d") == 0);
}

TEST_CASE("sim_disk: the power fails after the planned number of effects, and the last one is not reported") {
  for (uint64_t count = 0; count < 6; ++count) {
    SimMachine machine(count);
    const FileId file = machine.calls().make_durable("f", "......");
    machine.world.power_off_after(count);
    for (uint64_t index = 0; index < 6; ++index) {
      CHECK(machine.calls().write(file, index, "w") == (index + 1 < count ? 1 : -EIO));
    }
    machine.power_cycle(all_kept);
    CHECK(machine.contents("f") == std::string(count, 'w') + std::string(6 - count, '.'));
  }
}

TEST_CASE("sim_disk: a killed process loses nothing that it wrote, until the power fails") {
  SimMachine machine(3);
  const FileId file = machine.calls().open("f");
  machine.calls().write(file, 0, "written");
  machine.kill_and_restart();
  CHECK(machine.contents("f") == "written");
  CHECK_FALSE(machine.disk().is_durable("f", 0, 7));
  machine.power_cycle(all_lost);
  CHECK_FALSE(machine.contents("f").has_value());
}

TEST_CASE("sim_disk: requests in flight when a process is killed happen or not") {
  std::set<std::string> found;
  for (uint64_t seed = 0; seed < seed_count; ++seed) {
    SimMachine machine(seed);
    const FileId file = machine.calls().make_durable("f", "ab");
    std::string bytes = "AB";
    std::vector<sim::Results> results(2);
    for (size_t index = 0; index < 2; ++index) {
      machine.calls().submit({.op = IoOp::write,
                              .file = file,
                              .offset = index,
                              .buffer = std::as_writable_bytes(std::span(bytes).subspan(index, 1)),
                              .completion = &results[index]});
    }
    machine.kill_and_restart();
    found.insert(machine.contents("f").value());
  }
  CHECK(found == std::set<std::string>{"ab", "Ab", "aB", "AB"});
}

TEST_CASE("sim_disk: a small workload ends in many different states") {
  std::set<std::string> states;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SimMachine machine(seed);
    SimCalls& calls = machine.calls();
    const FileId file = calls.make_durable("f", sectors("...."));
    machine.world.power_off_after(machine.world.prng().below(8));
    calls.write(file, 0, sectors("ab"));
    calls.write(file, 1024, sectors("cd"));
    calls.sync(file);
    calls.write(file, 512, sectors("ef"));
    calls.rename("f", "g");
    calls.write_dsync(file, 1536, sectors("g"));
    machine.power_cycle();
    std::string state;
    for (const char* path : {"f", "g"}) {
      const auto bytes = machine.contents(path);
      state += path;
      for (size_t offset = 0; bytes.has_value() && offset < bytes->size(); offset += 512) state += (*bytes)[offset];
    }
    states.insert(state);
  }
  CHECK(states.size() > 20);
}
