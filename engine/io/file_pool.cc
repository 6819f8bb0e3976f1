#include "engine/io/file_pool.h"

#include <algorithm>
#include <utility>

#include "engine/base/verify.h"

namespace engine {

FilePool::FilePool(IoBackend& backend, size_t files_max) : backend_(backend), places_(files_max) { VERIFY_GT(files_max, 0U); }

size_t FilePool::open_count() const {
  return static_cast<size_t>(std::ranges::count_if(places_, [](const Place& place) { return place.file.has_value(); }));
}

FilePool::Place* FilePool::find(uint64_t owner) {
  const auto found =
      std::ranges::find_if(places_, [owner](const Place& place) { return place.file.has_value() && place.owner == owner; });
  return found == places_.end() ? nullptr : &*found;
}

absl::StatusOr<BlockingFile*> FilePool::open(const PooledFile& owner) {
  Place* place = find(owner.id_);
  if (place == nullptr) {
    place = &*std::ranges::min_element(places_, {}, &Place::used_at);
    place->file.reset();  // before the other one is opened: there are never more
    place->used_at = 0;
    ASSIGN_OR_RETURN(BlockingFile file, BlockingFile::open(backend_, owner.path_, owner.mode_));
    place->file.emplace(std::move(file));
    place->owner = owner.id_;
  }
  place->used_at = ++uses_;
  return &*place->file;
}

void FilePool::close(const PooledFile& owner) {
  Place* const place = find(owner.id_);
  if (place == nullptr) return;
  place->file.reset();
  place->used_at = 0;
}

PooledFile::PooledFile(FilePool& pool, std::string path, OpenMode mode)
    : pool_(pool), id_(++pool.files_made_), path_(std::move(path)), mode_(mode) {}

PooledFile::PooledFile(PooledFile&& other) noexcept
    : pool_(other.pool_), id_(std::exchange(other.id_, 0)), path_(std::move(other.path_)), mode_(other.mode_) {}

PooledFile::~PooledFile() {
  if (id_ != 0) pool_.close(*this);
}

absl::StatusOr<size_t> PooledFile::read(uint64_t offset, std::span<std::byte> buffer) {
  ASSIGN_OR_RETURN(BlockingFile * file, pool_.open(*this));
  return file->read(offset, buffer);
}

absl::Status PooledFile::write(uint64_t offset, std::span<const std::byte> bytes) {
  ASSIGN_OR_RETURN(BlockingFile * file, pool_.open(*this));
  return file->write(offset, bytes);
}

}  // namespace engine
