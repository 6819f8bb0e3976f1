// The conformance vectors: those of text, vectors/ilp_text.jsonl, and those of binary values, types and casts,
// vectors/ilp_types.jsonl. Parser and judge fill tables of a small model, whole and cut at every byte, and the model is
// compared with what QuestDB stores. One JSON object a line:
//   id, topic   who it is
//   input_b64   the bytes of one connection, which is closed at the first bad line; "transport": "http": of one body
//   setup       tables that are there before: name -> columns [name, type], designated
//   config      settings that are not as usual: types of new columns
//   expect      tables: name -> columns [name, type], rows by designated timestamp, designated; others have no rows
//               error: the refusal's kind, parser_code and fragments of its sentence, where they are fixed
#include <tests/net/vectors_directory.h>
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/judge/rejection_text.h"
#include "net/judge/row_judge.h"
#include "net/judge/timestamp_unit.h"
#include "net/line/number.h"
#include "net/line/parser.h"
#include "net/sql/stored_value.h"
#include "storage/schema/full_type.h"
#include "tests/catch.h"

namespace {

using nlohmann::json;
using storage::ColumnType;

constexpr int64_t clock_ns = 1'700'000'000'000'000'000;  // the server's

std::string decode_base64(std::string_view text) {
  std::string bytes;
  uint32_t bits = 0;
  unsigned bit_count = 0;
  for (const char letter : text) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const size_t value = alphabet.find(letter);
    if (value == std::string_view::npos) break;
    bits = bits << 6U | static_cast<uint32_t>(value);
    bit_count += 6;
    if (bit_count < 8) continue;
    bit_count -= 8;
    bytes += static_cast<char>(bits >> bit_count & 0xffU);
  }
  return bytes;
}

storage::FullType full_type(const storage::Column& column) { return {column.type, column.parameters}; }

std::string type_text(const storage::Column& column) { return storage::full_type_name(column.type, column.parameters); }

json timestamp_value(int64_t timestamp, ColumnType type) {
  std::string text;
  net::append_value(text, {type}, {.word = static_cast<uint64_t>(timestamp), .bytes = {}});
  return text;
}

json value_of(const net::JudgedCell& cell, const storage::Column& column) {
  if (cell.type == ColumnType::symbol) return std::string(cell.text);
  const net::StoredValue value{.word = cell.word, .bytes = cell.text};
  switch (net::form_of(cell.type)) {
    case net::ValueForm::boolean:
      return cell.word != 0;
    case net::ValueForm::integer:
      return net::integer_of(cell.type, value);
    case net::ValueForm::real:
    case net::ValueForm::real32: {
      const double real = net::real_of(cell.type, value);
      return std::isfinite(real) ? json(real) : json(nullptr);
    }
    case net::ValueForm::text:
    case net::ValueForm::json:
      break;
  }
  std::string text;
  net::append_value(text, full_type(column), value);
  return net::form_of(cell.type) == net::ValueForm::json ? json::parse(text) : json(text);
}

struct ModelRow {
  int64_t timestamp = 0;
  std::vector<json> values;
};

struct ModelTable {
  storage::Schema schema;
  std::vector<ModelRow> rows;
};

net::DefaultTypes default_types(const json& config) {
  net::DefaultTypes types;
  const auto set = [&config](const char* key, ColumnType& type) {
    if (config.contains(key)) type = storage::parse_full_type(config.at(key).get<std::string>()).value().type;
  };
  set("line.integer.default.column.type", types.integer);
  set("line.float.default.column.type", types.real);
  set("line.timestamp.default.column.type", types.timestamp);
  if (config.value("cairo.legacy.string.column.type.default", false)) types.string = ColumnType::string;
  return types;
}

// What one connection, or body, leaves behind.
class Model {
 public:
  explicit Model(const json& vector)
      : is_body_(vector.value("transport", "tcp") == "http"), judge_(1, default_types(vector.value("config", json::object()))) {
    const json setup = vector.value("setup", json::object());
    for (const auto& [name, table] : setup.items()) add_table(name, table);
  }

  void send(std::string_view piece) {
    while (!rejected_) {
      const net::LineStep step = parser_.consume(piece);
      piece.remove_prefix(step.consumed);
      if (step.event == net::LineEvent::need_more) return;
      if (step.event == net::LineEvent::bad_line) {
        refuse(parser_.bad_line().error,
               net::line_detail(parser_.bad_line(), {net::LineParserOptions().line_size_max, "line.tcp.max.recv.buffer.size"}));
      } else {
        take_line();
      }
    }
  }

