#include "engine/base/crc32c.h"

#include <array>
#include <bit>

#include "engine/base/bytes.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#define MILLRACE_CRC32C_TARGET __attribute__((target("sse4.2")))
#elif defined(__aarch64__) && defined(__linux__)
#include <arm_acle.h>
#include <sys/auxv.h>
#define MILLRACE_CRC32C_TARGET __attribute__((target("+crc")))
#endif

namespace engine {
namespace {

constexpr uint32_t polynomial = 0x82f63b78;  // bits reversed: bit 31 is the coefficient of x^0

using ByteTable = std::array<uint32_t, 256>;

// tables[k][b] := the checksum state after byte b and k zero bytes, without inversion.
constexpr std::array<ByteTable, 8> make_slicing_tables() {
  std::array<ByteTable, 8> tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t state = byte;
    for (int bit = 0; bit < 8; ++bit) state = (state >> 1) ^ ((state & 1) != 0 ? polynomial : 0);
    tables[0][byte] = state;
  }
  for (size_t k = 1; k < tables.size(); ++k) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint32_t state = tables[k - 1][byte];
      tables[k][byte] = (state >> 8) ^ tables[0][state & 0xff];
    }
  }
  return tables;
}

constexpr std::array<ByteTable, 8> slicing_tables = make_slicing_tables();

#ifdef MILLRACE_CRC32C_TARGET

// The instruction takes 3 cycles but one can start in each, so three stripes of the input are summed at once and joined:
//
//   | stripe a | stripe b | stripe c |      state(abc) = shift(shift(state(a)) ^ state_0(b)) ^ state_0(c)
//
// where shift appends stripe_size zero bytes, a linear map of 32 bits, looked up one byte of the state at a time.
template <size_t stripe_size>
struct StripeShift {
  static_assert(std::has_single_bit(stripe_size));

  std::array<ByteTable, 4> tables{};

  constexpr StripeShift() {
    std::array<uint32_t, 32> columns{};  // the image of each bit under the map; at first under one zero byte
    for (size_t bit = 0; bit < 32; ++bit) {
      const uint32_t state = uint32_t{1} << bit;
      columns[bit] = (state >> 8) ^ slicing_tables[0][state & 0xff];
    }
    for (size_t size = 1; size < stripe_size; size *= 2) {
      const std::array<uint32_t, 32> half = columns;
      for (uint32_t& column : columns) column = image(half, column);
    }
    for (size_t position = 0; position < 4; ++position) {
      for (uint32_t value = 0; value < 256; ++value) tables[position][value] = image(columns, value << (8 * position));
    }
  }

  static constexpr uint32_t image(const std::array<uint32_t, 32>& columns, uint32_t state) {
    uint32_t result = 0;
    for (size_t bit = 0; bit < 32; ++bit) result ^= (state >> bit & 1) != 0 ? columns[bit] : 0;
    return result;
  }

  constexpr uint32_t operator()(uint32_t state) const {
    return tables[0][state & 0xff] ^ tables[1][state >> 8 & 0xff] ^ tables[2][state >> 16 & 0xff] ^ tables[3][state >> 24];
  }
};

constexpr size_t stripe_size_small = 256;
constexpr size_t stripe_size_large = 4096;
constexpr StripeShift<stripe_size_small> shift_small;
constexpr StripeShift<stripe_size_large> shift_large;

#if defined(__x86_64__)
MILLRACE_CRC32C_TARGET inline uint64_t step_word(uint64_t state, uint64_t word) { return _mm_crc32_u64(state, word); }
MILLRACE_CRC32C_TARGET inline uint32_t step_byte(uint32_t state, uint8_t byte) { return _mm_crc32_u8(state, byte); }
bool has_crc_instruction() { return __builtin_cpu_supports("sse4.2") != 0; }
#else
MILLRACE_CRC32C_TARGET inline uint64_t step_word(uint64_t state, uint64_t word) {
  return __crc32cd(static_cast<uint32_t>(state), word);
}
MILLRACE_CRC32C_TARGET inline uint32_t step_byte(uint32_t state, uint8_t byte) { return __crc32cb(state, byte); }
bool has_crc_instruction() { return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }
#endif

// Consumes as many triples of stripes as there are.
template <size_t stripe_size>
MILLRACE_CRC32C_TARGET uint32_t extend_stripes(uint32_t state, std::span<const std::byte>& bytes,
                                               const StripeShift<stripe_size>& shift) {
  static_assert(stripe_size % sizeof(uint64_t) == 0);
  while (bytes.size() >= 3 * stripe_size) {
    const std::byte* at = bytes.data();
    uint64_t a = state;
    uint64_t b = 0;
    uint64_t c = 0;
    for (size_t offset = 0; offset < stripe_size; offset += sizeof(uint64_t)) {
      a = step_word(a, load<uint64_t>(at + offset));
      b = step_word(b, load<uint64_t>(at + stripe_size + offset));
      c = step_word(c, load<uint64_t>(at + 2 * stripe_size + offset));
    }
    state = shift(shift(static_cast<uint32_t>(a)) ^ static_cast<uint32_t>(b)) ^ static_cast<uint32_t>(c);
    bytes = bytes.subspan(3 * stripe_size);
  }
  return state;
}

MILLRACE_CRC32C_TARGET uint32_t extend_by_instruction(uint32_t crc, std::span<const std::byte> bytes) {
  uint32_t state = extend_stripes(~crc, bytes, shift_large);
  state = extend_stripes(state, bytes, shift_small);
  uint64_t wide = state;
  while (bytes.size() >= sizeof(uint64_t)) {
    wide = step_word(wide, load<uint64_t>(bytes.data()));
    bytes = bytes.subspan(sizeof(uint64_t));
  }
  state = static_cast<uint32_t>(wide);
  for (const std::byte byte : bytes) state = step_byte(state, static_cast<uint8_t>(byte));
  return ~state;
}

#endif

}  // namespace

uint32_t crc32c_extend_portable(uint32_t crc, std::span<const std::byte> bytes) {
  uint32_t state = ~crc;
  while (bytes.size() >= sizeof(uint64_t)) {
    const uint64_t word = load<uint64_t>(bytes.data()) ^ state;
    state = 0;
    for (size_t position = 0; position < 8; ++position) state ^= slicing_tables[7 - position][word >> (8 * position) & 0xff];
    bytes = bytes.subspan(sizeof(uint64_t));
  }
  for (const std::byte byte : bytes) state = (state >> 8) ^ slicing_tables[0][(state ^ static_cast<uint8_t>(byte)) & 0xff];
  return ~state;
}

uint32_t crc32c_extend(uint32_t crc, std::span<const std::byte> bytes) {
#ifdef MILLRACE_CRC32C_TARGET
  if (has_crc_instruction()) [[likely]]
    return extend_by_instruction(crc, bytes);
#endif
  return crc32c_extend_portable(crc, bytes);
}

}  // namespace engine
