#include "storage/table/symbol_dictionary.h"

#include "engine/base/verify.h"

namespace storage {

namespace {

constexpr size_t entry_size =
    sizeof(std::string) + 2 * (sizeof(std::string_view) + sizeof(SymbolId));  // a half-full map at worst

}  // namespace

SymbolId SymbolDictionary::resolve(std::string_view text) {
  if (const auto found = ids_.find(text); found != ids_.end()) return found->second;
  VERIFY_LT(texts_.size(), symbols_max);
  VERIFY_LE(text.size(), symbol_size_max);
  const SymbolId id{size()};
  const std::string& stored = texts_.emplace_back(text);
  ids_.emplace(stored, id);
  VERIFY_EQ(ids_.size(), texts_.size());
  memory_size_ += entry_size + text.size();
  return id;
}

absl::Status SymbolDictionary::restore(SymbolId id, std::string_view text) {
  const auto error = [id](std::string_view what, std::string_view found) {
    std::string message = "symbol ";
    message.append(std::to_string(id.value)).append(": ").append(what).append(", found ").append(found);
    return engine::data_loss(message);
  };
  if (id.value < size()) {
    return texts_[id.value] == text ? absl::OkStatus() : error("expected text \"" + texts_[id.value] + "\"", text);
  }
  if (id.value != size()) return error("expected the next id, " + std::to_string(size()), "a gap");
  if (size() == symbols_max) return error("expected fewer ids", "the most there may be");
  if (text.size() > symbol_size_max) return error("expected a shorter text", std::to_string(text.size()) + " bytes");
  if (ids_.contains(text)) return error("expected a new text", text);
  resolve(text);
  return absl::OkStatus();
}

}  // namespace storage
