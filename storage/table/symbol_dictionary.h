// The symbols of one lane and column: text and id, ids dense from 0 in the order in which they were given. Belongs to the
// owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "engine/base/status.h"
#include "engine/base/text_hash.h"
#include "engine/base/verify.h"
#include "storage/schema/ids.h"

namespace storage {

inline constexpr uint32_t symbols_max = 10'000'000;          // distinct, per column
inline constexpr size_t symbol_size_max = size_t{16} << 20;  // bytes

class SymbolDictionary {
 public:
  explicit SymbolDictionary(uint64_t hash_seed) : ids_(0, engine::TextHash{hash_seed}) {}

  // The id of `text`, a new one when it is unknown. The caller keeps to symbols_max and symbol_size_max.
  SymbolId resolve(std::string_view text);

  // For replay: `id` must be the next new id, or known with the same text; anything else is data loss.
  absl::Status restore(SymbolId id, std::string_view text);

  bool contains(std::string_view text) const { return ids_.contains(text); }
  std::string_view text(SymbolId id) const {
    VERIFY_LT(id.value, texts_.size());
    return texts_[id.value];
  }
  uint32_t size() const { return static_cast<uint32_t>(texts_.size()); }
  size_t memory_size() const { return memory_size_; }
  // What a text's place in memory comes from.
  uint64_t hash_of(std::string_view text) const { return ids_.hash_function()(text); }

 private:
  std::deque<std::string> texts_;  // stable addresses: the keys of ids_ point here
  absl::flat_hash_map<std::string_view, SymbolId, engine::TextHash, engine::TextEqual> ids_;
  size_t memory_size_ = 0;
};

}  // namespace storage
