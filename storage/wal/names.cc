#include "storage/wal/names.h"

#include "engine/base/verify.h"
#include "storage/schema/parse_number.h"

namespace storage {

std::string stream_name(StreamId stream) {
  VERIFY_NE(stream_epoch(stream), 0U);
  return std::to_string(stream_epoch(stream)) + '-' + std::to_string(stream_shard(stream).value);
}

std::string stream_directory(StreamId stream) { return std::string(wal_directory) + '/' + stream_name(stream); }

std::string segment_path(StreamId stream, uint64_t sequence) {
  VERIFY_NE(sequence, 0U);
  return stream_directory(stream) + '/' + std::to_string(sequence);
}

std::optional<StreamId> parse_stream_name(std::string_view name) {
  const size_t dash = name.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::optional<uint32_t> epoch = parse_number<uint32_t>(name.substr(0, dash));
  const std::optional<uint16_t> shard = parse_number<uint16_t>(name.substr(dash + 1));
  if (!epoch || !shard || *epoch == 0) return std::nullopt;
  return stream_id(*epoch, engine::ShardId{*shard});
}

std::optional<uint64_t> parse_segment_name(std::string_view name) {
  const std::optional<uint64_t> sequence = parse_number<uint64_t>(name);
  return sequence && *sequence != 0 ? sequence : std::nullopt;
}

}  // namespace storage
