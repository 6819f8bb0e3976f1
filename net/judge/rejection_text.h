// One sentence for people about a rejected line: table, column and value, in QuestDB's words, which its clients and their tests
// look for. Composed only when it is asked for.
#pragma once

#include <string>
#include <string_view>

#include "net/judge/row_judge.h"
#include "net/line/parsed_line.h"

namespace net {

// What a line was held to, and the setting that says so.
struct LineSizeLimit {
  size_t size_max;
  std::string_view key;
};

// May hold any bytes that the client sent.
std::string line_detail(const BadLine& line, const LineSizeLimit& limit);
std::string line_detail(const LineRejection& rejection);

}  // namespace net
