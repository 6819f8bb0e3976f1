// Every path of the write-ahead log, both ways. Relative to the data directory, made of numbers only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/ids.h"
#include "storage/schema/ids.h"

namespace storage {

inline constexpr std::string_view wal_directory = "wal";

// A file of this name in a stream's directory: everything in the stream is applied, what is left of it is being removed.
inline constexpr std::string_view stream_released_name = "released";

// Streams are numbered by start, then by shard, so that ids are never used twice and order as the streams were written.
constexpr StreamId stream_id(uint32_t epoch, engine::ShardId shard) {
  return StreamId{static_cast<uint64_t>(epoch) << 16 | shard.value};
}
constexpr uint32_t stream_epoch(StreamId stream) { return static_cast<uint32_t>(stream.value >> 16); }
constexpr engine::ShardId stream_shard(StreamId stream) { return engine::ShardId{static_cast<uint16_t>(stream.value)}; }

std::string stream_name(StreamId stream);                      // "3-0": the third start, shard 0
std::string stream_directory(StreamId stream);                 // "wal/3-0"
std::string segment_path(StreamId stream, uint64_t sequence);  // "wal/3-0/17"

// Only exactly what the functions above make is taken: no sign, no leading zero.
std::optional<StreamId> parse_stream_name(std::string_view name);
std::optional<uint64_t> parse_segment_name(std::string_view name);

}  // namespace storage
