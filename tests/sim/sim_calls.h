// Requests to a SimBackend that wait for their result, for tests: each call submits one request and lets time pass until it is
// done. Other requests of the same backend complete meanwhile.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/io/backend.h"
#include "tests/sim/sim_backend.h"

namespace sim {

// Keeps what came.
class Results final : public engine::IoCompletion {
 public:
  void complete(const engine::IoResult& result) override;

  bool done() const { return done_; }
  int32_t last() const { return results_.back(); }
  const std::vector<int32_t>& all() const { return results_; }
  const std::string& bytes() const { return bytes_; }  // received ones
  const std::vector<engine::BufferId>& buffers() const { return buffers_; }
  // For another request.
  void restart() { done_ = false; }

 private:
  std::vector<int32_t> results_;
  std::string bytes_;
  std::vector<engine::BufferId> buffers_;
  bool done_ = false;
};

// Bytes at an address that O_DIRECT takes.
class AlignedBytes {
 public:
  AlignedBytes(size_t size, char fill) : memory_(size + engine::block_size), size_(size) {
    std::ranges::fill(span(), static_cast<std::byte>(fill));
  }

  std::span<std::byte> span();

 private:
  std::vector<std::byte> memory_;
  size_t size_;
};

class SimCalls {
 public:
  SimCalls(SimBackend& backend, SimWorld& world) : backend_(backend), world_(world) {}

  engine::FileId open(std::string_view path, engine::OpenMode mode = engine::OpenMode::read_write);  // must succeed
  int32_t try_open(engine::FileId file, std::string_view path, engine::OpenMode mode);
  int32_t close(engine::FileId file);
  int32_t write(engine::FileId file, uint64_t offset, std::string_view bytes);
  int32_t write_dsync(engine::FileId file, uint64_t offset, std::string_view bytes);
  std::string read(engine::FileId file, uint64_t offset, size_t size);  // must succeed
  int32_t sync(engine::FileId file);
  int32_t sync_directory(std::string_view path);
  int32_t allocate(engine::FileId file, uint64_t offset, uint64_t size);
  int32_t rename(std::string_view path, std::string_view path_target);
  int32_t unlink(std::string_view path);
  int32_t mkdir(std::string_view path);
  int32_t rmdir(std::string_view path);
  // A file with these bytes, open; bytes and entry are durable, its directories as durable as they were.
  engine::FileId make_durable(std::string_view path, std::string_view bytes);
  int32_t call(engine::IoRequest request);

  void submit(const engine::IoRequest& request);
  // Delivers what there is; otherwise lets time pass. False: nothing is going to happen.
  bool step();
  void run_until_done(const Results& results);
  void run_to_rest();

 private:
  SimBackend& backend_;
  SimWorld& world_;
};

}  // namespace sim
