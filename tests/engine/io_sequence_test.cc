#include "engine/reactor/io_sequence.h"

#include <cerrno>
#include <string>
#include <vector>

#include "engine/reactor/reactor.h"
#include "tests/catch.h"
#include "tests/sim/sim_backend.h"
#include "tests/sim/sim_calls.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_world.h"

namespace engine {
namespace {

// A sequence on a simulated disk; run() waits for its end.
class Sequencer final : private IoSequenceListener {
 public:
  explicit Sequencer(const sim::WorldOptions& options = {})
      : world(options), backend(world), reactor(backend), plan(reactor, 3) {
    world.set_auto_advance(true);
  }

  absl::Status run() {
    done_ = false;
    plan.run(*this);
    CHECK_FALSE(done_);
    while (!done_) reactor.turn(instant_never);
    CHECK(plan.idle());
    CHECK(plan.empty());
    CHECK(reactor.in_flight() == 0);
    return status_;
  }

  FileId add_open(const char* path, OpenMode mode = OpenMode::read_write) {
    const FileId file = backend.reserve_file();
    plan.add(1, {.op = IoOp::open, .open_mode = mode, .file = file, .path = path});
    return file;
  }

  void add_write(FileId file, std::string& bytes, OpenMode mode = OpenMode::read_write) {
    plan.add(2, {.op = IoOp::write,
                 .open_mode = mode,
                 .file = file,
                 .buffer = {reinterpret_cast<std::byte*>(bytes.data()), bytes.size()},
                 .path = "f"});
  }

  std::string contents(const char* path) {
    const auto bytes = world.disk().read_current(path);
    return bytes ? std::string(as_text(*bytes)) : "none";
  }

  sim::SimWorld world;
  sim::SimBackend backend;
  Reactor reactor;
  IoSequence plan;

 private:
  void on_sequence_done(const absl::Status& status) override {
    status_ = status;
    done_ = true;
  }

  bool done_ = false;
  absl::Status status_;
};

TEST_CASE("io_sequence: a stage starts when the one before has completed") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Sequencer sequencer({.seed = seed});
    std::vector<std::string> names;
    for (int i = 0; i < 20; ++i) names.push_back("d/" + std::to_string(i));
    std::string text = "text";
    // Added out of order: the stage counts.
    for (const std::string& name : names) sequencer.add_write(sequencer.add_open(name.c_str()), text);
    sequencer.plan.add(0, {.op = IoOp::mkdir, .path = "d"});
    sequencer.plan.add(3, {.op = IoOp::rename, .path = "d/3", .path_target = "d/x"});
    sequencer.plan.add(3, {.op = IoOp::unlink, .path = "d/4"});
    REQUIRE(sequencer.run().ok());
    CHECK(sequencer.contents("d/x") == "text");
    CHECK(sequencer.contents("d/3") == "none");
    CHECK(sequencer.contents("d/4") == "none");
    CHECK(sequencer.contents("d/19") == "text");
  }
}

TEST_CASE("io_sequence: the rest of a short write is written") {
  for (const OpenMode mode : {OpenMode::read_write, OpenMode::read_write_direct}) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      Sequencer sequencer({.seed = seed, .disk = {.write_short_rate = sim::always / 2}});
      sim::AlignedBytes bytes(16 * block_size, 'a');
      sequencer.plan.add(
          2,
          {.op = IoOp::write, .open_mode = mode, .file = sequencer.add_open("f", mode), .buffer = bytes.span(), .path = "f"});
      REQUIRE(sequencer.run() == absl::OkStatus());
      CHECK(sequencer.contents("f") == std::string(16 * block_size, 'a'));
    }
  }
}

TEST_CASE("io_sequence: the first error ends it and names operation and path") {
  Sequencer sequencer;
  std::string text = "text";
  sequencer.add_write(sequencer.add_open("there"), text);
  sequencer.add_open("missing/file");
  sequencer.plan.add(3, {.op = IoOp::mkdir, .path = "never"});
  const absl::Status status = sequencer.run();
  CHECK(status.code() == absl::StatusCode::kNotFound);
  CHECK(message_of(status) == "open missing/file: No such file or directory");
  CHECK(sequencer.contents("there").empty());

  // And it can be used again.
  sequencer.plan.add(0, {.op = IoOp::mkdir, .path = "later"});
  CHECK(sequencer.run().ok());
}

