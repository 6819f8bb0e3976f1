#include "net/ddl/run.h"

#include <algorithm>
#include <utility>

#include "engine/base/verify.h"
#include "net/ddl/wish.h"

namespace net {
namespace {

DdlError no_table(const DdlName& table) { return {"table does not exist [table=" + table.text + "]", table.position}; }

template <typename Names>
std::vector<std::string> texts_of(const Names& names) {
  std::vector<std::string> texts;
  for (const DdlName& name : names) texts.push_back(name.text);
  return texts;
}

}  // namespace

DdlRun::DdlRun(storage::Source& source, uint64_t id, DdlStatement statement, DdlRunListener& listener)
    : source_(source), id_(id), statement_(std::move(statement)), listener_(listener) {
  table_ask_.waiter = this;
  change_ask_.waiter = this;
}

void DdlRun::start() {
  std::visit([this](const auto& statement) { begin(statement); }, statement_);
}

// Every table has a designated timestamp here. One that is there already need not be made, whatever was asked for.
void DdlRun::begin(const CreateTable& create) {
  table_ = create.name;
  if (!create.designated) return ask_presence(create.name);
  DdlResult<storage::TableWish> wish = make_table_wish(create);
  if (auto* error = std::get_if<DdlError>(&wish)) return end(std::move(*error));
  asking_ = Asking::create;
  table_ask_.wish = std::get<storage::TableWish>(std::move(wish));
  table_ask_.must_be_new = !create.if_not_exists;
  source_.ask_table(table_ask_);
}

void DdlRun::begin(const DropTable& drop) {
  table_ = drop.name;
  ignores_missing_ = drop.if_exists;
  ask_change(storage::DropTable{});
}

void DdlRun::begin(const TruncateTable& truncate) {
  ignores_missing_ = truncate.if_exists;
  tables_to_come_.assign(truncate.names.rbegin(), truncate.names.rend());
  truncate_next();
}

void DdlRun::truncate_next() {
  table_ = std::move(tables_to_come_.back());
  tables_to_come_.pop_back();
  ask_change(storage::TruncateTable{});
}

void DdlRun::begin(const RenameTable& rename) {
  table_ = rename.name;
  if (std::optional<DdlError> error = check_table_name(rename.new_name)) return end(std::move(error));
  positions_ = {rename.new_name.position};
  ask_change(storage::RenameTable{.new_name = rename.new_name.text});
}

void DdlRun::begin(const AlterTable& alter) {
  table_ = alter.name;
  std::visit([this](const auto& change) { begin_change(change); }, alter.change);
}

void DdlRun::begin_change(const AddColumns& add) {
  DdlResult<std::vector<storage::ColumnWish>> wishes = make_column_wishes(add.columns);
  if (auto* error = std::get_if<DdlError>(&wishes)) return end(std::move(*error));
  for (const DdlColumn& column : add.columns) positions_.push_back(column.name.position);
  ask_change(storage::AddColumns{.wishes = std::get<std::vector<storage::ColumnWish>>(std::move(wishes)),
                                 .must_be_new = !add.if_not_exists});
}

void DdlRun::begin_change(const DropColumns& drop) {
  for (const DdlName& name : drop.names) positions_.push_back(name.position);
  ask_change(storage::DropColumns{.names = texts_of(drop.names)});
}

void DdlRun::begin_change(const RenameColumn& rename) {
  if (std::optional<DdlError> error = check_column_name(rename.new_name)) return end(std::move(error));
  positions_ = {rename.name.position, rename.new_name.position};
  ask_change(storage::RenameColumn{.name = rename.name.text, .new_name = rename.new_name.text});
}

void DdlRun::begin_change(const ChangeType& change) {
  end(DdlError{"the type of a column cannot be changed yet: add a column of that type", change.type.position});
}

void DdlRun::begin_change(const SetTtl& set) {
  positions_ = {set.position};
  ask_change(storage::SetTtl{.ttl = set.ttl});
}

void DdlRun::begin_change(const SetUpsertKeys& set) {
  for (const DdlName& key : set.keys) positions_.push_back(key.position);
  ask_change(storage::SetUpsertKeys{.names = texts_of(set.keys)});
}

void DdlRun::ask_presence(const DdlName& table) {
  asking_ = Asking::presence;
  table_ask_.wish = {.name = table.text, .designated = {}, .columns = {}};
  table_ask_.may_create = false;
  source_.ask_table(table_ask_);
}

void DdlRun::ask_change(storage::TableChange change) {
  asking_ = Asking::change;
  change_ask_.table = table_.text;
  change_ask_.change = std::move(change);
  source_.ask_change(change_ask_);
}

void DdlRun::on_answer() {
  switch (std::exchange(asking_, Asking::nothing)) {
    case Asking::create:
      return end(error_of_create());
    case Asking::presence:
      return end(error_of_presence());
    case Asking::change: {
      std::optional<DdlError> error = error_of_change();
      if (error || tables_to_come_.empty()) return end(std::move(error));
      return truncate_next();
    }
    case Asking::nothing:
      UNREACHABLE("an answer that nobody waits for");
  }
}

std::optional<DdlError> DdlRun::error_of_create() const {
  const absl::Status& rejection = table_ask_.rejection;
  if (rejection.ok()) return std::nullopt;
  return DdlError{std::string(engine::message_of(rejection)), table_.position};
}

std::optional<DdlError> DdlRun::error_of_presence() const {
  const bool is_there = table_ask_.rejection.ok();
  const auto* create = std::get_if<CreateTable>(&statement_);
  if (create == nullptr) return is_there ? std::nullopt : std::optional(no_table(table_));
  if (is_there) return create->if_not_exists ? std::nullopt : std::optional(DdlError{"table already exists", table_.position});
  return DdlError{"every table has a designated timestamp: add TIMESTAMP(column) behind the columns", table_.position};
}

std::optional<DdlError> DdlRun::error_of_change() const {
  const auto& [status, name] = change_ask_.rejection;
  if (status.ok()) return std::nullopt;
  if (absl::IsNotFound(status)) return ignores_missing_ ? std::nullopt : std::optional(no_table(table_));
  return DdlError{std::string(engine::message_of(status)), name < positions_.size() ? positions_[name] : table_.position};
}

void DdlRun::end(std::optional<DdlError> error) {
  error_ = std::move(error);
  listener_.on_over(*this);
}

}  // namespace net
