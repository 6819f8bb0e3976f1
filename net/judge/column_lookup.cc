#include "net/judge/column_lookup.h"

namespace net {

ColumnLookup::ColumnLookup(uint64_t hash_seed)
    : by_spelling_(0, engine::TextHash{hash_seed}), by_folded_name_(0, engine::TextHash{hash_seed}) {}

void ColumnLookup::follow(const storage::Schema& schema) {
  if (version_ == schema.version) return;
  version_ = schema.version;
  spellings_.clear();
  places_.clear();
  by_spelling_.clear();
  by_folded_name_.clear();
  for (storage::ColumnIndex i; i.value < schema.columns.size(); ++i.value) {
    by_folded_name_[storage::fold_name(schema.column(i).name)] = i;
  }
}

storage::ColumnIndex ColumnLookup::find(std::string_view name, size_t place) {
  if (place < places_.size()) {
    const Spelling& likely = spellings_[places_[place]];
    if (engine::equal_text(likely.name, name)) return likely.column;
  }
  const uint32_t spelling = find_spelling(name);
  if (spelling == spelling_none) return column_none;
  if (place < places_.size()) {
    places_[place] = spelling;
  } else if (place == places_.size() && place < places_max) {
    places_.push_back(spelling);
  }
  return spellings_[spelling].column;
}

uint32_t ColumnLookup::find_spelling(std::string_view name) {
  if (const auto known = by_spelling_.find(name); known != by_spelling_.end()) return known->second;
  const auto column = by_folded_name_.find(storage::fold_name(name));
  if (column == by_folded_name_.end()) return spelling_none;
  if (spellings_.size() == spellings_max) {
    spellings_.clear();
    places_.clear();
    by_spelling_.clear();
  }
  const auto index = static_cast<uint32_t>(spellings_.size());
  spellings_.push_back({std::string(name), column->second});
  by_spelling_[spellings_.back().name] = index;
  return index;
}

}  // namespace net
