// The queries and statements of a life, and what they are answered.
#include "tests/node/life.h"

#include <algorithm>
#include <utility>

namespace sim {

void Life::ask() {
  note_acknowledged();
  const std::string table = model_.table_name(prng().next());
  question_.emplace(HttpQuery(world_.net(), node_.addresses().http->port, table), model_.promised(table));
}

void Life::wait_for_answer(bool must_be_answered) {
  if (!question_) return;
  if (!node_.run_until([&] { return is_over() || question_->query.is_over(); }, settle_time_max))
    fail("a query is not answered");
  if (!is_over()) take_answer(must_be_answered);
}

void Life::take_answer(bool must_be_answered) {
  const auto [query, promised] = *std::exchange(question_, std::nullopt);
  std::string error;
  const std::optional<std::vector<uint64_t>> ids = query.ids(error);
  if (!ids) {
    if (must_be_answered && !(query.says_no_table() && promised.empty()))
      fail("a query of " + query.table() + " was answered by " + error);
    return;
  }
  std::vector<const SenderRows*> senders;
  for (const TcpSender& sender : senders_) senders.push_back(&sender.rows);
  fail(model_.check_answer(query.table(), *ids, promised, senders));
  ++counts_.queries;
}

// Its rows are gone when the answer says so, all of them; before, and when no answer comes, nobody knows.
void Life::change_table() {
  note_acknowledged();
  const std::string table = model_.table_name(prng().next());
  const uint64_t kind = prng().below(3);
  std::string statement = "CREATE TABLE IF NOT EXISTS " + table +
                          " (sym SYMBOL, id LONG, timestamp TIMESTAMP) TIMESTAMP(timestamp) PARTITION BY DAY";
  if (kind == 1) statement = "DROP TABLE IF EXISTS " + table;
  if (kind == 2) statement = "TRUNCATE TABLE IF EXISTS " + table;
  if (kind != 0) model_.begin_taking(table);
  statement_.emplace(Statement{.client = world_.net().connect(node_.addresses().http->port), .takes_rows = kind != 0});
  std::ranges::replace(statement, ' ', '+');
  statement_->client.send("GET /exec?query=" + statement + " HTTP/1.1\r\nHost: sim\r\n\r\n");
}

// One whose connection breaks may still be carried out, so it stays.
void Life::take_statement_answer() {
  const std::optional<std::string> content = chunked_content(statement_->client.received());
  if (!content) return;
  const bool is_done = *content == R"({"ddl":"OK"})";
  const bool is_too_late = statement_->client.received().starts_with("HTTP/1.1 503");
  if (!is_done && !is_too_late) fail("a statement was answered by " + *content);
  if (statement_->takes_rows) model_.end_taking(is_done);
  statement_.reset();
  if (is_done) ++counts_.tables_changed;
}

void Life::wait_for_statement() {
  if (!statement_) return;
  const auto is_answered = [&] { return is_over() || chunked_content(statement_->client.received()).has_value(); };
  if (is_open(statement_->client) && !node_.run_until(is_answered, settle_time_max) && is_open(statement_->client))
    fail("a statement is not answered");
  if (!is_over()) take_statement_answer();
}

}  // namespace sim
