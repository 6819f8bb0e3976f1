// What one source knows of one symbol column: text -> id, as far as its owner has told, and the local index in the batch that
// is open. Every symbol of every row is looked up here.
//
// Most symbols are short. One of up to 15 bytes is held as two words, its size in the last byte, in an open-addressed table
// with linear probing: a look-up is one multiplication (the mixing step of wyhash, with a seed that the server draws at start)
// and mostly one cache line. Longer ones are in a hash map.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/base/text_hash.h"
#include "storage/batch/column_batch.h"
#include "storage/schema/ids.h"

namespace storage {

// Belongs to one thread.
class SymbolCache {
 public:
  static constexpr size_t entries_max = 1'000'000;  // then it starts anew
  static constexpr size_t cached_size_max = 4096;   // bytes; a longer text travels each time

  explicit SymbolCache(uint64_t hash_seed);

  // The local index of `text` in the batch numbered `serial`, which is `batch`. Serials are not 0.
  uint32_t local_index(OpenBatch& batch, uint64_t serial, ColumnIndex column, std::string_view text) {
    if (text.size() > cached_size_max) [[unlikely]]
      return batch.add_symbol(column, text);
    Entry& entry = find_or_insert(text);
    if (entry.serial != serial) [[unlikely]]
      add_to(batch, serial, column, text, entry);
    return entry.local_index;
  }

  // What the owner answered for a text that was looked up before.
  void learn(std::string_view text, SymbolId id);

  size_t size() const { return short_count_ + long_.size(); }

 private:
  struct Entry {
    SymbolId id = symbol_none;
    uint32_t local_index = 0;
    uint64_t serial = 0;  // of the batch that local_index belongs to
  };

  // A text of 1 to 15 bytes, then zeros, then its size.
  struct ShortText {
    uint64_t low = 0;
    uint64_t high = 0;

    bool is_none() const { return high == 0; }  // the size of a text is not 0
  };

  struct Slot {
    ShortText text;  // none: the slot is free
    Entry entry;
  };

  static constexpr size_t short_size_max = 15;

  static ShortText pack(std::string_view text);
  static bool is_short(std::string_view text) { return text.size() - 1 < short_size_max; }
  size_t home_of(ShortText text) const;
  Entry* find_short(ShortText text);
  Entry& find_or_insert(std::string_view text) {
    if (!is_short(text)) return find_or_insert_long(text);
    const ShortText packed = pack(text);
    Entry* const known = find_short(packed);
    return known != nullptr ? *known : insert_short(packed);
  }
  Entry& insert_short(ShortText text);
  Entry& find_or_insert_long(std::string_view text);
  void add_to(OpenBatch& batch, uint64_t serial, ColumnIndex column, std::string_view text, Entry& entry);
  void grow();
  void forget_all();

  const uint64_t seed_;
  std::vector<Slot> slots_;  // a power of two, at least twice short_count_
  size_t short_count_ = 0;
  absl::flat_hash_map<std::string, Entry, engine::TextHash, engine::TextEqual> long_;  // and the empty text
};

}  // namespace storage
