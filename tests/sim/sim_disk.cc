#include "tests/sim/sim_disk.h"

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "engine/base/bytes.h"
#include "engine/base/verify.h"
#include "tests/sim/sim_world.h"

namespace sim {
namespace {

using engine::IoOp;
using engine::OpenMode;

// Takes the first component off `path`; empty components and "." are skipped. Empty at the end.
std::string_view next_component(std::string_view& path) {
  for (;;) {
    const size_t length = std::min(path.find('/'), path.size());
    const std::string_view component = path.substr(0, length);
    path.remove_prefix(std::min(length + 1, path.size()));
    VERIFY_NE(component, "..");
    if (!component.empty() && component != ".") return component;
    if (path.empty()) return {};
  }
}

bool aligned(const FileHandle& handle, uint64_t offset, std::span<const std::byte> buffer) {
  if (handle.mode != OpenMode::read_write_direct) return true;
  const auto address = reinterpret_cast<uintptr_t>(buffer.data());
  return (offset | buffer.size() | address) % engine::block_size == 0;
}

bool writable(const FileHandle& handle) {
  return handle.mode == OpenMode::read_write || handle.mode == OpenMode::read_write_direct;
}

}  // namespace

SimDisk::SimDisk(SimWorld& world) : world_(world), root_(make_inode(true)) {}

InodeRef SimDisk::make_inode(bool is_directory) {
  auto inode = std::make_shared<Inode>();
  inode->number = inode_next_++;
  inode->is_directory = is_directory;
  return inode;
}

InodeRef SimDisk::find(std::string_view path, View view) const {
  InodeRef inode = root_;
  for (;;) {
    const std::string_view component = next_component(path);
    if (component.empty()) return inode;
    const auto& entries = view == View::current ? inode->entries : inode->entries_durable;
    const auto entry = entries.find(std::string(component));
    if (entry == entries.end()) return nullptr;
    inode = entry->second;
  }
}

// Where `path` is or would be: its directory exists.
int32_t SimDisk::find_place(std::string_view path, EntryPlace& place) const {
  const size_t slash = path.rfind('/');
  place.directory = slash == std::string_view::npos ? root_ : find(path.substr(0, slash), View::current);
  place.name = path.substr(slash == std::string_view::npos ? 0 : slash + 1);
  VERIFY(!place.name.empty());
  if (place.directory == nullptr) return -ENOENT;
  return place.directory->is_directory ? 0 : -ENOTDIR;
}

void SimDisk::effect() { ++effect_count_; }

int32_t SimDisk::injected(IoOp op, uint32_t rate, Fault fault) {
  for (size_t index = 0; index < fail_points_.size(); ++index) {
    FailPoint& point = fail_points_[index];
    if (point.op.has_value() && *point.op != op) continue;
    if (point.after > 0) {
      --point.after;
      continue;
    }
    const int32_t error = point.error;
    if (!point.sticky) fail_points_.erase(fail_points_.begin() + static_cast<std::ptrdiff_t>(index));
    world_.count_fault(Fault::fail_point);
    return -error;
  }
  return world_.happens(rate, fault) ? -EIO : 0;
}

int32_t SimDisk::open(std::string_view path, OpenMode mode, FileHandle& handle) {
  if (const int32_t error = injected(IoOp::open, world_.options().disk.entry_error_rate, Fault::entry_error); error != 0)
    return error;
  const bool creates = mode == OpenMode::read_write || mode == OpenMode::read_write_direct;
  InodeRef inode = find(path, View::current);
  if (inode == nullptr) {
    if (!creates) return -ENOENT;
    EntryPlace place;
    if (const int32_t error = find_place(path, place); error != 0) return error;
    inode = make_inode(false);
    inode->made_as = path;
    change_entries({.edits = {{place.directory, place.name, inode}}});
  }
  if (creates && inode->is_directory) return -EISDIR;
  if (mode == OpenMode::directory && !inode->is_directory) return -ENOTDIR;
  handle = {.inode = std::move(inode), .mode = mode};
  return 0;
}

int32_t SimDisk::read(const FileHandle& handle, uint64_t offset, std::span<std::byte> target) {
  if (handle.inode->is_directory) return -EISDIR;
  if (!aligned(handle, offset, target)) return -EINVAL;
  if (watcher_ != nullptr) watcher_->before_read(handle);
  const DiskFaults& faults = world_.options().disk;
  if (const int32_t error = injected(IoOp::read, faults.read_error_rate, Fault::read_error); error != 0) return error;
  if (target.size() > 1 && world_.happens(faults.read_short_rate, Fault::read_short)) {
    target = target.first(world_.prng().between(1, target.size() - 1));
  }
  return static_cast<int32_t>(handle.inode->file.read(offset, target));
}

uint64_t SimDisk::room() const {
  const uint64_t capacity = world_.options().disk_capacity;
  const uint64_t used = used_size();
  return capacity <= used ? 0 : engine::align_down(capacity - used, engine::block_size);
}

bool SimDisk::has_room(const SimFile& file, uint64_t size_after) const {
  if (world_.options().disk_capacity == UINT64_MAX || size_after <= file.size()) return true;
  const uint64_t growth = engine::align_up(size_after, engine::block_size) - engine::align_up(file.size(), engine::block_size);
  return growth <= room();
}

int32_t SimDisk::write(const FileHandle& handle, uint64_t offset, std::span<const std::byte> source, ChangeId& change) {
  if (!writable(handle)) return -EBADF;
  if (!aligned(handle, offset, source)) return -EINVAL;
  VERIFY_LE(source.size(), static_cast<size_t>(INT32_MAX));
  if (source.empty()) return 0;
  if (watcher_ != nullptr) watcher_->before_write(handle, offset, source);
  const DiskFaults& faults = world_.options().disk;
  int32_t error = injected(IoOp::write, faults.write_error_rate, Fault::write_error);
  // Nothing of a write that does not fit is written: what ext4 and xfs do.
  if (error == 0 && !has_room(handle.inode->file, offset + source.size())) {
    world_.count_fault(Fault::disk_full);
    error = -ENOSPC;
  }
  int32_t result = static_cast<int32_t>(source.size());
  if (error == -EIO && world_.prng().chance(1, 2)) write_partly(handle, offset, source);
  if (error != 0) return error;
  if (world_.happens(faults.write_short_rate, Fault::write_short)) {
    result = write_partly(handle, offset, source);
  } else if (world_.happens(faults.misdirected_write_rate, Fault::misdirected_write)) {
    const uint64_t block_count = engine::div_ceil(handle.inode->file.size() + 1, engine::block_size);
    write_bytes(handle.inode, world_.prng().below(block_count) * engine::block_size, source);
  } else {
    write_bytes(handle.inode, offset, source);
  }
  change = last_change_;
  return result;
}

// A prefix; of an O_DIRECT file in whole blocks, which may be all of it.
int32_t SimDisk::write_partly(const FileHandle& handle, uint64_t offset, std::span<const std::byte> source) {
  const size_t unit = handle.mode == OpenMode::read_write_direct ? engine::block_size : 1;
  const size_t count = source.size() / unit;
  const size_t size = count < 2 ? source.size() : world_.prng().between(1, count - 1) * unit;
  write_bytes(handle.inode, offset, source.first(size));
  return static_cast<int32_t>(size);
}

void SimDisk::write_bytes(const InodeRef& inode, uint64_t offset, std::span<const std::byte> source) {
  world_.trace(inode->number);
  world_.trace(offset);
  world_.trace_bytes(source);
  inode->file.write(++last_change_, offset, source);
  dirty_files_[inode->number] = inode;
  effect();
}

int32_t SimDisk::persist(const FileHandle& handle, ChangeId change) {
  if (const int32_t error = injected(IoOp::write_dsync, world_.options().disk.sync_error_rate, Fault::sync_error); error != 0)
    return error;
  handle.inode->file.persist_one(change);
  if (!handle.inode->file.pending()) dirty_files_.erase(handle.inode->number);
  effect();
  return 0;
}

int32_t SimDisk::sync(const FileHandle& handle, ChangeId last) {
  const int32_t error = injected(IoOp::sync_data, world_.options().disk.sync_error_rate, Fault::sync_error);
  Inode& inode = *handle.inode;
  if (inode.is_directory) {
    if (error == 0) persist_entries(inode, last);
  } else if (error == 0) {
    inode.file.persist_until(last);
  } else {
    inode.file.fail_sync(last, world_.prng());
  }
  if (!inode.file.pending()) dirty_files_.erase(inode.number);
  effect();
  return error;
}

int32_t SimDisk::allocate(const FileHandle& handle, uint64_t offset, uint64_t size) {
  if (!writable(handle)) return -EBADF;
  if (size == 0) return -EINVAL;
  if (const int32_t error = injected(IoOp::allocate, 0, Fault::fail_point); error != 0) return error;
  SimFile& file = handle.inode->file;
  uint64_t end = offset + size;
  const bool fits = has_room(file, end);
  // What there was stays allocated, as on ext4.
  if (!fits) world_.count_fault(Fault::disk_full);
  if (!fits) end = engine::align_up(file.size(), engine::block_size) + room();
  if (end > file.size()) {
    file.extend(++last_change_, end);
    dirty_files_[handle.inode->number] = handle.inode;
    effect();
  }
  return fits ? 0 : -ENOSPC;
}

int32_t SimDisk::rename(std::string_view path, std::string_view path_target) {
  if (watcher_ != nullptr) watcher_->before_rename(path, path_target);
  if (const int32_t error = injected(IoOp::rename, world_.options().disk.entry_error_rate, Fault::entry_error); error != 0)
    return error;
  EntryPlace source;
  EntryPlace target;
  if (const int32_t error = find_place(path, source); error != 0) return error;
  if (const int32_t error = find_place(path_target, target); error != 0) return error;
  const InodeRef inode = find(path, View::current);
  if (inode == nullptr) return -ENOENT;
  VERIFY(!inode->is_directory);  // Millrace moves files only, and trees of moved directories are not worth their rules here
  const InodeRef replaced = find(path_target, View::current);
  if (replaced == inode) return 0;
  if (replaced != nullptr && replaced->is_directory) return -EISDIR;
  change_entries({.edits = {{source.directory, source.name, nullptr}, {target.directory, target.name, inode}}});
  return 0;
}

int32_t SimDisk::unlink(std::string_view path) {
  if (watcher_ != nullptr) watcher_->before_unlink(path);
  if (const int32_t error = injected(IoOp::unlink, world_.options().disk.entry_error_rate, Fault::entry_error); error != 0)
    return error;
  EntryPlace place;
  if (const int32_t error = find_place(path, place); error != 0) return error;
  const InodeRef inode = find(path, View::current);
  if (inode == nullptr) return -ENOENT;
  if (inode->is_directory) return -EISDIR;
  change_entries({.edits = {{place.directory, place.name, nullptr}}});
  return 0;
}

int32_t SimDisk::mkdir(std::string_view path) {
  if (const int32_t error = injected(IoOp::mkdir, world_.options().disk.entry_error_rate, Fault::entry_error); error != 0)
    return error;
  EntryPlace place;
  if (const int32_t error = find_place(path, place); error != 0) return error;
  if (find(path, View::current) != nullptr) return -EEXIST;
  const InodeRef inode = make_inode(true);
  change_entries({.edits = {{place.directory, place.name, inode}}, .made_directory = inode});
  return 0;
}

int32_t SimDisk::rmdir(std::string_view path) {
  if (const int32_t error = injected(IoOp::rmdir, world_.options().disk.entry_error_rate, Fault::entry_error); error != 0)
    return error;
  EntryPlace place;
  if (const int32_t error = find_place(path, place); error != 0) return error;
  const InodeRef inode = find(path, View::current);
  if (inode == nullptr) return -ENOENT;
  if (!inode->is_directory) return -ENOTDIR;
  if (!inode->entries.empty()) return -ENOTEMPTY;
  change_entries({.edits = {{place.directory, place.name, nullptr}}, .removed_directory = inode});
  return 0;
}

int32_t SimDisk::list(std::string_view path, std::vector<engine::DirectoryEntry>& entries) {
  const InodeRef directory = find(path, View::current);
  if (directory == nullptr) return -ENOENT;
  if (!directory->is_directory) return -ENOTDIR;
  for (const auto& [name, inode] : directory->entries) {
    entries.push_back({.name = name, .is_directory = inode->is_directory, .size = inode->file.size()});
  }
  // A directory has no order.
  for (size_t count = entries.size(); count > 1; --count) std::swap(entries[count - 1], entries[world_.prng().below(count)]);
  return 0;
}

bool SimDisk::flip_bit(std::string_view path, uint64_t offset, unsigned bit) {
  const InodeRef inode = find(path, View::durable);
  if (inode == nullptr || offset >= inode->file.durable_size()) return false;
  inode->file.flip_durable_bit(offset, bit);
  return true;
}

bool SimDisk::is_entry_durable(std::string_view path) const {
  InodeRef directory = root_;
  for (std::string_view component = next_component(path); !component.empty(); component = next_component(path)) {
    const EntryEdit entry{.directory = directory, .name = std::string(component)};
    const auto current = directory->entries.find(entry.name);
    const auto durable = directory->entries_durable.find(entry.name);
    if (current == directory->entries.end() || durable == directory->entries_durable.end()) return false;
    if (current->second != durable->second) return false;
    const bool pending = std::ranges::any_of(entry_changes_, [&](const EntryChange& change) {
      return std::ranges::any_of(change.edits, [&](const EntryEdit& edit) { return edit.same_entry(entry); });
    });
    if (pending) return false;
    directory = current->second;
  }
  return true;
}

bool SimDisk::is_durable(std::string_view path, uint64_t offset, uint64_t size) const {
  return is_entry_durable(path) && find(path, View::durable)->file.is_durable(offset, size);
}

std::optional<std::vector<std::byte>> SimDisk::read_durable(std::string_view path) const {
  const InodeRef inode = find(path, View::durable);
  if (inode == nullptr) return std::nullopt;
  std::vector<std::byte> bytes(inode->file.durable_size());
  inode->file.read_durable(0, bytes);
  return bytes;
}

std::optional<std::vector<std::byte>> SimDisk::read_current(std::string_view path) const {
  const InodeRef inode = find(path, View::current);
  if (inode == nullptr) return std::nullopt;
  std::vector<std::byte> bytes(inode->file.size());
  inode->file.read(0, bytes);
  return bytes;
}

std::vector<std::string> SimDisk::paths_below(std::string_view directory) const {
  std::vector<std::string> paths;
  const InodeRef inode = find(directory, View::current);
  if (inode == nullptr) return paths;
  for (const auto& [name, entry] : inode->entries) {
    const std::string path = std::string(directory) + '/' + name;
    if (entry->is_directory) {
      std::ranges::move(paths_below(path), std::back_inserter(paths));
    } else {
      paths.push_back(path);
    }
  }
  return paths;
}

std::vector<std::string> SimDisk::names_possible(std::string_view directory) const {
  std::vector<std::string> names;
  const InodeRef inode = find(directory, View::current);
  if (inode == nullptr) return names;
  for (const auto& [name, entry] : inode->entries) names.push_back(name);
  for (const auto& [name, entry] : inode->entries_durable) {
    if (!inode->entries.contains(name)) names.push_back(name);
  }
  return names;
}

uint64_t SimDisk::used_size() const {
  uint64_t used = 0;
  std::vector<const Inode*> directories = {root_.get()};
  while (!directories.empty()) {
    const Inode* directory = directories.back();
    directories.pop_back();
    for (const auto& [name, inode] : directory->entries) {
      if (inode->is_directory) directories.push_back(inode.get());
      used += engine::align_up(inode->file.size(), engine::block_size);
    }
  }
  return used;
}

}  // namespace sim
