// In which form the answer to a query is wanted, and what a form has to say of each row and value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/sql/query_run.h"

namespace net {

struct AnswerForm {
  enum class Kind : uint8_t {
    json,  // net/query/exec_json.h
    csv,   // net/query/exp_csv.h
  };

  Kind kind = Kind::json;
  char delimiter = ',';   // csv: between two values
  bool has_names = true;  // csv: of the columns, in the first line
};

// Appends to a part of an answer. What it appends at a time is small, but for the front.
class AnswerFormat {
 public:
  virtual ~AnswerFormat() = default;

  virtual std::string make_front(const QueryRun& run) const = 0;
  virtual std::string make_back(uint64_t row_shown) const = 0;  // the number of the last row, 0: there is none

  // In front of a cell of a row, behind the last one of a row.
  virtual void begin_cell(std::string& part, size_t cell, bool is_first_row) const = 0;
  virtual void end_row(std::string& part) const = 0;

  // A value. True: that was all of it. False: its text follows in pieces, and then its end.
  virtual bool begin_value(std::string& part, const SqlCell& cell, const SqlColumn& column) const = 0;
  // Takes `size_max` bytes at most off the front of the text, but for the character that begins in front of them; appends up to
  // six times as many, and says how many it took.
  virtual size_t append_text(std::string& part, const SqlCell& cell, std::string_view rest, size_t size_max) const = 0;
  virtual void end_value(std::string& part, const SqlCell& cell, const SqlColumn& column) const = 0;
};

}  // namespace net
