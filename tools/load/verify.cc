#include "tools/load/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <variant>

#include "engine/base/bytes.h"
#include "net/sql/timestamp_text.h"

namespace tools {
namespace {

constexpr std::string_view timestamp_column = "timestamp";
constexpr uint64_t page_rows = 40'000;          // of one table, read with one query
constexpr uint64_t sample_count = 64;           // places
constexpr uint64_t sample_row_numbers = 8'000;  // of each place

bool equals(const nlohmann::json& found, const CellValue& expected) {
  if (const int64_t* integer = std::get_if<int64_t>(&expected))
    return found.is_number_integer() && found.get<int64_t>() == *integer;
  if (const double* number = std::get_if<double>(&expected)) return found.is_number() && found.get<double>() == *number;
  return found.is_string() && found.get_ref<const std::string&>() == std::get<std::string>(expected);
}

std::string timestamp_text(int64_t timestamp_us) {
  std::array<char, net::timestamp_text_size_max> buffer;
  return std::string(net::format_timestamp(timestamp_us, engine::TimeUnit::us, buffer));
}

// None also for a timestamp between two microseconds, which no row has.
std::optional<int64_t> timestamp_us_from(std::string_view text) {
  const std::optional<net::TimePoint> point = net::parse_time_point(text, engine::TimeUnit::us);
  if (!point || point->ns % 1000 != 0) return std::nullopt;
  return net::floor_timestamp(*point, engine::TimeUnit::us);
}

std::string to_text(const CellValue& value) {
  return std::visit([](const auto& v) { return nlohmann::json(v).dump(); }, value);
}

}  // namespace

// Where the columns of an answer are.
struct LoadVerifier::Columns {
  explicit Columns(const nlohmann::json& answer) {
    for (const nlohmann::json& column : answer["columns"]) {
      if (column.is_object() && column.contains("name") && column["name"].is_string())
        names.push_back(column["name"].get<std::string>());
    }
    for (size_t i = 0; i < names.size(); ++i) places[names[i]] = i;
  }

  std::optional<size_t> find(std::string_view name) const {
    const auto found = places.find(name);
    if (found == places.end()) return std::nullopt;
    return found->second;
  }

