// What may stand for a setting: its kind, the smallest value, and the one parser of texts that every source of settings uses.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/status.h"
#include "engine/base/time.h"
#include "engine/io/backend.h"
#include "storage/schema/column_type.h"
#include "storage/schema/partition_key.h"

namespace tools {

enum class SettingKind : uint8_t {
  boolean,         // true, false
  count,           // 1000, 250k
  size,            // bytes: 131072, 128k, 1M, 2G
  timeout,         // 300000 (milliseconds), 500ms, 60s, 5m, 1h
  address,         // HOST:PORT
  listener,        // HOST:PORT or off
  group,           // an address of multicast, such as 232.1.2.3 or ff15::1
  time_unit,       // n, u, ms, s, m, h
  partition_unit,  // NONE, HOUR, DAY, WEEK, MONTH, YEAR
  integer_type,    // LONG, INT, SHORT, BYTE
  real_type,       // DOUBLE, FLOAT
  timestamp_type,  // TIMESTAMP, TIMESTAMP_NS
  cpus,            // 0-3 or 0,2
  text,            // anything
};

// Which of them a value has, its kind says.
struct SettingValue {
  bool is_on = false;     // boolean, listener
  uint64_t number = 0;    // count, size
  engine::Duration time;  // timeout
  engine::SocketAddress address;
  engine::TimeUnit time_unit{};
  storage::PartitionUnit partition_unit{};
  storage::ColumnType type{};
  std::vector<uint32_t> cpus;
  std::string text;
};

// `number_min`: the smallest count or size, the shortest timeout in milliseconds. Errors read "'12X', expected ...".
absl::StatusOr<SettingValue> parse_setting(SettingKind kind, uint64_t number_min, std::string_view text);

}  // namespace tools
