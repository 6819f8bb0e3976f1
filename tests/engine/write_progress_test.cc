#include "engine/io/write_progress.h"

#include <cerrno>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/io/error_policy.h"
#include "tests/catch.h"

namespace engine {
namespace {

using Next = WriteProgress::Next;

TEST_CASE("write_progress: a write goes on where it stopped, with O_DIRECT at the start of that block") {
  struct Step {
    int32_t result;
    Next next;
    uint64_t offset;
  };
  struct Row {
    const char* what;
    OpenMode mode;
    std::vector<Step> steps;
  };
  constexpr auto block = static_cast<int32_t>(block_size);
  const std::vector<Row> rows = {
      {"all at once", OpenMode::read_write, {{4 * block, Next::done, 4 * block_size}}},
      {"all at once, direct", OpenMode::read_write_direct, {{4 * block, Next::done, 4 * block_size}}},
      {"short",
       OpenMode::read_write,
       {{1, Next::again, 1}, {block, Next::again, block_size + 1}, {3 * block - 1, Next::done, 4 * block_size}}},
      {"short, direct",
       OpenMode::read_write_direct,
       {{block + 1, Next::again, block_size},
        {3 * block - 1, Next::again, 3 * block_size},
        {block, Next::done, 4 * block_size}}},
      {"less than a block is no progress, direct", OpenMode::read_write_direct, {{block - 1, Next::again, 0}}},
      {"errors that pass",
       OpenMode::read_write,
       {{-EAGAIN, Next::again, 0}, {-EINTR, Next::again, 0}, {-ENOMEM, Next::again, 0}}},
      {"an error that does not pass",
       OpenMode::read_write,
       {{block, Next::again, block_size}, {-EIO, Next::failed, block_size}}},
      {"a full disk", OpenMode::read_write_direct, {{-ENOSPC, Next::failed, 0}}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    WriteProgress progress(4 * block_size, row.mode);
    for (const Step& step : row.steps) {
      CHECK(progress.settle(step.result) == step.next);
      CHECK(progress.offset() == step.offset);
      CHECK(progress.size_left() == 4 * block_size - step.offset);
      if (step.next == Next::failed) CHECK(progress.error() == step.result);
    }
  }
}

TEST_CASE("write_progress: without progress it gives up, and each byte written gives it new tries") {
  struct Row {
    int32_t result;
    int32_t error;
  };
  for (const Row row : {Row{0, -EIO}, Row{-EAGAIN, -EAGAIN}, Row{-ENOMEM, -ENOMEM}}) {
    CAPTURE(row.result);
    WriteProgress progress(10, OpenMode::read_write);
    for (uint32_t i = 1; i < WriteProgress::write_tries_max; ++i) REQUIRE(progress.settle(row.result) == Next::again);
    REQUIRE(progress.settle(1) == Next::again);
    for (uint32_t i = 1; i < WriteProgress::write_tries_max; ++i) REQUIRE(progress.settle(row.result) == Next::again);
    CHECK(progress.settle(row.result) == Next::failed);
    CHECK(progress.error() == row.error);
    CHECK(progress.offset() == 1);
  }
}

TEST_CASE("error_policy: no error of a sync and no unknown error of anything is ever excused") {
  for (int32_t error = 1; error < 200; ++error) {
    CAPTURE(error);
    CHECK(error_policy(IoOp::sync_data, -error) == ErrorPolicy::fatal);
    CHECK(error_policy(IoOp::write, -error) == error_policy(IoOp::write_dsync, -error));
    CHECK(error_policy(IoOp::close, -error) == ErrorPolicy::forgiven);
    // Forgiven is for what changed nothing that anybody waits for; bytes are never that.
    CHECK(error_policy(IoOp::write, -error) != ErrorPolicy::forgiven);
  }
  for (const IoOp op : {IoOp::open, IoOp::write, IoOp::allocate, IoOp::rename, IoOp::unlink, IoOp::mkdir, IoOp::rmdir}) {
    for (const int32_t error : {EIO, EROFS, ENODEV, EUCLEAN}) CHECK(error_policy(op, -error) == ErrorPolicy::fatal);
    CHECK(error_policy(op, 0) == ErrorPolicy::none);
    CHECK(error_policy(op, 7) == ErrorPolicy::none);
  }
}

TEST_CASE("error_policy: short of descriptors or memory is no broken disk") {
  for (const int32_t error : {EMFILE, ENFILE, ENOMEM}) CHECK(error_policy(IoOp::open, -error) == ErrorPolicy::shortage);
  for (const IoOp op : {IoOp::allocate, IoOp::rename, IoOp::unlink, IoOp::mkdir, IoOp::rmdir}) {
    CHECK(error_policy(op, -ENOMEM) == ErrorPolicy::shortage);
  }
  for (const IoOp op : {IoOp::open, IoOp::write, IoOp::allocate, IoOp::rename, IoOp::mkdir}) {
    for (const int32_t error : {ENOSPC, EDQUOT}) CHECK(error_policy(op, -error) == ErrorPolicy::no_space);
  }
}

}  // namespace
}  // namespace engine
