#include "storage/read/dictionary_reader.h"

#include "engine/base/bytes.h"
#include "storage/table/file_names.h"
#include "storage/table/symbol_dictionary.h"

namespace storage {
namespace {

constexpr size_t piece_size = 256 * 1024;

}  // namespace

DictionaryReader::DictionaryReader(engine::IoBackend& backend, LaneId lane, ColumnId column, const DictionaryExtent* extent)
    : backend_(backend), extent_(extent), path_(dictionary_path(lane, column)) {}

absl::Status DictionaryReader::read_up_to(SymbolId id) {
  if (id.value < starts_.size()) return absl::OkStatus();
  if (id.value >= symbols_max)
    return engine::data_loss(path_ + ": rows name symbol " + std::to_string(id.value) + ", beyond any dictionary");
  while (starts_.size() <= id.value) {
    if (!parse_entry()) RETURN_IF_ERROR(read_piece());
  }
  return absl::OkStatus();
}

// False when the entry is not in memory as a whole.
bool DictionaryReader::parse_entry() {
  const size_t text_start = parsed_size_ + sizeof(uint32_t);
  if (text_start > bytes_.size()) return false;
  const auto size = engine::load<uint32_t>(engine::as_bytes(bytes_).data() + parsed_size_);
  if (size > bytes_.size() - text_start) return false;
  starts_.push_back(text_start);
  sizes_.push_back(size);
  parsed_size_ = text_start + size;
  return true;
}

absl::Status DictionaryReader::read_piece() {
  if (!file_) {
    ASSIGN_OR_RETURN(engine::BlockingFile file, engine::BlockingFile::open(backend_, path_, engine::OpenMode::read));
    file_.emplace(std::move(file));
  }
  const size_t offset = bytes_.size();
  bytes_.resize(offset + piece_size);
  const absl::StatusOr<size_t> count = file_->read(offset, std::as_writable_bytes(std::span<char>(bytes_)).subspan(offset));
  bytes_.resize(offset + (count.ok() ? *count : 0));
  if (!count.ok()) return count.status();
  if (*count == 0) {
    return engine::data_loss(path_ + ": rows name more symbols than the " + std::to_string(starts_.size()) + " it holds");
  }
  restore_tail();
  return absl::OkStatus();
}

// A power failure may have torn the last block of the committed part; the manifest has a copy.
void DictionaryReader::restore_tail() {
  if (extent_ == nullptr || extent_->file.size > bytes_.size()) return;
  const std::span<const std::byte> tail = extent_->file.tail;
  bytes_.replace(static_cast<size_t>(extent_->file.size) - tail.size(), tail.size(), engine::as_text(tail));
}

}  // namespace storage
