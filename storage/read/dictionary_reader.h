// The symbols of one lane and column as its dictionary file holds them, read as far as ids ask for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/status.h"
#include "engine/io/backend.h"
#include "engine/io/blocking.h"
#include "storage/schema/ids.h"
#include "storage/table/manifest.h"

namespace storage {

class DictionaryReader {
 public:
  // `extent` is what the lane's manifest says of the file, null when it says nothing; it outlives the reader.
  DictionaryReader(engine::IoBackend& backend, LaneId lane, ColumnId column, const DictionaryExtent* extent);

  // Makes text(id) valid for every id up to this one. The file may hold more than a lane manifest says: a symbol is durable
  // before the first row that names it, so the rows are to be believed.
  absl::Status read_up_to(SymbolId id);

  std::string_view text(SymbolId id) const { return std::string_view(bytes_).substr(starts_[id.value], sizes_[id.value]); }

 private:
  absl::Status read_piece();
  void restore_tail();
  bool parse_entry();

  engine::IoBackend& backend_;
  const DictionaryExtent* extent_;
  std::string path_;
  std::optional<engine::BlockingFile> file_;
  std::string bytes_;           // the file from its start
  size_t parsed_size_ = 0;      // of bytes_
  std::vector<size_t> starts_;  // of texts, in bytes_
  std::vector<uint32_t> sizes_;
};

}  // namespace storage
