#include "tools/load/trades.h"

#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>

#include "tools/cli/digits.h"

namespace tools {
namespace {

constexpr std::array<std::string_view, 50> coins = {
    "BTC", "ETH",  "XRP", "BNB", "SOL",  "DOGE", "ADA",  "TRX", "LINK", "AVAX", "XLM",  "SUI", "HBAR",
    "BCH", "LTC",  "DOT", "UNI", "PEPE", "AAVE", "NEAR", "APT", "ICP",  "ETC",  "ONDO", "CRO", "VET",
    "MNT", "ATOM", "FIL", "ARB", "ALGO", "OP",   "FET",  "TIA", "BONK", "INJ",  "STX",  "GRT", "IMX",
    "SEI", "QNT",  "MKR", "LDO", "SAND", "FLOW", "XTZ",  "EOS", "MANA", "GALA", "ZEC"};
constexpr std::array<std::string_view, 10> currencies = {"USD", "EUR", "GBP", "JPY", "CHF", "AUD", "CAD", "SGD", "HKD", "KRW"};
constexpr std::array<std::string_view, 2> sides = {"buy", "sell"};

constexpr uint32_t symbol_count = coins.size() * currencies.size();
static_assert(symbol_count == 500);

constexpr uint32_t price_spread = 1000;       // hundredths
constexpr uint32_t amount_units = 1'000'000;  // 0.00001 to 10.00000

std::string symbol_text(uint32_t symbol) {
  return fmt::format("{}-{}", coins[symbol / currencies.size()], currencies[symbol % currencies.size()]);
}

// Prices from 1.00 to about 90,000.00, as many cheap coins as dear ones.
uint32_t base_price(uint32_t symbol) {
  const uint64_t random = mix_bits(symbol + 1);
  uint32_t hundredths = 100 * (1 + scale_bits(random, 16, 9));
  for (uint32_t power = scale_bits(random >> 16, 16, 5); power > 0; --power) hundredths *= 10;
  return hundredths;
}

// Disjoint bits of the row's random number.
struct Draw {
  explicit Draw(uint64_t random)
      : symbol(scale_bits(random, 16, symbol_count)),
        side(static_cast<uint32_t>(random >> 16) & 1),
        price_step(scale_bits(random >> 17, 16, price_spread)),
        amount(1 + scale_bits(random >> 33, 28, amount_units)) {}

  uint32_t symbol;
  uint32_t side;
  uint32_t price_step;
  uint32_t amount;  // of 0.00001
};

}  // namespace

TradesShape::TradesShape() {
  pieces_.reserve(symbol_count * sides.size());
  base_hundredths_.reserve(symbol_count);
  for (uint32_t symbol = 0; symbol < symbol_count; ++symbol) {
    for (const std::string_view side : sides)
      pieces_.emplace_back(fmt::format(",symbol={},side={} price=", symbol_text(symbol), side));
    base_hundredths_.push_back(base_price(symbol));
  }
}

char* TradesShape::append(uint64_t random, char* out) const {
  const Draw draw(random);
  out = pieces_[draw.symbol * sides.size() + draw.side].append(out);
  out = append_hundredths(out, base_hundredths_[draw.symbol] + draw.price_step);
  std::memcpy(out, ",amount=", 8);
  out = append_number(out + 8, draw.amount / 100'000);
  *out++ = '.';
  const uint32_t decimals = draw.amount % 100'000;
  *out++ = static_cast<char>('0' + decimals / 10'000);
  out = append_digits_2(out, decimals / 100 % 100);
  return append_digits_2(out, decimals % 100);
}

// A quotient of two integers that a double holds exactly is rounded once, as the decimal text is when it is parsed: the same
// double.
void TradesShape::add_cells(uint64_t random, std::vector<Cell>& cells) const {
  const Draw draw(random);
  cells.push_back({"symbol", symbol_text(draw.symbol)});
  cells.push_back({"side", std::string(sides[draw.side])});
  cells.push_back({"price", (base_hundredths_[draw.symbol] + draw.price_step) / 100.0});
  cells.push_back({"amount", draw.amount / 100'000.0});
}

}  // namespace tools
