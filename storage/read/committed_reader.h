// Reading the committed bytes of column files, in pieces, with a bounded number of open files.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "engine/base/status.h"
#include "engine/io/backend.h"
#include "engine/io/blocking.h"
#include "storage/table/manifest.h"

namespace storage {

inline constexpr size_t scan_files_max = 128;  // open at once, per scan

// Files that are opened when they are read and closed when others need the place. Handles are dense, and a handle's place is
// fixed: up to scan_files_max files stay open.
class ScanFiles {
 public:
  explicit ScanFiles(engine::IoBackend& backend) : backend_(backend) {}

  uint32_t add_handle() { return handles_used_++; }

  // The file `path`, which belongs to `handle`. Valid until the next call.
  absl::StatusOr<engine::BlockingFile*> open(uint32_t handle, const std::string& path);

 private:
  struct Place {
    uint32_t handle = 0;
    std::optional<engine::BlockingFile> file;
  };

  engine::IoBackend& backend_;
  uint32_t handles_used_ = 0;
  std::array<Place, scan_files_max> places_;
};

// The committed part of one file. After a power failure the last block on disk may be torn: those bytes come from the manifest.
class CommittedReader {
 public:
  // `committed` belongs to a manifest that outlives the reader.
  CommittedReader(ScanFiles& files, std::string path, const CommittedFile& committed)
      : files_(files), path_(std::move(path)), committed_(committed), handle_(files.add_handle()) {}

  uint64_t size() const { return committed_.size; }
  const std::string& path() const { return path_; }

  // Fills `buffer`; all of it must be committed, or the file is damaged.
  absl::Status read(uint64_t offset, std::span<std::byte> buffer);

 private:
  ScanFiles& files_;
  std::string path_;
  const CommittedFile& committed_;
  uint32_t handle_;
};

}  // namespace storage
