#include "storage/files/file_cache.h"

#include "engine/base/verify.h"

namespace storage {

CachedFile::~CachedFile() {
  if (cache_ != nullptr) cache_->forget(*this);
}

FileCache::~FileCache() { VERIFY_EQ(open_count_, 0U); }

engine::FileId FileCache::pin(CachedFile& file, const char* path, engine::OpenMode mode, engine::IoSequence& plan,
                              size_t stage_close, size_t stage_open) {
  if (file.is_open()) {
    if (file.pins_++ == 0) unlink(file);
    return file.file_;
  }
  if (open_count_ == files_max_) {
    VERIFY(oldest_ != nullptr);  // whoever pins keeps to its share of files_max
    CachedFile& victim = *oldest_;
    VERIFY(victim.cache_ == this);
    VERIFY_EQ(victim.pins_, 0U);
    plan.add(stage_close, {.op = engine::IoOp::close, .file = victim.file_, .path = ""});
    unlink(victim);
    victim.cache_ = nullptr;
    --open_count_;
  }
  file.cache_ = this;
  file.file_ = reactor_.backend().reserve_file();
  file.pins_ = 1;
  ++open_count_;
  VERIFY_LE(open_count_, files_max_);
  plan.add(stage_open, {.op = engine::IoOp::open, .open_mode = mode, .file = file.file_, .path = path});
  return file.file_;
}

void FileCache::unpin(CachedFile& file) {
  VERIFY(file.cache_ == this);
  VERIFY_GT(file.pins_, 0U);
  if (--file.pins_ != 0) return;
  file.older_ = newest_;
  (newest_ == nullptr ? oldest_ : newest_->newer_) = &file;
  newest_ = &file;
}

void FileCache::forget(CachedFile& file) {
  VERIFY_GT(open_count_, 0U);
  if (file.pins_ == 0) unlink(file);
  reactor_.submit({.op = engine::IoOp::close, .file = file.file_});
  --open_count_;
}

// Out of the list of those that nobody pins.
void FileCache::unlink(CachedFile& file) {
  VERIFY((file.older_ == nullptr) == (oldest_ == &file));
  VERIFY((file.newer_ == nullptr) == (newest_ == &file));
  (file.older_ == nullptr ? oldest_ : file.older_->newer_) = file.newer_;
  (file.newer_ == nullptr ? newest_ : file.newer_->older_) = file.older_;
  file.older_ = nullptr;
  file.newer_ = nullptr;
}

}  // namespace storage
