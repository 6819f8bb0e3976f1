#include "storage/source/symbol_cache.h"

#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/sabotage.h"
#include "engine/base/verify.h"

namespace storage {
namespace {

constexpr size_t slots_min = 16;

// Of wyhash (Wang Yi): odd constants with as many ones as zeros.
constexpr uint64_t mix_low = 0xa0761d6478bd642fU;
constexpr uint64_t mix_high = 0xe7037ed1a0b428dbU;

template <typename T>
uint64_t word(const std::byte* source) {
  return engine::load<T>(source);
}

}  // namespace

SymbolCache::SymbolCache(uint64_t hash_seed) : seed_(hash_seed), slots_(slots_min), long_(0, engine::TextHash{hash_seed}) {}

// Loads that overlap instead of a loop over bytes: what two of them have in common they agree on.
//
//   11 bytes, abcdefghijk:   low    = abcdefgh
//                            bytes 3 to 10, defghijk, less the 5 that low has:   high = ijk, zeros, size 11
//    6 bytes, abcdef:        abcd | cdef moved up by 2 bytes:                    low = abcdef, zeros;  high = size 6
//    3 bytes, abc:           a | b moved up by 1 | c moved up by 2;   of 1 byte all three are the same
SymbolCache::ShortText SymbolCache::pack(std::string_view text) {
  const std::byte* const data = engine::as_bytes(text).data();
  const size_t size = text.size();
  const uint64_t size_byte = static_cast<uint64_t>(size) << 56;
  if (size > 8) return {word<uint64_t>(data), (word<uint64_t>(data + size - 8) >> (8 * (16 - size))) | size_byte};
  if (size >= 4) return {word<uint32_t>(data) | word<uint32_t>(data + size - 4) << (8 * (size - 4)), size_byte};
  return {word<uint8_t>(data) | word<uint8_t>(data + size / 2) << (8 * (size / 2)) |
              word<uint8_t>(data + size - 1) << (8 * (size - 1)),
          size_byte};
}

size_t SymbolCache::home_of(ShortText text) const {
  using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(text.low ^ seed_ ^ mix_low) * (text.high ^ mix_high);
  return static_cast<size_t>(static_cast<uint64_t>(product >> 64) ^ static_cast<uint64_t>(product)) & (slots_.size() - 1);
}

// Null when it is not there. Word by word, and apart from the inserting: a text that is copied whole goes through memory, where
// a load of both words would wait for the two stores before it.
SymbolCache::Entry* SymbolCache::find_short(ShortText text) {
  Slot* const slots = slots_.data();
  const size_t mask = slots_.size() - 1;
  for (size_t at = home_of(text);; at = (at + 1) & mask) {
    Slot& slot = slots[at];
    if (slot.text.low == text.low && slot.text.high == text.high) return &slot.entry;
    if (slot.text.is_none()) return nullptr;
  }
}

// Of a text that is not there.
SymbolCache::Entry& SymbolCache::insert_short(ShortText text) {
  if (size() >= entries_max) {
    forget_all();
  } else if (2 * (short_count_ + 1) > slots_.size()) {
    grow();
  }
  const size_t mask = slots_.size() - 1;
  size_t at = home_of(text);
  while (!slots_[at].text.is_none()) at = (at + 1) & mask;
  ++short_count_;
  VERIFY_LE(2 * short_count_, slots_.size());  // a search for what is not there ends at a free slot
  slots_[at] = {.text = text, .entry = {}};
  return slots_[at].entry;
}

SymbolCache::Entry& SymbolCache::find_or_insert_long(std::string_view text) {
  const auto found = long_.find(text);
  if (found != long_.end()) return found->second;
  if (size() >= entries_max) forget_all();
  return long_.emplace(std::string(text), Entry{}).first->second;
}

void SymbolCache::add_to(OpenBatch& batch, uint64_t serial, ColumnIndex column, std::string_view text, Entry& entry) {
  entry.local_index = entry.id == symbol_none ? batch.add_symbol(column, text) : batch.add_symbol(column, entry.id);
  entry.serial = serial;
}

// A text that was forgotten meanwhile comes back without its batch: nothing is wrong with that.
void SymbolCache::learn(std::string_view text, SymbolId id) {
  VERIFY_NE(id, symbol_none);
  if (text.size() > cached_size_max) return;
  Entry& entry = find_or_insert(text);
  if (entry.id == symbol_none || !engine::sabotaged("learned_symbol_kept")) entry.id = id;
}

void SymbolCache::grow() {
  std::vector<Slot> before(2 * slots_.size());
  before.swap(slots_);
  const size_t count = std::exchange(short_count_, 0);
  for (const Slot& slot : before) {
    if (!slot.text.is_none()) insert_short(slot.text) = slot.entry;
  }
  VERIFY_EQ(short_count_, count);
}

void SymbolCache::forget_all() {
  std::vector<Slot>(slots_min).swap(slots_);
  short_count_ = 0;
  long_.clear();
}

}  // namespace storage
