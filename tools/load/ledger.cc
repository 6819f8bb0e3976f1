#include "tools/load/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace tools {
namespace {

absl::Status unexpected_answer(std::string_view sql, const nlohmann::json& row) {
  return engine::data_loss(fmt::format("\"{}\" answered a row of another form than expected: {}", sql, row.dump()));
}

}  // namespace

absl::StatusOr<std::vector<ConnectionLedger>> read_connections(HttpClient& server) {
  constexpr std::string_view sql = "SELECT peer, rows_received, rows_durable, rows_rejected, rows_pending FROM connections()";
  absl::StatusOr<nlohmann::json> answer = server.query(sql);
  if (!answer.ok()) return answer.status();
  std::vector<ConnectionLedger> ledgers;
  for (const nlohmann::json& row : (*answer)["dataset"]) {
    const auto is_count = [](const nlohmann::json& value) { return value.is_number_unsigned(); };
    if (row.size() != 5 || !row[0].is_string() || !std::all_of(row.begin() + 1, row.end(), is_count))
      return unexpected_answer(sql, row);
    ledgers.push_back({.peer = row[0].get<std::string>(),
                       .rows_received = row[1].get<uint64_t>(),
                       .rows_durable = row[2].get<uint64_t>(),
                       .rows_rejected = row[3].get<uint64_t>(),
                       .rows_pending = row[4].get<uint64_t>()});
  }
  return ledgers;
}

absl::StatusOr<std::vector<ConnectionLedger>> read_connections_of(HttpClient& server,
                                                                  std::span<const engine::SocketAddress> peers) {
  absl::StatusOr<std::vector<ConnectionLedger>> all = read_connections(server);
  if (!all.ok()) return all.status();
  std::vector<ConnectionLedger> ledgers;
  for (const engine::SocketAddress& peer : peers) {
    const std::string text = peer.to_string();
    const auto found =
        std::find_if(all->rbegin(), all->rend(), [&](const ConnectionLedger& ledger) { return ledger.peer == text; });
    if (found == all->rend()) return engine::not_found(fmt::format("connections() does not list {}", text));
    ledgers.push_back(*found);
  }
  return ledgers;
}

absl::StatusOr<uint64_t> read_visible_rows(HttpClient& server, const RowSource& rows) {
  constexpr std::string_view sql = "SELECT table_name, table_row_count FROM tables()";
  absl::StatusOr<nlohmann::json> answer = server.query(sql);
  if (!answer.ok()) return answer.status();
  std::vector<std::string> names;
  for (uint32_t table = 0; table < rows.plan().tables; ++table) names.push_back(rows.table_name(table));
  std::sort(names.begin(), names.end());
  uint64_t visible = 0;
  for (const nlohmann::json& row : (*answer)["dataset"]) {
    if (row.size() != 2 || !row[0].is_string() || !row[1].is_number_unsigned()) return unexpected_answer(sql, row);
    if (std::binary_search(names.begin(), names.end(), row[0].get<std::string>())) visible += row[1].get<uint64_t>();
  }
  return visible;
}

}  // namespace tools