  std::vector<std::string> names;
  std::map<std::string, size_t, std::less<>> places;
};

LoadVerifier::LoadVerifier(const RowSource& rows) : rows_(rows), seen_(rows.plan().rows) {}

void LoadVerifier::check_rows(uint32_t table, const nlohmann::json& answer) {
  const Columns columns(answer);
  for (const nlohmann::json& row : answer["dataset"]) check_row(table, columns, row);
}

void LoadVerifier::check_row(uint32_t table, const Columns& columns, const nlohmann::json& row) {
  ++rows_checked_;
  const auto text_at = [&](std::string_view name) -> std::string_view {
    const std::optional<size_t> place = columns.find(name);
    if (!place || *place >= row.size() || !row[*place].is_string()) return {};
    return row[*place].get_ref<const std::string&>();
  };
  const std::optional<int64_t> timestamp = timestamp_us_from(text_at(timestamp_column));
  const std::optional<RowId> id = timestamp ? rows_.identify(*timestamp, text_at("hostname")) : std::nullopt;
  if (!id || rows_.table_of(*id) != table || row.size() != columns.names.size()) {
    add_mismatch(fmt::format("{} holds a row that was not sent to it: {}", rows_.table_name(table), row.dump()));
  } else if (seen(*id)) {
    add_mismatch(fmt::format("{} is there more than once", describe(*id)));
  } else {
    seen_[rows_.number_of(*id)] = true;
    check_cells(*id, columns, row);
  }
}

void LoadVerifier::check_cells(RowId id, const Columns& columns, const nlohmann::json& row) {
  const std::vector<Cell> cells = rows_.cells(id);
  for (const Cell& cell : cells) {
    ++cells_checked_;
    const std::optional<size_t> place = columns.find(cell.column);
    if (place && equals(row[*place], cell.value)) continue;
    add_mismatch(fmt::format("{}: {}: expected {}, found {}", describe(id), cell.column, to_text(cell.value),
                             place ? row[*place].dump() : "no such column"));
  }
  for (size_t i = 0; i < row.size(); ++i) {
    const std::string& name = columns.names[i];
    if (row[i].is_null() || name == timestamp_column) continue;
    const bool sent = std::any_of(cells.begin(), cells.end(), [&](const Cell& cell) { return cell.column == name; });
    if (!sent) add_mismatch(fmt::format("{}: {}: expected null, found {}", describe(id), name, row[i].dump()));
  }
}

void LoadVerifier::require_rows(uint32_t table, uint64_t first, uint64_t last) {
  for (uint64_t number = first; number < last; ++number) {
    const RowId id = rows_.row_at(number);
    if (!seen_[number] && rows_.table_of(id) == table) add_mismatch(fmt::format("{} is not there", describe(id)));
  }
}

void LoadVerifier::check_count(uint32_t table, uint64_t found) {
  if (found == rows_.table_rows(table)) return;
  add_mismatch(fmt::format("{}: expected {} rows, found {}", rows_.table_name(table), rows_.table_rows(table), found));
}

uint64_t LoadVerifier::rows_seen(uint32_t sender) const {
  uint64_t count = 0;
  for (uint64_t number = sender; number < seen_.size(); number += rows_.plan().senders) count += seen_[number] ? 1 : 0;
  return count;
}

absl::Status LoadVerifier::verify_counts(HttpClient& server) {
  for (uint32_t table = 0; table < rows_.plan().tables; ++table) {
    if (rows_.table_rows(table) == 0) continue;  // few rows: nobody made it
    absl::StatusOr<nlohmann::json> answer = server.query(fmt::format("SELECT count(*) FROM {}", rows_.table_name(table)));
    if (!answer.ok()) return answer.status();
    const nlohmann::json& dataset = (*answer)["dataset"];
    if (dataset.size() != 1 || dataset[0].size() != 1 || !dataset[0][0].is_number_unsigned()) {
      return engine::data_loss(fmt::format("count(*) of {} answered {}", rows_.table_name(table), dataset.dump()));
    }
    check_count(table, dataset[0][0].get<uint64_t>());
  }
  return absl::OkStatus();
}

absl::Status LoadVerifier::verify_cells(HttpClient& server, VerifyObserver* observer) {
  const uint64_t page_numbers =
      engine::div_ceil(page_rows * rows_.plan().tables, rows_.rows_per_timestamp()) * rows_.rows_per_timestamp();
  for (uint64_t first = 0; first < rows_.plan().rows; first += page_numbers) {
    const uint64_t last = std::min(first + page_numbers, rows_.plan().rows);
    for (uint32_t table = 0; table < rows_.plan().tables; ++table) {
      RETURN_IF_ERROR(verify_range(server, table, first, last));
      if (observer != nullptr) observer->on_checked(rows_checked_);
    }
  }
  return absl::OkStatus();
}

absl::Status LoadVerifier::verify_sample(HttpClient& server) {
  const uint64_t unit = rows_.rows_per_timestamp();
  const uint64_t last_unit = (rows_.plan().rows - 1) / unit;
  uint64_t done = 0;  // places must not overlap, or rows would be seen twice
  for (uint64_t place = 0; place < sample_count; ++place) {
    const uint64_t first = std::max(done, last_unit * place / (sample_count - 1) * unit);
    const uint64_t last = std::min(first + engine::div_ceil(sample_row_numbers, unit) * unit, rows_.plan().rows);
    if (first >= last) break;
    RETURN_IF_ERROR(verify_range(server, static_cast<uint32_t>(place % rows_.plan().tables), first, last));
    done = last;
  }
  return absl::OkStatus();
}

// Row numbers [first, last) are whole timestamps; only those of `table` come back.
absl::Status LoadVerifier::verify_range(HttpClient& server, uint32_t table, uint64_t first, uint64_t last) {
  if (rows_.table_rows(table) == 0) return absl::OkStatus();
  absl::StatusOr<nlohmann::json> answer = server.query(
      fmt::format("SELECT * FROM {0} WHERE {1} >= '{2}' AND {1} < '{3}'", rows_.table_name(table), timestamp_column,
                  timestamp_text(rows_.timestamp_us(first)), timestamp_text(rows_.timestamp_us(last - 1) + 1)));
  if (!answer.ok()) return answer.status();
  check_rows(table, *answer);
  require_rows(table, first, last);
  return absl::OkStatus();
}

void LoadVerifier::add_mismatch(std::string text) {
  ++mismatch_count_;
  if (mismatches_.size() < mismatches_max) mismatches_.push_back(std::move(text));
}

std::string LoadVerifier::describe(RowId id) const {
  return fmt::format("{} sender {} sequence {} ({})", rows_.table_name(rows_.table_of(id)), id.sender, id.sequence,
                     timestamp_text(rows_.timestamp_us(id)));
}

}  // namespace tools
