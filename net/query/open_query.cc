#include "net/query/open_query.h"

#include <algorithm>
#include <set>
#include <utility>

#include "engine/base/verify.h"
#include "net/sql/functions.h"

namespace net {
namespace {

bool may_call_any(const QueryRun& run, FunctionReads reads) {
  return std::ranges::any_of(table_functions(), [&run, reads](const TableFunction& function) {
    return function.reads == reads && run.may_call(function.name);
  });
}

}  // namespace

OpenQuery::OpenQuery(Query& query, ReaderRoom& room)
    : query_(query),
      room_(room),
      deadline_(room.files.backend().now() + std::min(query.time_max, room.limits.duration_max)),
      asks_(room.endpoint, room.shard_count) {}

void OpenQuery::move_to(State state) {
  switch (state_) {
    case State::starting:
      VERIFY(state == State::asking || state == State::ready || state == State::done);
      break;
    case State::asking:
      VERIFY(state == State::ready || state == State::done);
      break;
    case State::ready:
      VERIFY(state == State::part_out || state == State::done);
      break;
    case State::part_out:
      VERIFY(state == State::ready);
      break;
    case State::done:
      UNREACHABLE("a query that is done");
  }
  state_ = state;
}

bool OpenQuery::is_runnable() const {
  switch (state_) {
    case State::starting:
    case State::ready:
      return true;
    case State::asking:
      return !asks_.is_waiting();
    case State::part_out:
    case State::done:
      return false;
  }
  UNREACHABLE("state of a query");
}

void OpenQuery::run(engine::Instant pause_at) {
  VERIFY(is_runnable());
  if (is_cancelled_) return end_broken();
  switch (state_) {
    case State::starting:
      return start();
    case State::asking:
      return take_answers();
    case State::ready:
      return compute(pause_at);
    case State::part_out:
    case State::done:
      UNREACHABLE("a query that has nothing to do");
  }
}

void OpenQuery::start() {
  run_.emplace(query_.text, room_.limits);
  asks_connections_ = may_call_any(*run_, FunctionReads::connections);
  asks_all_tables_ = may_call_any(*run_, FunctionReads::tables);
  if (!asks_all_tables_ && run_->table_names().empty()) tables_to_ask_.emplace();
  ask_next();
}

void OpenQuery::ask_next() {
  if (state_ == State::starting) move_to(State::asking);
  if (asks_connections_) return asks_.ask_connections();
  if (!tables_to_ask_) return asks_.ask_tables(std::nullopt, asks_all_tables_);
  if (!tables_to_ask_->empty()) return asks_.ask_tables(tables_to_ask_->back(), true);
  move_to(State::ready);
  run_->begin(*this, deadline_);
  answer_.emplace(*run_, query_.rows, query_.form);
}

// Of all tables, when all were wanted; else only which there are, and then of each that the query may name.
void OpenQuery::take_answers() {
  if (std::exchange(asks_connections_, false)) {
    connections_ = asks_.take_connections();
    return ask_next();
  }
  std::vector<storage::TableSnapshot> answered = asks_.take_tables();
  if (tables_to_ask_) {
    tables_to_ask_->pop_back();
  } else {
    tables_to_ask_.emplace();
    if (!asks_all_tables_) choose_tables(std::exchange(answered, {}));
  }
  for (storage::TableSnapshot& table : answered) {
    std::string name = storage::fold_name(table.schema->name);
    tables_.insert_or_assign(std::move(name), std::move(table));
  }
  ask_next();
}

// A text of query_size_max may have as many words as a server has tables: every name is folded once. Words that differ only in
// case are one table, and asked for once.
void OpenQuery::choose_tables(const std::vector<storage::TableSnapshot>& tables) {
  std::set<std::string> named;
  for (const std::string& name : run_->table_names()) named.insert(storage::fold_name(name));
  for (const storage::TableSnapshot& table : tables) {
    if (named.contains(storage::fold_name(table.schema->name))) tables_to_ask_->push_back(table.schema->table);
  }
}

void OpenQuery::compute(engine::Instant pause_at) {
  if (answer_ == std::nullopt || (has_sent_ && backend().now() >= deadline_)) return end_broken();
  const QueryAnswer::Progress progress = answer_->fill(query_.part, pause_at);
  if (is_cancelled_) return end_broken();
  query_.status = static_cast<uint16_t>(answer_->status());
  switch (progress) {
    case QueryAnswer::Progress::paused:
      return;
    case QueryAnswer::Progress::part:
      move_to(State::part_out);
      return send_part();
    case QueryAnswer::Progress::last:
      release();
      query_.is_last = true;
      move_to(State::done);
      return send_part();
    case QueryAnswer::Progress::broken:
      return end_broken();
  }
}

void OpenQuery::send_part() {
  has_sent_ = true;
  room_.endpoint.send_return(query_.reply_to.endpoint, make_message(MessageKind::query_part, &query_));
}

void OpenQuery::end_broken() {
  release();
  query_.part.clear();
  query_.is_last = true;
  query_.is_broken = true;
  move_to(State::done);
  send_part();
}

void OpenQuery::release() {
  answer_.reset();
  run_.reset();
  tables_.clear();
  connections_.clear();
}

void OpenQuery::on_part_taken() {
  move_to(State::ready);
  query_.part.clear();
}

void OpenQuery::expire(engine::Instant now) {
  if (state_ == State::part_out && now >= deadline_) release();
}

bool OpenQuery::is_wanted() {
  room_.endpoint.drain(room_.receiver);
  return !is_cancelled_;
}

absl::StatusOr<std::vector<storage::TableSnapshot>> OpenQuery::list_tables() {
  std::vector<storage::TableSnapshot> listed;
  for (const auto& [name, table] : tables_) listed.push_back(table);
  std::ranges::sort(listed, {}, [](const storage::TableSnapshot& table) { return table.schema->table; });
  return listed;
}

absl::StatusOr<storage::TableSnapshot> OpenQuery::open_table(std::string_view name) {
  const auto found = tables_.find(storage::fold_name(name));
  if (found == tables_.end()) return engine::not_found("table does not exist");
  return found->second;
}

}  // namespace net