  void end() {
    if (!is_body_ || rejected_) return;
    const net::LineEvent event = parser_.finish();
    if (event == net::LineEvent::line) take_line();
    CHECK(event != net::LineEvent::bad_line);
  }

  bool refused() const { return rejected_; }
  net::LineError error() const { return error_; }
  const std::string& detail() const { return detail_; }

  const ModelTable* find(const std::string& name) const {
    const auto found = tables_.find(storage::fold_name(name));
    return found == tables_.end() ? nullptr : &found->second;
  }

  size_t row_count() const {
    size_t count = 0;
    for (const auto& [name, table] : tables_) count += table.rows.size();
    return count;
  }

  std::string dump() const {
    std::string text = detail_;
    for (const auto& [name, table] : tables_) {
      text += "\n" + table.schema.name;
      for (const storage::Column& column : table.schema.columns) {
        text.append(" ").append(column.name).append(" ").append(type_text(column));
      }
      for (const ModelRow& row : table.rows) text += "\n  " + std::to_string(row.timestamp) + " " + json(row.values).dump();
    }
    return text;
  }

 private:
  void add_table(const std::string& name, const json& table) {
    storage::TableWish wish{.name = name};
    for (const json& column : table.at("columns")) {
      const storage::FullType type = storage::parse_full_type(column.at(1).get<std::string>()).value();
      if (column.at(0) == table.at("designated")) wish.designated.value = static_cast<uint32_t>(wish.columns.size());
      wish.columns.push_back({column.at(0).get<std::string>(), type.type, type.parameters});
    }
    const storage::TableId id{static_cast<uint32_t>(tables_.size())};
    tables_[storage::fold_name(name)].schema = storage::make_schema(id, wish);
  }

  void take_line() {
    const net::ParsedLine& line = parser_.line();
    for (;;) {
      const auto found = tables_.find(storage::fold_name(line.table));
      ModelTable* const table = found == tables_.end() ? nullptr : &found->second;
      switch (judge_.judge(line, table != nullptr ? &table->schema : nullptr)) {
        case net::Judgement::row:
          return append(*table);
        case net::Judgement::rejected:
          return refuse(judge_.rejection().error, net::line_detail(judge_.rejection()));
        case net::Judgement::needs_columns:
          table->schema = storage::with_columns(table->schema, judge_.column_wishes()).value();
          break;
        case net::Judgement::needs_table: {
          const storage::TableId id{static_cast<uint32_t>(tables_.size())};
          tables_[storage::fold_name(line.table)].schema = storage::make_schema(id, judge_.table_wish());
          break;
        }
      }
    }
  }

  void append(ModelTable& table) {
    const net::JudgedRow& judged = judge_.row();
    const storage::Schema& schema = table.schema;
    const ColumnType type = schema.designated_column().type;
    ModelRow row;
    row.timestamp = judged.has_timestamp ? judged.timestamp : *net::convert_timestamp(clock_ns, engine::TimeUnit::ns, type);
    row.values.resize(schema.columns.size());
    row.values[schema.designated.value] = timestamp_value(row.timestamp, type);
    for (const net::JudgedCell& cell : judged.cells) {
      row.values[cell.column.value] = value_of(cell, schema.column(cell.column));
    }
    table.rows.push_back(std::move(row));
  }

  void refuse(net::LineError error, std::string detail) {
    rejected_ = true;
    error_ = error;
    detail_ = std::move(detail);
  }

  net::LineParser parser_{{.report = net::BadLineReport::at_detection}};
  bool is_body_ = false;
  net::RowJudge judge_;
  std::map<std::string, ModelTable> tables_;
  bool rejected_ = false;
  net::LineError error_ = net::LineError::none;
  std::string detail_;
};

// A column added later is null, false or 0 in the rows before.
json stored_value(const ModelRow& row, size_t column, ColumnType type) {
  const json value = column < row.values.size() ? row.values[column] : json(nullptr);
  if (!value.is_null() || storage::row_of(type).has_null) return value;
  return type == ColumnType::boolean ? json(false) : json(0);
}

