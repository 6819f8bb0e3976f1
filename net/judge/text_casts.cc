#include "net/judge/text_casts.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <span>
#include <system_error>

#include "engine/base/verify.h"
#include "net/line/number.h"

namespace net {
namespace {

constexpr std::string_view hex_prefix = "0x";

constexpr std::string_view geohash_letters = "0123456789bcdefghjkmnpqrstuvwxyz";
constexpr uint8_t geohash_letter_none = 0xff;

constexpr auto geohash_values = [] {
  std::array<uint8_t, 256> values{};
  values.fill(geohash_letter_none);
  for (size_t i = 0; i < geohash_letters.size(); ++i) {
    const auto letter = static_cast<uint8_t>(geohash_letters[i]);
    values[letter] = static_cast<uint8_t>(i);
    if (letter >= 'a') values[letter - 'a' + 'A'] = static_cast<uint8_t>(i);
  }
  return values;
}();

CastResult keep_long256(std::string_view digits, CastRoom& room, JudgedCell& target) {
  const std::optional<storage::Long256> words = parse_long256(digits);
  if (!words) return CastResult::mismatch;
  target.text = room.keep(std::as_bytes(std::span(*words)));
  return CastResult::value;
}

}  // namespace

CastResult cast_character(std::string_view text, JudgedCell& target) {
  constexpr uint8_t ascii_max = 0x7f;
  if (text.size() != 1 || static_cast<uint8_t>(text.front()) > ascii_max) return CastResult::mismatch;
  target.word = static_cast<uint8_t>(text.front());
  return target.word == 0 ? CastResult::null : CastResult::value;
}

CastResult cast_long256(std::string_view token, CastRoom& room, JudgedCell& target) {
  VERIFY_DEBUG(token.starts_with(hex_prefix) && token.ends_with('i'));
  return keep_long256(token.substr(hex_prefix.size(), token.size() - hex_prefix.size() - 1), room, target);
}

CastResult cast_long256_text(std::string_view text, CastRoom& room, JudgedCell& target) {
  if (!text.starts_with(hex_prefix) || text.size() % 2 != 0) return CastResult::mismatch;
  return keep_long256(text.substr(hex_prefix.size()), room, target);
}

// 01234567-89ab-cdef-0123-456789abcdef
CastResult cast_uuid(std::string_view text, CastRoom& room, JudgedCell& target) {
  constexpr size_t text_size = 36;
  if (text.size() != text_size) return CastResult::mismatch;
  std::array<std::byte, 16> bytes{};
  size_t at = 0;
  for (size_t i = 0; i < bytes.size(); ++i, at += 2) {
    const bool behind_hyphen = i == 4 || i == 6 || i == 8 || i == 10;
    if (behind_hyphen && text[at++] != '-') return CastResult::mismatch;
    uint8_t byte = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + at + 2, byte, 16);
    if (error != std::errc{} || end != text.data() + at + 2) return CastResult::mismatch;
    bytes[i] = std::byte{byte};
  }
  target.text = room.keep(bytes);
  return CastResult::value;
}

CastResult cast_ipv4(std::string_view text, JudgedCell& target) {
  constexpr size_t digits_max = 3;
  if (text.empty() || text == "null") return CastResult::null;
  target.word = 0;
  for (size_t i = 0; i < 4; ++i) {
    if (i != 0) {
      if (!text.starts_with('.')) return CastResult::mismatch;
      text.remove_prefix(1);
    }
    const size_t size = std::min(text.size(), digits_max);
    uint8_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + size, number);
    if (error != std::errc{}) return CastResult::mismatch;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    target.word = target.word << 8U | number;
  }
  if (!text.empty()) return CastResult::mismatch;
  return target.word == 0 ? CastResult::null : CastResult::value;
}

CastResult cast_geohash(std::string_view text, unsigned bits, JudgedCell& target) {
  constexpr unsigned bits_per_letter = 5;
  constexpr size_t letters_max = 12;  // those behind are not looked at
  text = text.substr(0, letters_max);
  const auto text_bits = static_cast<unsigned>(text.size()) * bits_per_letter;
  if (text_bits < bits) return CastResult::null;
  uint64_t hash = 0;
  for (const char letter : text) {
    const uint8_t value = geohash_values[static_cast<uint8_t>(letter)];
    if (value == geohash_letter_none) return CastResult::null;
    hash = hash << bits_per_letter | value;
  }
  target.word = hash >> (text_bits - bits);
  return CastResult::value;
}

}  // namespace net
