#include "storage/read/dictionary_reader.h"

#include "storage/table/file_names.h"
#include "storage/table/symbol_dictionary.h"

namespace storage {
namespace {

constexpr size_t piece_size = 256 * 1024;

}  // namespace

DictionaryReader::DictionaryReader(engine::FilePool& files, LaneId lane, ColumnId column, const DictionaryExtent* extent)
    : offsets_{.file = {files, dictionary_path(lane, column, FileKind::offsets), engine::OpenMode::read},
               .committed = extent == nullptr ? nullptr : &extent->offsets,
               .bytes = {}},
      texts_{.file = {files, dictionary_path(lane, column, FileKind::texts), engine::OpenMode::read},
             .committed = extent == nullptr ? nullptr : &extent->texts,
             .bytes = {}} {}

absl::Status DictionaryReader::read_up_to(SymbolId id) {
  if (id.value < count_) return absl::OkStatus();
  if (id.value >= symbols_max) {
    return engine::data_loss(offsets_.file.path() + ": rows name symbol " + std::to_string(id.value) +
                             ", beyond any dictionary");
  }
  const size_t count = id.value + size_t{1};
  RETURN_IF_ERROR(read_until(offsets_, (count + 1) * sizeof(uint64_t)));
  RETURN_IF_ERROR(check_offsets(count));
  RETURN_IF_ERROR(read_until(texts_, offset(count)));
  count_ = count;
  return absl::OkStatus();
}

// Those of the symbols from count_ on.
absl::Status DictionaryReader::check_offsets(size_t count) {
  for (size_t i = count_; i < count; ++i) {
    if (offset(i) <= offset(i + 1) && offset(i + 1) - offset(i) <= symbol_size_max) continue;
    return engine::data_loss(offsets_.file.path() + ": the offsets of symbol " + std::to_string(i) +
                             " are not those of a text");
  }
  return absl::OkStatus();
}

absl::Status DictionaryReader::read_until(File& file, uint64_t size) {
  while (file.bytes.size() < size) {
    const size_t start = file.bytes.size();
    file.bytes.resize(start + piece_size);
    const std::span<std::byte> room = std::as_writable_bytes(std::span<char>(file.bytes)).subspan(start);
    const absl::StatusOr<size_t> found = file.file.read(start, room);
    file.bytes.resize(start + (found.ok() ? *found : 0));
    if (!found.ok()) return found.status();
    if (*found == 0) {
      return engine::data_loss(file.file.path() + ": rows name symbols up to byte " + std::to_string(size) + " of " +
                               std::to_string(start));
    }
    // A power failure may have torn the last block of the committed part; the manifest has a copy.
    if (file.committed == nullptr || file.committed->size > file.bytes.size()) continue;
    const std::span<const std::byte> tail = file.committed->tail;
    file.bytes.replace(static_cast<size_t>(file.committed->size) - tail.size(), tail.size(), engine::as_text(tail));
  }
  return absl::OkStatus();
}

}  // namespace storage
