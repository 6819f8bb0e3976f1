#include "tools/load/rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "tools/cli/digits.h"

namespace tools {
namespace {

// Microseconds with 16 digits are nanoseconds with 19.
constexpr int64_t timestamp_us_min = 1'000'000'000'000'000;
constexpr int64_t timestamp_us_max = 9'214'646'399'999'999;

constexpr size_t extra_size_max = 48;      // ",extra_100=\"v1048575\""
constexpr size_t timestamp_size_max = 21;  // " 1640995200000000000\n"
static_assert(RowSource::row_size_max >= table_size_max + std::max(TradesShape::text_size_max, TsbsCpuShape::text_size_max) +
                                             extra_size_max + timestamp_size_max);

enum class ExtraKind : uint8_t { text, integer, decimal };
ExtraKind kind_of(uint64_t column) { return static_cast<ExtraKind>(column % 3); }
uint32_t extra_value(uint64_t random) { return static_cast<uint32_t>(mix_bits(random + 1) & 0xfffff); }

char* append_extra(char* out, uint64_t column, uint64_t random) {
  std::memcpy(out, ",extra_", 7);
  out = append_number(out + 7, static_cast<uint32_t>(column));
  *out++ = '=';
  const uint32_t value = extra_value(random);
  switch (kind_of(column)) {
    case ExtraKind::integer:
      out = append_number(out, value);
      *out++ = 'i';
      return out;
    case ExtraKind::decimal:
      return append_hundredths(out, value);
    case ExtraKind::text:
      *out++ = '"';
      *out++ = 'v';
      out = append_number(out, value);
      *out++ = '"';
      return out;
  }
  UNREACHABLE("extra kind");
}

Cell extra_cell(uint64_t column, uint64_t random) {
  Cell cell{fmt::format("extra_{}", column), {}};
  const uint32_t value = extra_value(random);
  switch (kind_of(column)) {
    case ExtraKind::integer:
      cell.value = int64_t{value};
      break;
    case ExtraKind::decimal:
      cell.value = value / 100.0;
      break;
    case ExtraKind::text:
      cell.value = fmt::format("v{}", value);
      break;
  }
  return cell;
}

// Rows must not need quoting or escapes in the name, and `name_0` must be a file name.
bool is_plain_name(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && std::all_of(name.begin(), name.end(), plain);
}

char* append_shape(const TradesShape& shape, uint64_t, uint64_t random, char* out) { return shape.append(random, out); }

char* append_shape(const TsbsCpuShape& shape, uint64_t number, uint64_t random, char* out) {
  return shape.append(static_cast<uint32_t>(number % TsbsCpuShape::host_count), random, out);
}

std::variant<TradesShape, TsbsCpuShape> make_shape(RowShape shape) {
  if (shape == RowShape::trades) return TradesShape();
  return TsbsCpuShape();
}

}  // namespace

absl::StatusOr<RowSource> RowSource::create(const RowPlan& plan) {
  if (plan.rows == 0) return engine::invalid_argument("rows: 0, expected at least 1");
  if (plan.senders == 0 || plan.senders > senders_max) {
    return engine::invalid_argument(fmt::format("connections: {}, expected 1 to {}", plan.senders, senders_max));
  }
  if (plan.tables == 0 || plan.tables > tables_max) {
    return engine::invalid_argument(fmt::format("tables: {}, expected 1 to {}", plan.tables, tables_max));
  }
  if (!is_plain_name(plan.table) || plan.table.size() + 6 > table_size_max) {
    return engine::invalid_argument(
        fmt::format("table: '{}', expected 1 to {} letters, digits or underscores", plan.table, table_size_max - 6));
  }
  if (plan.step_us <= 0) return engine::invalid_argument("step: expected at least 1us");
  const uint64_t steps = (plan.rows - 1) / (plan.shape == RowShape::tsbs_cpu ? TsbsCpuShape::host_count : 1);
  if (plan.start_us < timestamp_us_min || plan.start_us > timestamp_us_max ||
      steps > static_cast<uint64_t>((timestamp_us_max - plan.start_us) / plan.step_us)) {
    return engine::invalid_argument("start, step: the timestamps leave the years 2002 to 2261");
  }
  return RowSource(plan);
}

RowSource::RowSource(const RowPlan& plan) : plan_(plan), seed_mixed_(mix_bits(plan.seed)), shape_(make_shape(plan.shape)) {
  table_texts_.reserve(plan.tables);
  for (uint32_t table = 0; table < plan.tables; ++table) table_texts_.emplace_back(table_name(table));
}

uint64_t RowSource::random_of(uint64_t number) const { return mix_bits(seed_mixed_ + number * 0x9e3779b97f4a7c15U); }

template <typename Shape>
RowSource::Filled RowSource::fill_shape(const Shape& shape, RowId first, uint64_t rows_max, std::span<char> buffer) const {
  char* out = buffer.data();
  const char* const last_start = buffer.data() + buffer.size() - row_size_max;
  uint64_t number = number_of(first);
  uint64_t table = table_of(first);
  RowId id = first;
  const uint64_t end = first.sequence + rows_max;
  for (; id.sequence < end && out <= last_start; ++id.sequence) {
    const uint64_t random = random_of(number);
    out = table_texts_[table].append(out);
    out = append_shape(shape, number, random, out);
    if (const uint64_t column = extra_column_of(id); column > 0) out = append_extra(out, column, random);
    *out++ = ' ';
    out = append_digits_16(out, static_cast<uint64_t>(timestamp_us(number)));
    std::memcpy(out, "000\n", 4);
    out += 4;
    number += plan_.senders;
    if (++table == plan_.tables) table = 0;
  }
  return {static_cast<size_t>(out - buffer.data()), id.sequence - first.sequence};
}

RowSource::Filled RowSource::fill(RowId first, uint64_t rows_max, std::span<char> buffer) const {
  VERIFY_GE(buffer.size(), row_size_max);
  VERIFY_LT(first.sender, plan_.senders);
  return std::visit([&](const auto& shape) { return fill_shape(shape, first, rows_max, buffer); }, shape_);
}

std::vector<Cell> RowSource::cells(RowId id) const {
  const uint64_t number = number_of(id);
  const uint64_t random = random_of(number);
  std::vector<Cell> cells;
  if (const TradesShape* trades = std::get_if<TradesShape>(&shape_)) {
    trades->add_cells(random, cells);
  } else {
    std::get<TsbsCpuShape>(shape_).add_cells(static_cast<uint32_t>(number % TsbsCpuShape::host_count), random, cells);
  }
  if (const uint64_t column = extra_column_of(id); column > 0) cells.push_back(extra_cell(column, random));
  return cells;
}

std::optional<RowId> RowSource::identify(int64_t timestamp_us, std::string_view hostname) const {
  const int64_t offset = timestamp_us - plan_.start_us;
  if (offset < 0 || offset % plan_.step_us != 0) return std::nullopt;
  uint64_t number = static_cast<uint64_t>(offset / plan_.step_us);
  if (plan_.shape == RowShape::tsbs_cpu) {
    const std::optional<uint32_t> host = TsbsCpuShape::host_from_name(hostname);
    if (!host || number > plan_.rows) return std::nullopt;
    number = number * TsbsCpuShape::host_count + *host;
  }
  if (number >= plan_.rows) return std::nullopt;
  return row_at(number);
}

int64_t RowSource::timestamp_us(uint64_t number) const {
  if (plan_.shape == RowShape::tsbs_cpu) number /= TsbsCpuShape::host_count;
  return plan_.start_us + static_cast<int64_t>(number) * plan_.step_us;
}

uint64_t RowSource::sender_rows(uint32_t sender) const {
  return plan_.rows / plan_.senders + (sender < plan_.rows % plan_.senders ? 1 : 0);
}

uint64_t RowSource::table_rows(uint32_t table) const {
  const auto rows_of = [&](uint64_t sequences) {
    return sequences / plan_.tables + (table < sequences % plan_.tables ? 1 : 0);
  };
  const uint64_t longer_senders = plan_.rows % plan_.senders;
  const uint64_t sequences = plan_.rows / plan_.senders;
  return longer_senders * rows_of(sequences + 1) + (plan_.senders - longer_senders) * rows_of(sequences);
}

std::string RowSource::table_name(uint32_t table) const { return fmt::format("{}_{}", plan_.table, table); }

uint64_t RowSource::extra_column_of(RowId id) const {
  if (plan_.new_columns_every == 0) return 0;
  return std::min(id.sequence / plan_.new_columns_every, new_columns_max);
}

}  // namespace tools