bool same_value(const json& found, const json& expected, ColumnType type) {
  if (expected == json("$now")) {
    return found == timestamp_value(*net::convert_timestamp(clock_ns, engine::TimeUnit::ns, type), type);
  }
  if (type == ColumnType::long256 && expected.is_string()) {
    const auto words = net::parse_long256(expected.get<std::string>().substr(2));
    return words.has_value() && words == net::parse_long256(found.get<std::string>().substr(2));
  }
  if (type == ColumnType::float32 && expected.is_number()) {
    return found.is_number() && found.get<float>() == expected.get<float>();
  }
  if (type == ColumnType::float64 && expected.is_number()) {
    return found.is_number() && std::bit_cast<uint64_t>(found.get<double>()) == std::bit_cast<uint64_t>(expected.get<double>());
  }
  return found == expected;
}

void check_table(const ModelTable& table, const json& expected) {
  json columns = json::array();
  for (const storage::Column& column : table.schema.columns) {
    columns.push_back({column.name, type_text(column)});
  }
  CHECK(columns == expected.at("columns"));
  CHECK(table.schema.designated_column().name == expected.at("designated").get<std::string>());
  std::vector<ModelRow> rows = table.rows;
  std::stable_sort(rows.begin(), rows.end(), [](const ModelRow& a, const ModelRow& b) { return a.timestamp < b.timestamp; });
  REQUIRE(rows.size() == expected.at("rows").size());
  for (size_t i = 0; i < rows.size(); ++i) {
    for (size_t column = 0; column < columns.size(); ++column) {
      const ColumnType type = table.schema.columns[column].type;
      INFO("row " << i << " column " << column);
      CHECK(same_value(stored_value(rows[i], column, type), expected.at("rows")[i].at(column), type));
    }
  }
}

std::string kind_of(net::LineError error) {
  switch (error) {
    case net::LineError::invalid_table_name:
    case net::LineError::invalid_column_name:
      return "name";
    case net::LineError::cast:
    case net::LineError::designated_type:
      return "cast";
    case net::LineError::out_of_bounds:
      return "bounds";
    case net::LineError::untyped_column:
    case net::LineError::decimal_column:
      return "create";
    case net::LineError::timestamp_negative:
    case net::LineError::timestamp_overflow:
    case net::LineError::timestamp_too_late:
      return "timestamp";
    default:
      return "parse";
  }
}

void check_error(const Model& model, const json& expected) {
  REQUIRE(model.refused());
  if (expected.contains("parser_code")) {
    CHECK(expected.at("parser_code").get<std::string>() == net::line_error_text(model.error()));
  } else if (model.error() != net::LineError::invalid_utf8 && model.error() != net::LineError::invalid_table_name) {
    CHECK(expected.at("kind").get<std::string>() ==
          kind_of(model.error()));  // bad UTF-8 and empty table names have either kind
  }
  for (const json& fragment : expected.value("message_contains", json::array())) {
    CHECK(("error in line 1: " + model.detail()).find(fragment.get<std::string>()) != std::string::npos);
  }
}

void check_vector(const json& vector) {
  const std::string input = decode_base64(vector.at("input_b64").get<std::string>());
  const json& expected = vector.at("expect");
  Model whole(vector);
  whole.send(input);
  whole.end();
  INFO(whole.dump());
  size_t row_count = 0;
  for (const auto& [name, table] : expected.at("tables").items()) {
    REQUIRE(whole.find(name) != nullptr);
    check_table(*whole.find(name), table);
    row_count += table.at("rows").size();
  }
  CHECK(whole.row_count() == row_count);
  CHECK(whole.refused() == (expected.contains("error") || expected.value("disconnect", false)));
  if (expected.contains("error")) check_error(whole, expected.at("error"));

  for (size_t cut = 1; cut < input.size(); ++cut) {
    INFO("cut at " << cut);
    Model pieces(vector);
    pieces.send(std::string_view(input).substr(0, cut));
    pieces.send(std::string_view(input).substr(cut));
    pieces.end();
    CHECK(pieces.dump() == whole.dump());
  }
}

}  // namespace

TEST_CASE("line vectors: parser and judge give the expected tables, whole and cut at every byte") {
  size_t count = 0;
  for (const char* const name : {"/ilp_text.jsonl", "/ilp_types.jsonl"}) {
    std::ifstream file(std::string(MILLRACE_TEST_VECTORS) + name);
    REQUIRE(file.is_open());
    for (std::string text; std::getline(file, text); ++count) {
      const json vector = json::parse(text);
      INFO(vector.at("id").get<std::string>() << " " << vector.at("topic").get<std::string>());
      check_vector(vector);
    }
  }
  std::printf("line vectors: %zu\n", count);
  CHECK(count == 256 + 208);
}
