#include "tools/sql/result_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "net/query/exec_json.h"

namespace tools {
namespace {

constexpr size_t rows_measured_max = 1000;  // their widths decide the layout; longer texts further down push their row aside

absl::Status write_text(std::FILE* file, std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), file) == text.size()) return absl::OkStatus();
  return engine::unavailable("the output cannot be written");
}

absl::Status flush(std::FILE* file) {
  return std::fflush(file) == 0 ? absl::OkStatus() : engine::unavailable("the output cannot be written");
}

// Characters, as far as a terminal gives each one place.
size_t text_width(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

// Control characters of a stored text must not reach the terminal.
std::string printable(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      result += fmt::format("\\x{:02x}", byte);
    } else {
      result += c;
    }
  }
  return result;
}

bool is_number(std::string_view type) {
  constexpr std::array<std::string_view, 6> numbers{"BYTE", "DOUBLE", "FLOAT", "INT", "LONG", "SHORT"};
  return std::ranges::find(numbers, type) != numbers.end();
}

class TableWriter final : public net::ResultSink {
 public:
  explicit TableWriter(std::FILE* file) : file_(file) {}

  absl::Status begin(std::span<const net::SqlColumn> columns, int) override {
    std::vector<std::string> names;
    for (const net::SqlColumn& column : columns) {
      names.push_back(printable(column.name));
      to_the_right_.push_back(is_number(column.type));
    }
    widths_.resize(columns.size());
    keep(std::move(names));
    return absl::OkStatus();
  }

  absl::Status row(std::span<const net::SqlCell> cells) override {
    std::vector<std::string> texts;
    for (const net::SqlCell& cell : cells) {
      std::string text;
      net::append_cell(text, cell);
      texts.push_back(cell.kind == net::SqlCell::Kind::null ? "null" : printable(text));
    }
    if (laid_out_) return write_line(texts);
    keep(std::move(texts));
    return lines_.size() > rows_measured_max ? lay_out() : absl::OkStatus();
  }

  absl::Status end(uint64_t row_count) override {
    if (!laid_out_) RETURN_IF_ERROR(lay_out());
    RETURN_IF_ERROR(write_text(file_, fmt::format("{} {}\n", row_count, row_count == 1 ? "row" : "rows")));
    return flush(file_);
  }

 private:
  void keep(std::vector<std::string> texts) {
    for (size_t i = 0; i < texts.size(); ++i) widths_[i] = std::max(widths_[i], text_width(texts[i]));
    lines_.push_back(std::move(texts));
  }

  // Writes the header, and the rows that were measured.
  absl::Status lay_out() {
    laid_out_ = true;
    RETURN_IF_ERROR(write_line(lines_.front()));
    std::vector<std::string> rule;
    for (const size_t width : widths_) rule.emplace_back(width, '-');
    RETURN_IF_ERROR(write_line(rule));
    for (size_t i = 1; i < lines_.size(); ++i) RETURN_IF_ERROR(write_line(lines_[i]));
    lines_.clear();
    return absl::OkStatus();
  }

  absl::Status write_line(const std::vector<std::string>& texts) {
    std::string line;
    for (size_t i = 0; i < texts.size(); ++i) {
      const size_t width = text_width(texts[i]);
      const size_t padding = widths_[i] > width ? widths_[i] - width : 0;
      if (i != 0) line += "  ";
      if (to_the_right_[i]) line.append(padding, ' ');
      line += texts[i];
      if (!to_the_right_[i] && i + 1 != texts.size()) line.append(padding, ' ');
    }
    return write_text(file_, line + '\n');
  }

  std::FILE* file_;
  std::vector<bool> to_the_right_;  // by column
  std::vector<size_t> widths_;
  std::vector<std::vector<std::string>> lines_;  // header and first rows, until they are laid out
  bool laid_out_ = false;
};

class CsvWriter final : public net::ResultSink {
 public:
  explicit CsvWriter(std::FILE* file) : file_(file) {}

  absl::Status begin(std::span<const net::SqlColumn> columns, int) override {
    line_.clear();
    for (const net::SqlColumn& column : columns) append(column.name, &column == columns.data());
    return end_line();
  }

  absl::Status row(std::span<const net::SqlCell> cells) override {
    line_.clear();
    for (const net::SqlCell& cell : cells) {
      const bool is_first = &cell == cells.data();
      if (cell.has_text()) {
        append(cell.text, is_first);
      } else {
        if (!is_first) line_ += ',';
        net::append_cell(line_, cell);
      }
    }
    return end_line();
  }

  absl::Status end(uint64_t) override { return flush(file_); }

 private:
  void append(std::string_view text, bool is_first) {
    if (!is_first) line_ += ',';
    if (!text.empty() && text.find_first_of(",\"\r\n") == std::string_view::npos) {
      line_ += text;
      return;
    }
    line_ += '"';
    for (const char c : text) line_.append(c == '"' ? 2 : 1, c);
    line_ += '"';
  }

  absl::Status end_line() {
    line_ += '\n';
    return write_text(file_, line_);
  }

  std::FILE* file_;
  std::string line_;
};

class JsonWriter final : public net::ResultSink {
 public:
  explicit JsonWriter(std::FILE* file) : file_(file) {}

  absl::Status begin(std::span<const net::SqlColumn> columns, int) override {
    for (const net::SqlColumn& column : columns) {
      std::string& key = keys_.emplace_back(keys_.empty() ? "{" : ",");
      net::append_json_text(key, column.name);
      key += ':';
    }
    return absl::OkStatus();
  }

  absl::Status row(std::span<const net::SqlCell> cells) override {
    line_.clear();
    for (size_t i = 0; i < cells.size(); ++i) {
      line_ += keys_[i];
      net::append_json_cell(line_, cells[i]);
    }
    line_ += "}\n";
    return write_text(file_, line_);
  }

  absl::Status end(uint64_t) override { return flush(file_); }

 private:
  std::FILE* file_;
  std::vector<std::string> keys_;  // what stands before the value of a column
  std::string line_;
};

}  // namespace

std::unique_ptr<net::ResultSink> make_result_writer(ResultFormat format, std::FILE* file) {
  switch (format) {
    case ResultFormat::table:
      return std::make_unique<TableWriter>(file);
    case ResultFormat::csv:
      return std::make_unique<CsvWriter>(file);
    case ResultFormat::json:
      return std::make_unique<JsonWriter>(file);
  }
  return nullptr;
}

}  // namespace tools
