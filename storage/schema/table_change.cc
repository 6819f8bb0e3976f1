#include "storage/schema/table_change.h"

#include <algorithm>
#include <utility>

#include "engine/base/verify.h"

namespace storage {
namespace {

std::string quoted(std::string_view what, std::string_view name, std::string_view is) {
  return std::string(what).append(" '").append(name).append("' ").append(is);
}

// Changes a copy of the schema, name by name.
class Change {
 public:
  Change(const Schema& schema, ChangeRefusal& refusal) : next_(schema), refusal_(refusal) {}

  // False: refused.
  bool operator()(const AddColumns& add) {
    for (size_t i = 0; i < add.wishes.size() && add.must_be_new; ++i) {
      if (find_column(next_, add.wishes[i].name)) return refuse(i, quoted("column", add.wishes[i].name, "already exists"));
    }
    absl::StatusOr<Schema> added = with_columns(next_, add.wishes);
    if (!added.ok()) return refuse(0, added.status());
    next_ = *std::move(added);
    return true;
  }

  bool operator()(const DropColumns& drop) {
    for (size_t i = 0; i < drop.names.size(); ++i) {
      const std::optional<ColumnIndex> column = find(drop.names[i], i);
      if (!column || !drop_column(*column, i)) return false;
    }
    ++next_.version;
    return true;
  }

  bool operator()(const RenameColumn& rename) {
    const std::optional<ColumnIndex> column = find(rename.name, 0);
    if (!column) return false;
    const std::optional<ColumnIndex> taken = find_column(next_, rename.new_name);
    if (taken && *taken != *column) return refuse(1, quoted("column", rename.new_name, "already exists"));
    std::string& name = next_.columns[column->value].name;
    if (name == rename.new_name) return true;
    name = rename.new_name;
    ++next_.version;
    return true;
  }

  bool operator()(const SetTtl& set) {
    next_ = with_ttl(next_, set.ttl);
    return true;
  }

  bool operator()(const SetUpsertKeys& set) {
    absl::StatusOr<Schema> keyed = with_upsert_keys(next_, set.names);
    if (!keyed.ok()) return refuse(0, keyed.status());
    next_ = *std::move(keyed);
    return true;
  }

  bool operator()(const RenameTable& rename) {
    if (next_.name == rename.new_name) return true;
    next_.name = rename.new_name;
    ++next_.version;
    return true;
  }

  bool operator()(const DropTable&) {
    next_.is_dropped = true;
    ++next_.version;
    return true;
  }

  bool operator()(const TruncateTable&) { return (*this)(DropTable{}); }

  Schema take() { return std::move(next_); }

 private:
  bool refuse(size_t name, absl::Status status) {
    refusal_ = {.status = std::move(status), .name = name};
    return false;
  }
  bool refuse(size_t name, const std::string& why) { return refuse(name, engine::invalid_argument(why)); }

  std::optional<ColumnIndex> find(const std::string& name, size_t which) {
    const std::optional<ColumnIndex> column = find_column(next_, name);
    if (!column) refuse(which, quoted("column", name, "does not exist"));
    return column;
  }

  bool drop_column(ColumnIndex index, size_t which) {
    const Column column = next_.column(index);
    if (index == next_.designated) return refuse(which, quoted("column", column.name, "is the designated timestamp"));
    if (std::ranges::find(next_.upsert_keys, column.id) != next_.upsert_keys.end()) {
      return refuse(which, quoted("column", column.name, "is an upsert key: disable deduplication first"));
    }
    next_.dropped_columns.push_back(column);
    next_.columns.erase(next_.columns.begin() + static_cast<std::ptrdiff_t>(index.value));
    if (next_.designated > index) --next_.designated.value;
    return true;
  }

  Schema next_;
  ChangeRefusal& refusal_;
};

}  // namespace

std::optional<Schema> changed(const Schema& schema, const TableChange& change, ChangeRefusal& refusal) {
  VERIFY(!schema.is_dropped);
  Change next(schema, refusal);
  if (!std::visit(next, change)) return std::nullopt;
  return next.take();
}

bool needs_barrier(const TableChange& change) {
  const bool is_mild = std::holds_alternative<AddColumns>(change) || std::holds_alternative<SetTtl>(change) ||
                       std::holds_alternative<SetUpsertKeys>(change);
  return !is_mild;
}

}  // namespace storage
