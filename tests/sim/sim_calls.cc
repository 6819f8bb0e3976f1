#include "tests/sim/sim_calls.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "engine/base/bytes.h"
#include "engine/base/verify.h"

namespace sim {
namespace {

using engine::FileId;
using engine::IoOp;
using engine::IoRequest;
using engine::IoResult;

// Requests take writable memory for both directions; a write leaves it alone.
std::span<std::byte> source(std::string_view bytes) {
  return {const_cast<std::byte*>(engine::as_bytes(bytes).data()), bytes.size()};
}

}  // namespace

void Results::complete(const IoResult& result) {
  VERIFY(!done_);
  results_.push_back(result.result);
  bytes_ += engine::as_text(result.data);
  if (result.buffer != engine::buffer_none) buffers_.push_back(result.buffer);
  done_ = !result.more;
}

std::span<std::byte> AlignedBytes::span() {
  const uint64_t address = reinterpret_cast<uintptr_t>(memory_.data());
  return std::span(memory_).subspan(engine::align_up(address, engine::block_size) - address, size_);
}

void SimCalls::submit(const IoRequest& request) { VERIFY_EQ(backend_.submit({&request, 1}), 1U); }

bool SimCalls::step() {
  std::array<IoResult, 16> results;
  const size_t count = backend_.reap(results, engine::instant_never);
  for (const IoResult& result : std::span(results).first(count)) result.completion->complete(result);
  return count > 0 || world_.advance();
}

void SimCalls::run_until_done(const Results& results) {
  while (!results.done()) VERIFY(step());
}

void SimCalls::run_to_rest() {
  while (step()) continue;
}

int32_t SimCalls::call(IoRequest request) {
  Results results;
  request.completion = &results;
  submit(request);
  run_until_done(results);
  return results.last();
}

int32_t SimCalls::try_open(FileId file, std::string_view path, engine::OpenMode mode) {
  const std::string text(path);
  return call({.op = IoOp::open, .open_mode = mode, .file = file, .path = text.c_str()});
}

FileId SimCalls::open(std::string_view path, engine::OpenMode mode) {
  const FileId file = backend_.reserve_file();
  VERIFY_EQ(try_open(file, path, mode), 0);
  return file;
}

FileId SimCalls::make_durable(std::string_view path, std::string_view bytes) {
  const FileId file = open(path);
  VERIFY_EQ(write(file, 0, bytes), static_cast<int32_t>(bytes.size()));
  VERIFY_EQ(sync(file), 0);
  const size_t slash = path.rfind('/');
  VERIFY_EQ(sync_directory(slash == std::string_view::npos ? "" : path.substr(0, slash)), 0);
  return file;
}

int32_t SimCalls::close(FileId file) { return call({.op = IoOp::close, .file = file}); }

int32_t SimCalls::write(FileId file, uint64_t offset, std::string_view bytes) {
  return call({.op = IoOp::write, .file = file, .offset = offset, .buffer = source(bytes)});
}

int32_t SimCalls::write_dsync(FileId file, uint64_t offset, std::string_view bytes) {
  return call({.op = IoOp::write_dsync, .file = file, .offset = offset, .buffer = source(bytes)});
}

std::string SimCalls::read(FileId file, uint64_t offset, size_t size) {
  std::vector<std::byte> bytes(size);
  const int32_t count = call({.op = IoOp::read, .file = file, .offset = offset, .buffer = bytes});
  VERIFY_GE(count, 0);
  return std::string(engine::as_text(std::span(bytes).first(static_cast<size_t>(count))));
}

int32_t SimCalls::sync(FileId file) { return call({.op = IoOp::sync_data, .file = file}); }

int32_t SimCalls::sync_directory(std::string_view path) {
  const FileId directory = open(path, engine::OpenMode::directory);
  const int32_t result = sync(directory);
  close(directory);
  return result;
}

int32_t SimCalls::allocate(FileId file, uint64_t offset, uint64_t size) {
  return call({.op = IoOp::allocate, .file = file, .offset = offset, .size = size});
}

int32_t SimCalls::rename(std::string_view path, std::string_view path_target) {
  const std::string text(path);
  const std::string text_target(path_target);
  return call({.op = IoOp::rename, .path = text.c_str(), .path_target = text_target.c_str()});
}

int32_t SimCalls::unlink(std::string_view path) {
  const std::string text(path);
  return call({.op = IoOp::unlink, .path = text.c_str()});
}

int32_t SimCalls::mkdir(std::string_view path) {
  const std::string text(path);
  return call({.op = IoOp::mkdir, .path = text.c_str()});
}

int32_t SimCalls::rmdir(std::string_view path) {
  const std::string text(path);
  return call({.op = IoOp::rmdir, .path = text.c_str()});
}

}  // namespace sim
