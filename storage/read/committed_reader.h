// Reading the committed bytes of column files, in pieces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "engine/base/status.h"
#include "engine/io/file_pool.h"
#include "storage/table/manifest.h"

namespace storage {

// The committed part of one file. After a power failure the last block on disk may be torn: those bytes come from the manifest.
class CommittedReader {
 public:
  // `committed` belongs to a manifest that outlives the reader.
  CommittedReader(engine::FilePool& files, std::string path, const CommittedFile& committed)
      : file_(files, std::move(path), engine::OpenMode::read), committed_(committed) {}

  uint64_t size() const { return committed_.size; }
  const std::string& path() const { return file_.path(); }

  // Fills `buffer`; all of it must be committed, or the file is damaged.
  absl::Status read(uint64_t offset, std::span<std::byte> buffer);

 private:
  engine::PooledFile file_;
  const CommittedFile& committed_;
};

}  // namespace storage
