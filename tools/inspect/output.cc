#include "tools/inspect/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "tools/cli/command.h"

namespace tools {
namespace {

constexpr size_t column_gap = 2;

using NamedCell = std::pair<std::string, std::string>;  // name, value

std::string dump(const Record& value) {
  return value.dump(-1, ' ', false, Record::error_handler_t::replace);  // texts from a damaged file need not be UTF-8
}

// Texts stand as they are, unless a terminal could take them for something else.
std::string cell_text(const Record& value) {
  if (value.is_null()) return "-";
  if (!value.is_string()) return dump(value);
  const auto& text = value.get_ref<const std::string&>();
  const bool plain = std::ranges::all_of(text, [](unsigned char c) { return c >= ' ' && c < 0x7f; });
  return plain && !text.empty() ? text : dump(value);
}

void add_cells(const Record& record, std::vector<NamedCell>& cells) {
  for (const auto& [name, value] : record.items()) {
    if (value.is_object()) {
      add_cells(value, cells);
    } else {
      cells.emplace_back(name, cell_text(value));
    }
  }
}

std::vector<NamedCell> cells_of(const Record& record) {
  std::vector<NamedCell> cells;
  add_cells(record, cells);
  return cells;
}

}  // namespace

void InspectOutput::fields(std::string_view kind, const Record& record) {
  if (format_ == InspectFormat::json) return write_json(kind, record);
  const std::vector<NamedCell> cells = cells_of(record);
  size_t width = 0;
  for (const NamedCell& cell : cells) width = std::max(width, cell.first.size());
  std::string text = fmt::format("{}\n", kind);
  for (const auto& [name, value] : cells) text += fmt::format("  {:<{}}  {}\n", name, width, value);
  write(text);
}

void InspectOutput::line(std::string_view kind, const Record& record) {
  if (format_ == InspectFormat::json) return write_json(kind, record);
  std::string text = fmt::format("{:<8}", kind);
  for (const auto& [name, value] : cells_of(record)) text += fmt::format("  {} {:<7}", name, value);
  text.erase(text.find_last_not_of(' ') + 1);
  write(text + '\n');
}

void InspectOutput::table(std::string_view kind, std::span<const Record> records) {
  if (format_ == InspectFormat::json) {
    for (const Record& record : records) write_json(kind, record);
    return;
  }
  if (records.empty()) return;
  std::vector<size_t> widths;
  std::vector<std::vector<NamedCell>> rows;
  for (const Record& record : records) rows.push_back(cells_of(record));
  for (const std::vector<NamedCell>& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max({widths[i], row[i].first.size(), row[i].second.size()});
  }
  const auto put_line = [&](std::string_view start, const std::vector<NamedCell>& row, std::string NamedCell::*part) {
    std::string text = fmt::format("{:<10}", start);
    for (size_t i = 0; i < row.size(); ++i) text += fmt::format("{:<{}}", row[i].*part, widths[i] + column_gap);
    text.erase(text.find_last_not_of(' ') + 1);
    write(text + '\n');
  };
  put_line(kind, rows.front(), &NamedCell::first);
  for (const std::vector<NamedCell>& row : rows) put_line({}, row, &NamedCell::second);
}

void InspectOutput::damage(std::string_view path, uint64_t offset, std::string_view why) {
  damaged_ = true;
  if (format_ == InspectFormat::json) {
    return write_json("damage", {{"path", std::string(path)}, {"offset", offset}, {"why", std::string(why)}});
  }
  write(fmt::format("damage    {} at offset {}: {}\n", path, offset, why));
}

void InspectOutput::damage(std::string_view path, const absl::Status& status) {
  damaged_ = true;
  const std::string why(engine::message_of(status));
  if (format_ == InspectFormat::json) return write_json("damage", {{"path", std::string(path)}, {"why", why}});
  write(fmt::format("damage    {}\n", why));
}

bool InspectOutput::finish() {
  if (std::fflush(stdout) == 0) return true;
  if (errno == EPIPE) ::_exit(exit_ok);
  return false;
}

void InspectOutput::write(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size()) return;
  if (errno == EPIPE) ::_exit(exit_ok);
  std::perror("millrace inspect: cannot write");
  ::_exit(exit_failed);
}

void InspectOutput::write_json(std::string_view kind, const Record& record) {
  Record whole = {{"record", std::string(kind)}};
  whole.update(record);
  write(dump(whole) + '\n');
}

std::string hex(uint64_t value, int digits) { return fmt::format("{:0{}x}", value, digits); }

std::string hex(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) text += hex(static_cast<uint64_t>(byte), 2);
  return text;
}

}  // namespace tools
