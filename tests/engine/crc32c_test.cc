#include "engine/base/crc32c.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/prng.h"
#include "tests/catch.h"

namespace engine {
namespace {

std::vector<std::byte> filled(size_t size, auto value_at) {
  std::vector<std::byte> bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(value_at(i));
  return bytes;
}

TEST_CASE("crc32c: the vectors of RFC 3720 B.4 and the check value of the catalogue") {
  CHECK(crc32c(filled(32, [](size_t) { return 0; })) == 0x8a9136aaU);
  CHECK(crc32c(filled(32, [](size_t) { return 0xff; })) == 0x62a8ab43U);
  CHECK(crc32c(filled(32, [](size_t i) { return i; })) == 0x46dd794eU);
  CHECK(crc32c(filled(32, [](size_t i) { return 31 - i; })) == 0x113fdb5cU);
  CHECK(crc32c(as_bytes("123456789")) == 0xe3069283U);
  CHECK(crc32c({}) == 0);
}

TEST_CASE("crc32c: instruction and table agree at every size and alignment") {
  Prng prng{1};
  const std::vector<std::byte> bytes = filled(40'000, [&](size_t) { return prng.next() & 0xff; });
  const auto agree = [&](size_t offset, size_t size) {
    const auto part = std::span(bytes).subspan(offset, size);
    const auto seed = static_cast<uint32_t>(prng.next());
    return crc32c_extend(seed, part) == crc32c_extend_portable(seed, part);
  };
  for (size_t size = 0; size < 2'000; ++size) {
    INFO("size " << size);
    REQUIRE(agree(prng.below(16), size));
  }
  for (int i = 0; i < 200; ++i) {
    const size_t offset = prng.below(64);
    const size_t size = prng.below(bytes.size() - offset);
    INFO("offset " << offset << " size " << size);
    REQUIRE(agree(offset, size));
  }
}

TEST_CASE("crc32c: extending piece by piece equals one pass over the whole") {
  Prng prng{2};
  const std::vector<std::byte> bytes = filled(30'000, [&](size_t) { return prng.next() & 0xff; });
  const uint32_t whole = crc32c(bytes);
  for (int round = 0; round < 50; ++round) {
    uint32_t crc = 0;
    std::span<const std::byte> rest = bytes;
    while (!rest.empty()) {
      const size_t size = std::min<size_t>(rest.size(), 1 + prng.below(9'000));
      crc = crc32c_extend(crc, rest.first(size));
      rest = rest.subspan(size);
    }
    REQUIRE(crc == whole);
  }
}

TEST_CASE("crc32c: every single flipped bit is found") {
  std::vector<std::byte> bytes = filled(1'100, [](size_t i) { return i * 7; });
  const uint32_t intact = crc32c(bytes);
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    const std::byte mask{static_cast<uint8_t>(1U << (bit % 8))};
    bytes[bit / 8] ^= mask;
    REQUIRE(crc32c(bytes) != intact);
    bytes[bit / 8] ^= mask;
  }
}

}  // namespace
}  // namespace engine
