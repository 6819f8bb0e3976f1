// One sentence for people about a rejected line: table, column and value, in QuestDB's words, which its clients and their tests
// look for. Composed only when it is asked for.
#pragma once

#include <string>

#include "net/judge/row_judge.h"
#include "net/line/parsed_line.h"

namespace net {

// May hold any bytes that the client sent. `line_size_max` is the limit that a line was held to.
std::string line_detail(const BadLine& line, size_t line_size_max);
std::string line_detail(const LineRejection& rejection);

}  // namespace net
