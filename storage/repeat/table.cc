#include "storage/repeat/table.h"

#include <algorithm>

#include "engine/base/verify.h"

namespace storage {

RepeatTable::Found RepeatTable::find(const engine::Hash128& hash, engine::Instant now) {
  expire(now);
  const auto entry = entries_.find(hash);
  if (entry == entries_.end()) return {};
  if (entry->second.stored.empty()) return {.verdict = Verdict::running};
  return {.verdict = Verdict::stored, .note = stored_.at(entry->second.stored.front()).note};
}

void RepeatTable::end(const engine::Hash128& hash) {
  const auto entry = entries_.find(hash);
  VERIFY(entry != entries_.end());
  VERIFY_GT(entry->second.running, 0U);
  if (--entry->second.running == 0 && entry->second.stored.empty()) entries_.erase(entry);
}

void RepeatTable::store(const engine::Hash128& hash, const RequestNote& note, engine::Instant now) {
  VERIFY(note.is_set());
  expire(now);
  const uint64_t number = next_++;
  entries_[hash].stored.push_back(number);
  stored_.emplace(number, Stored{.hash = hash, .note = note, .since = now});
  if (stored_.size() <= stored_max_) return;
  remove(stored_.begin());
  ++pushed_out_;
}

void RepeatTable::take(const engine::Hash128& hash) {
  const auto entry = entries_.find(hash);
  if (entry == entries_.end() || entry->second.stored.empty()) return;
  remove(stored_.find(entry->second.stored.front()));
}

std::vector<RequestNote> RepeatTable::stored(engine::Instant now) {
  expire(now);
  std::vector<RequestNote> notes;
  notes.reserve(stored_.size());
  for (const auto& [number, stored] : stored_) notes.push_back(stored.note);
  return notes;
}

void RepeatTable::expire(engine::Instant now) {
  while (!stored_.empty() && stored_.begin()->second.since + time_ <= now) remove(stored_.begin());
}

void RepeatTable::remove(std::map<uint64_t, Stored>::iterator stored) {
  VERIFY(stored != stored_.end());
  const auto entry = entries_.find(stored->second.hash);
  VERIFY(entry != entries_.end());
  VERIFY_EQ(std::erase(entry->second.stored, stored->first), 1U);
  if (entry->second.stored.empty() && entry->second.running == 0) entries_.erase(entry);
  stored_.erase(stored);
}

}  // namespace storage
