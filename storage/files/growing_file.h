// A file that grows: column files of runs, and dictionaries. Written around the page cache by whole blocks; the last one is
// filled up with zeros and written again by the next append. Space is reserved ahead in growing extents, so that a write
// changes no metadata and stays with the thread that submits it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "engine/base/verify.h"
#include "storage/files/file_cache.h"
#include "storage/files/rounds.h"
#include "storage/table/manifest.h"

namespace storage {

struct GrowingFile {
  explicit GrowingFile(std::string path_) : path(std::move(path_)) {}

  std::string path;
  CachedFile handle;
  uint64_t reserved = 0;  // bytes; files of an earlier life may have more
  bool dirty = false;     // written since the last sync
};

// What an append begins with: bytes that come after the committed ones, or the last block again with the last byte changed.
// Either way a block is written as a whole, from its first committed byte on, which the manifest has (CommittedFile::tail): so
// a block that a crash tore in an earlier append of the same kind is whole again, and one that no append will touch was not
// torn.
enum class AppendStart : uint8_t { after_last_byte, last_block };

// One append of one round, which is the only one to this file in it. Fill tail() and say how much with advance(), then
// finish().
class FileAppend {
 public:
  // Takes memory for `size_max` new bytes from `round`.
  FileAppend(IoRound& round, GrowingFile& file, CommittedFile& committed, size_t size_max,
             AppendStart start = AppendStart::after_last_byte);

  // Memory that a file with this much committed takes for `size` new bytes, at most.
  static constexpr size_t memory_size(size_t size) { return engine::align_up(size, engine::block_size) + engine::block_size; }

  std::span<std::byte> tail() const { return memory_.subspan(filled_); }
  void advance(size_t size) {
    filled_ += size;
    VERIFY_DEBUG(filled_ <= memory_.size());
  }

  // The last committed byte. Requires AppendStart::last_block and something committed.
  std::byte last_byte() const {
    VERIFY_GT(kept_, 0U);
    return memory_[kept_ - 1];
  }
  void change_last_byte(std::byte value);

  // Adds the operations to the round and brings `committed` up to date: it describes the file after the round.
  void finish();

 private:
  void reserve(engine::FileId file, uint64_t end);

  IoRound& round_;
  GrowingFile& file_;
  CommittedFile& committed_;
  uint64_t offset_;  // in the file, of memory_
  size_t kept_;      // committed bytes at the start of memory_
  size_t filled_;
  std::span<std::byte> memory_;
};

}  // namespace storage
