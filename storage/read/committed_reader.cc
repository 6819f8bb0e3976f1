#include "storage/read/committed_reader.h"

#include <algorithm>

#include "engine/base/bytes.h"
#include "engine/base/verify.h"

namespace storage {

absl::Status CommittedReader::read(uint64_t offset, std::span<std::byte> buffer) {
  if (offset > committed_.size || buffer.size() > committed_.size - offset) {
    return engine::data_loss(path() + ": " + std::to_string(buffer.size()) + " bytes wanted at " + std::to_string(offset) +
                             ", " + std::to_string(committed_.size) + " are committed");
  }
  VERIFY_EQ(committed_.tail.size(), tail_size(committed_.size));
  const uint64_t tail_start = committed_.size - committed_.tail.size();
  const size_t from_file =
      offset >= tail_start ? 0 : static_cast<size_t>(std::min<uint64_t>(buffer.size(), tail_start - offset));
  if (from_file != 0) {
    ASSIGN_OR_RETURN(const size_t count, file_.read(offset, buffer.first(from_file)));
    if (count != from_file) {
      return engine::data_loss(path() + ": ends at " + std::to_string(offset + count) + ", " + std::to_string(committed_.size) +
                               " bytes are committed");
    }
  }
  const std::span<std::byte> rest = buffer.subspan(from_file);
  if (!rest.empty()) std::memcpy(rest.data(), committed_.tail.data() + (offset + from_file - tail_start), rest.size());
  return absl::OkStatus();
}

}  // namespace storage
