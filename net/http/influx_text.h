// What clients of InfluxDB are told beside the answers of their writes.
//
//   1  GET or POST /query?q=CREATE DATABASE ...   before the first write: there are none here, and any name will do
//   3  POST /api/v3/write_lp                      which lines were refused; the others are stored, unless accept_partial=false
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace net {

struct InfluxAnswer {
  uint16_t status = 200;
  std::string body;  // JSON
};

// Only of databases; every other statement is refused.
InfluxAnswer answer_influx_query(std::string_view statement);

// A line that was not stored. Any bytes.
struct RefusedLine {
  std::string original;
  uint64_t number = 0;  // from 1
  std::string reason;
};

// Listed at most, and shown of each at most.
inline constexpr size_t refused_lines_max = 100;
inline constexpr size_t refused_line_size_max = 256;

// {"error":"partial write of line protocol occurred","data":[{"original_line":"...","line_number":2,"error_message":"..."}]}
std::string v3_partial_write_json(std::span<const RefusedLine> lines);

// {"error":"parsing failed for write_lp endpoint","data":{"original_line":"...","line_number":2,"error_message":"..."}}
std::string v3_refused_write_json(const RefusedLine& line);

// {"error":"..."}: no line is to blame.
std::string influx_error_json(std::string_view reason);

}  // namespace net
