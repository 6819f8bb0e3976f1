// Rows of the shape `tsbs-cpu`: the `cpu-only` case of the Time Series Benchmark Suite, 4000 hosts that report in turn; ten
// tags and ten integer fields from 0 to 100, about 347 bytes with the table's name and the timestamp.
//
//   ,hostname=host_17,region=eu-west-1,datacenter=eu-west-1b,rack=4,os=Ubuntu16.10,arch=x64,team=SF,service=11,
//   service_version=1,service_environment=test usage_user=58i,usage_system=2i,...,usage_guest_nice=38i
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tools/load/cell.h"

namespace tools {

class TsbsCpuShape {
 public:
  static constexpr size_t text_size_max = 448;  // bytes that append may write
  static constexpr uint32_t host_count = 4000;

  TsbsCpuShape();

  // Writes everything between the table's name and the timestamp. `random` decides the fields; host < host_count.
  char* append(uint32_t host, uint64_t random, char* out) const;

  // The same cells, to compare with.
  void add_cells(uint32_t host, uint64_t random, std::vector<Cell>& cells) const;

  // The number in "host_17".
  static std::optional<uint32_t> host_from_name(std::string_view hostname);

 private:
  static constexpr size_t field_count = 10;
  static constexpr size_t value_count = 101;

  std::vector<TextPiece<192>> tags_;                                        // by host
  std::array<std::array<TextPiece<24>, value_count>, field_count> fields_;  // with the separator before: ",usage_idle=99i"
};

}  // namespace tools
