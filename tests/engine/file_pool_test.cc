#include "engine/io/file_pool.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "tests/catch.h"
#include "tests/sim/sim_machine.h"

namespace {

using engine::FilePool;
using engine::OpenMode;
using engine::PooledFile;

std::string name_of(size_t index) { return "f" + std::to_string(index); }

std::string read_all(PooledFile& file) {
  std::string text(16, '.');
  const auto size = file.read(0, std::as_writable_bytes(std::span(text)));
  REQUIRE(size.ok());
  return text.substr(0, *size);
}

}  // namespace

TEST_CASE("file_pool: any number of files are used in turns, a few of them open at a time") {
  sim::SimMachine machine(1);
  machine.world.set_auto_advance(true);
  FilePool pool(machine.backend(), 3);
  std::vector<PooledFile> files;
  for (size_t i = 0; i < 10; ++i) files.emplace_back(pool, name_of(i), OpenMode::read_write);
  CHECK(machine.backend().files_reserved() == 0);
  for (size_t i = 0; i < 10; ++i) REQUIRE(files[i].write(0, engine::as_bytes(name_of(i))).ok());
  for (size_t i = 0; i < 100; ++i) {
    const size_t index = i * 7 % 10;
    CHECK(read_all(files[index]) == name_of(index));
    CHECK(pool.open_count() <= 3);
    CHECK(machine.backend().files_reserved() <= 3);
  }
  files.clear();
  CHECK(pool.open_count() == 0);
  CHECK(machine.backend().files_reserved() == 0);
}

// What is open can be read though its name is gone.
TEST_CASE("file_pool: the file that was not needed for longest gives its place, one that is gone before") {
  sim::SimMachine machine(2);
  machine.world.set_auto_advance(true);
  FilePool pool(machine.backend(), 3);
  for (size_t i = 0; i < 5; ++i) {
    REQUIRE(PooledFile(pool, name_of(i), OpenMode::read_write).write(0, engine::as_bytes(name_of(i))).ok());
  }
  CHECK(pool.open_count() == 0);
  std::vector<std::optional<PooledFile>> files(5);
  for (size_t i = 0; i < 5; ++i) files[i].emplace(pool, name_of(i), OpenMode::read);
  for (const size_t i : {0U, 1U, 2U, 0U}) CHECK(read_all(*files[i]) == name_of(i));
  files[2].reset();
  for (const size_t i : {3U, 4U}) CHECK(read_all(*files[i]) == name_of(i));  // in the places of 2 and 1
  for (size_t i = 0; i < 5; ++i) REQUIRE(engine::remove_file(machine.backend(), name_of(i)).ok());
  for (const size_t i : {0U, 3U, 4U}) CHECK(read_all(*files[i]) == name_of(i));
  std::string text(4, '.');
  CHECK(absl::IsNotFound(files[1]->read(0, std::as_writable_bytes(std::span(text))).status()));
}

TEST_CASE("file_pool: a file that cannot be opened takes no place, and the error names it") {
  sim::SimMachine machine(3);
  machine.world.set_auto_advance(true);
  FilePool pool(machine.backend(), 1);
  PooledFile missing(pool, "missing", OpenMode::read);
  std::string text(4, '.');
  const absl::Status status = missing.read(0, std::as_writable_bytes(std::span(text))).status();
  CHECK(absl::IsNotFound(status));
  CHECK(engine::message_of(status).find("missing") != std::string_view::npos);
  CHECK(pool.open_count() == 0);
  CHECK(machine.backend().files_reserved() == 0);
}
