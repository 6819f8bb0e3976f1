// The part of SimDisk that decides about durability of directory entries, and about power failures.
#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "engine/base/verify.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_world.h"

namespace sim {
namespace {

// Which later changes a lost change takes with it, beside those that depend on it.
enum class LossOrder : uint8_t {
  whole_disk,     // a journal: nothing after the first lost change survives
  per_directory,  // nothing after it in the same directory
  none,
};

}  // namespace

bool SimDisk::EntryChange::touches(const Inode& directory) const {
  return std::ranges::any_of(edits, [&](const EntryEdit& edit) { return edit.directory.get() == &directory; });
}

bool SimDisk::EntryChange::depends_on(const EntryChange& earlier) const {
  // A directory is not gone before it is empty: what was moved out of it must not be lost with it.
  if (removed_directory != nullptr && earlier.touches(*removed_directory)) return true;
  return std::ranges::any_of(edits, [&](const EntryEdit& edit) {
    return std::ranges::any_of(earlier.edits, [&](const EntryEdit& before) { return edit.same_entry(before); });
  });
}

void SimDisk::change_entries(EntryChange change) {
  change.id = ++last_change_;
  for (const EntryEdit& edit : change.edits) {
    world_.trace(edit.directory->number);
    world_.trace_bytes(engine::as_bytes(edit.name));
    if (edit.inode == nullptr) {
      edit.directory->entries.erase(edit.name);
    } else {
      edit.directory->entries[edit.name] = edit.inode;
    }
  }
  entry_changes_.push_back(std::move(change));
  effect();
}

void SimDisk::apply(const EntryChange& change) {
  for (const EntryEdit& edit : change.edits) {
    if (edit.inode == nullptr) {
      edit.directory->entries_durable.erase(edit.name);
    } else {
      edit.directory->entries_durable[edit.name] = edit.inode;
    }
  }
}

void SimDisk::persist_entries(const Inode& directory, ChangeId last) {
  std::vector<bool> wanted(entry_changes_.size());
  for (size_t index = wanted.size(); index-- > 0;) {
    const EntryChange& change = entry_changes_[index];
    wanted[index] = wanted[index] || (change.id <= last && change.touches(directory));
    if (!wanted[index]) continue;
    for (size_t earlier = 0; earlier < index; ++earlier) {
      wanted[earlier] = wanted[earlier] || change.depends_on(entry_changes_[earlier]);
    }
  }
  size_t left = 0;
  for (size_t index = 0; index < wanted.size(); ++index) {
    if (wanted[index]) {
      apply(entry_changes_[index]);
    } else if (left++ != index) {
      entry_changes_[left - 1] = std::move(entry_changes_[index]);
    }
  }
  entry_changes_.resize(left);
}

void SimDisk::crash(const CrashPlan& plan) {
  crash_files(plan);
  crash_entries(plan);
  world_.trace(effect_count_);
}

void SimDisk::crash_files(const CrashPlan& plan) {
  std::optional<ChangeId> youngest;
  for (const auto& [number, weak] : dirty_files_) {
    if (const InodeRef inode = weak.lock()) youngest = std::max(youngest, inode->file.youngest_write());
  }
  for (const auto& [number, weak] : dirty_files_) {
    if (const InodeRef inode = weak.lock()) inode->file.crash(plan, world_.options().disk.tear_size, youngest, world_.prng());
  }
  dirty_files_.clear();
}

void SimDisk::crash_entries(const CrashPlan& plan) {
  engine::Prng& prng = world_.prng();
  const auto order = static_cast<LossOrder>(prng.below(3));
  const uint64_t kept_of_4 = prng.below(5);
  std::vector<const EntryChange*> lost;
  const auto goes_with = [order](const EntryChange& change, const EntryChange& before) {
    if (order == LossOrder::whole_disk || change.depends_on(before)) return true;
    return std::ranges::any_of(change.edits, [&](const EntryEdit& edit) {
      return edit.directory == before.made_directory || (order == LossOrder::per_directory && before.touches(*edit.directory));
    });
  };
  for (const EntryChange& change : entry_changes_) {
    const bool seeded = plan.entries == Fate::seeded || plan.entries == Fate::torn;
    const bool kept = seeded ? prng.chance(kept_of_4, 4) : plan.entries == Fate::kept;
    if (kept && std::ranges::none_of(lost, [&](const EntryChange* before) { return goes_with(change, *before); })) {
      apply(change);
    } else {
      lost.push_back(&change);
    }
  }
  for (const EntryChange& change : entry_changes_) {
    for (const EntryEdit& edit : change.edits) edit.directory->entries = edit.directory->entries_durable;
  }
  entry_changes_.clear();
}

}  // namespace sim
