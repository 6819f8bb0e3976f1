#include "net/query/exp_csv.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

#include "storage/schema/column_type.h"

namespace net {
namespace {

// Between these Java writes no exponent.
constexpr double csv_plain_min = 1e-3;
constexpr double csv_plain_max = 1e7;

template <typename Real>
void append_csv_real(std::string& target, Real value) {
  std::array<char, 64> buffer{};
  const auto magnitude = static_cast<double>(std::fabs(value));
  const bool is_plain = magnitude == 0 || (magnitude >= csv_plain_min && magnitude < csv_plain_max);
  const auto form = is_plain ? std::chars_format::fixed : std::chars_format::scientific;
  const char* const end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, form).ptr;
  const std::string_view text(buffer.data(), static_cast<size_t>(end - buffer.data()));
  const size_t mark = text.find('e');
  const std::string_view digits = text.substr(0, mark);
  target += digits;
  if (digits.find('.') == std::string_view::npos) target += ".0";
  if (mark == std::string_view::npos) return;
  std::string_view exponent = text.substr(mark + 1);  // a sign, two digits or more
  target += exponent.front() == '-' ? "E-" : "E";
  exponent.remove_prefix(1);
  target += exponent.substr(std::min(exponent.find_first_not_of('0'), exponent.size() - 1));
}

// Types whose texts have no quotes, as on QuestDB.
bool is_bare_type(std::string_view type) {
  using storage::ColumnType;
  const auto is = [type](ColumnType other) { return type == storage::type_name(other); };
  return is(ColumnType::character) || is(ColumnType::uuid) || is(ColumnType::ipv4);
}

// QuestDB's digits are those of whole bytes.
void append_long256(std::string& target, std::string_view text) {
  constexpr std::string_view prefix = "0x";
  target += prefix;
  if (text.size() % 2 != 0) target += '0';
  target += text.substr(std::min(prefix.size(), text.size()));
}

class ExpCsv final : public AnswerFormat {
 public:
  explicit ExpCsv(const AnswerForm& form) : form_(form) {}

  std::string make_front(const QueryRun& run) const override {
    std::string line;
    if (!form_.has_names) return line;
    for (const SqlColumn& column : run.columns()) {
      if (&column != run.columns().data()) line += form_.delimiter;
      line += '"';
      append_quoted(line, column.name, column.name.size());
      line += '"';
    }
    return line.append(line_end);
  }

  std::string make_back(uint64_t) const override { return {}; }

  void begin_cell(std::string& part, size_t cell, bool) const override {
    if (cell != 0) part += form_.delimiter;
  }

  void end_row(std::string& part) const override { part += line_end; }

  bool begin_value(std::string& part, const SqlCell& cell, const SqlColumn& column) const override {
    switch (cell.kind) {
      case SqlCell::Kind::real:
        append_csv_double(part, cell.real);
        return true;
      case SqlCell::Kind::real32:
        append_csv_float(part, static_cast<float>(cell.real));
        return true;
      case SqlCell::Kind::text:
      case SqlCell::Kind::json:
        break;
      default:
        append_cell(part, cell);
        return true;
    }
    if (column.type == storage::type_name(storage::ColumnType::binary)) return true;
    if (column.type == storage::type_name(storage::ColumnType::long256)) {
      append_long256(part, cell.text);
      return true;
    }
    if (!is_bare(cell, column)) part += '"';
    return false;
  }

  size_t append_text(std::string& part, const SqlCell&, std::string_view rest, size_t size_max) const override {
    return append_quoted(part, rest, size_max);
  }

  void end_value(std::string& part, const SqlCell& cell, const SqlColumn& column) const override {
    if (!is_bare(cell, column)) part += '"';
  }

 private:
  static constexpr std::string_view line_end = "\r\n";

  // A character may be any, and then nobody could read the line.
  bool is_bare(const SqlCell& cell, const SqlColumn& column) const {
    if (!is_bare_type(column.type)) return false;
    return cell.text.find_first_of("\"\r\n") == std::string_view::npos &&
           cell.text.find(form_.delimiter) == std::string_view::npos;
  }

  static size_t append_quoted(std::string& target, std::string_view text, size_t size_max) {
    text = text.substr(0, size_max);
    const size_t size = text.size();
    for (size_t quote = text.find('"'); quote != std::string_view::npos; quote = text.find('"')) {
      target.append(text.substr(0, quote + 1)).push_back('"');
      text.remove_prefix(quote + 1);
    }
    target += text;
    return size;
  }

  const AnswerForm form_;
};

}  // namespace

void append_csv_double(std::string& target, double value) { append_csv_real(target, value); }

void append_csv_float(std::string& target, float value) { append_csv_real(target, value); }

std::unique_ptr<AnswerFormat> make_exp_csv(const AnswerForm& form) { return std::make_unique<ExpCsv>(form); }

}  // namespace net