TEST_CASE("io_sequence: what is so already is fine") {
  Sequencer sequencer;
  sequencer.plan.add(0, {.op = IoOp::mkdir, .path = "d"});
  sequencer.plan.add(1, {.op = IoOp::mkdir, .path = "d"});
  sequencer.plan.add(2, {.op = IoOp::unlink, .path = "d/none"});
  CHECK(sequencer.run().ok());
}

TEST_CASE("io_sequence: errors that pass are tried again, but not for ever") {
  const auto run_with = [](int32_t error, bool sticky) {
    Sequencer sequencer;
    sequencer.world.disk().fail({.op = IoOp::write, .error = error, .sticky = sticky});
    std::string text = "text";
    sequencer.add_write(sequencer.add_open("f"), text);
    return sequencer.run();
  };
  CHECK(run_with(EAGAIN, false).ok());
  CHECK(run_with(EINTR, false).ok());
  CHECK(run_with(EAGAIN, true).code() == absl::StatusCode::kUnavailable);
  CHECK(message_of(run_with(EIO, false)) == "write f at offset 0: Input/output error");
}

TEST_CASE("io_sequence: short of descriptors or memory it waits, but not for ever, and is no failed disk") {
  const auto run_with = [](int32_t error, uint64_t times) {
    Sequencer sequencer;
    for (uint64_t i = 0; i < times; ++i) sequencer.world.disk().fail({.op = IoOp::open, .after = i, .error = error});
    if (times == 0) sequencer.world.disk().fail({.op = IoOp::open, .error = error, .sticky = true});
    std::string text = "text";
    for (const char* path : {"f", "g", "h", "i"}) sequencer.add_write(sequencer.add_open(path), text);
    const absl::Status status = sequencer.run();
    if (status.ok()) CHECK(sequencer.contents("i") == "text");
    return status;
  };
  for (const int32_t error : {EMFILE, ENFILE, ENOMEM}) {
    CHECK(run_with(error, 1).ok());
    CHECK(run_with(error, 20).ok());
    CHECK(run_with(error, 0).code() == absl::StatusCode::kResourceExhausted);
  }
  CHECK_THAT(std::string(message_of(run_with(EMFILE, 0))), tests::contains_text(": Too many open files"));
}

TEST_CASE("io_sequence: an error while others wait for descriptors ends the wait") {
  Sequencer sequencer;
  sequencer.world.disk().fail({.op = IoOp::open, .error = EMFILE, .sticky = true});
  sequencer.world.disk().fail({.op = IoOp::mkdir, .error = EIO});
  sequencer.add_open("f");
  sequencer.plan.add(1, {.op = IoOp::mkdir, .path = "d"});
  CHECK(message_of(sequencer.run()) == "create directory d: Input/output error");
  CHECK(sequencer.world.now() < Instant{seconds(1).ns});
}

TEST_CASE("io_sequence: a file system that cannot reserve space is written without") {
  Sequencer sequencer;
  sequencer.world.disk().fail({.op = IoOp::allocate, .error = EOPNOTSUPP, .sticky = true});
  const FileId file = sequencer.add_open("f");
  sequencer.plan.add(2, {.op = IoOp::allocate, .file = file, .size = 8192, .path = "f"});
  std::string text = "text";
  sequencer.plan.add(3, {.op = IoOp::write,
                         .open_mode = OpenMode::read_write,
                         .file = file,
                         .buffer = {reinterpret_cast<std::byte*>(text.data()), text.size()},
                         .path = "f"});
  CHECK(sequencer.run().ok());
  CHECK(sequencer.contents("f") == "text");
}

TEST_CASE("io_sequence: a failed sync is final") {
  Sequencer sequencer;
  sequencer.world.disk().fail({.op = IoOp::sync_data, .error = EIO});
  const FileId file = sequencer.add_open("f");
  sequencer.plan.add(2, {.op = IoOp::sync_data, .file = file, .path = "f"});
  CHECK(message_of(sequencer.run()) == "sync f: Input/output error");
}

TEST_CASE("io_sequence: a plan of nothing ends in a later turn") {
  Sequencer sequencer;
  CHECK(sequencer.run().ok());
}

}  // namespace
}  // namespace engine
