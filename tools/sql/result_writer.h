// Query results as text: for people, for spreadsheets, for programs.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>

#include "net/sql/engine.h"

namespace tools {

enum class ResultFormat : uint8_t {
  table,  // aligned, numbers to the right, with a line that counts the rows
  csv,    // RFC 4180 with a header; null is nothing, an empty text is ""
  json,   // an object per line
};

// Writes to `file`, which outlives the writer. A write that fails ends the query: unavailable.
std::unique_ptr<net::ResultSink> make_result_writer(ResultFormat format, std::FILE* file);

}  // namespace tools
