// Rows of the shape `trades`: two symbols, two doubles, about 82 bytes with the table's name and the timestamp.
//
//   ,symbol=ETH-USD,side=sell price=2615.54,amount=0.00044
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tools/load/cell.h"

namespace tools {

class TradesShape {
 public:
  static constexpr size_t text_size_max = 96;  // bytes that append may write

  TradesShape();

  // Writes everything between the table's name and the timestamp. `random` decides all cells.
  char* append(uint64_t random, char* out) const;

  // The same cells, to compare with.
  void add_cells(uint64_t random, std::vector<Cell>& cells) const;

 private:
  std::vector<TextPiece<48>> pieces_;      // by symbol and side: ",symbol=ETH-USD,side=sell price="
  std::vector<uint32_t> base_hundredths_;  // by symbol: the lowest price
};

}  // namespace tools
