// The symbols of one lane and column as its dictionary files hold them, read as far as ids ask for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/bytes.h"
#include "engine/base/status.h"
#include "engine/io/file_pool.h"
#include "storage/schema/ids.h"
#include "storage/table/manifest.h"

namespace storage {

class DictionaryReader {
 public:
  // `extent` is what the lane's manifest says of the files, null when it says nothing; it outlives the reader.
  DictionaryReader(engine::FilePool& files, LaneId lane, ColumnId column, const DictionaryExtent* extent);

  // Makes text(id) valid for every id up to this one. The files may hold more than a lane manifest says: a symbol is durable
  // before the first row that names it, so the rows are to be believed.
  absl::Status read_up_to(SymbolId id);

  std::string_view text(SymbolId id) const {
    return std::string_view(texts_.bytes).substr(offset(id.value), offset(id.value + size_t{1}) - offset(id.value));
  }

 private:
  // Its start, as far as it was read.
  struct File {
    engine::PooledFile file;
    const CommittedFile* committed = nullptr;
    std::string bytes;
  };

  absl::Status read_until(File& file, uint64_t size);
  absl::Status check_offsets(size_t count);
  size_t offset(size_t index) const {
    return static_cast<size_t>(engine::load<uint64_t>(engine::as_bytes(offsets_.bytes).data() + index * sizeof(uint64_t)));
  }

  File offsets_;
  File texts_;
  size_t count_ = 0;  // symbols that can be asked for
};

}  // namespace storage
