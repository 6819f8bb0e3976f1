// SQLite's functions on texts whose work grows with the product of their arguments, or that it cannot interrupt, replaced by
// our own with the same meaning: instr, replace, like, glob, trim, ltrim and rtrim. Here the work of a call grows with the sum
// of the sizes; like and glob, where it cannot, look now and then whether the query must end.
#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/base/status.h"
#include "net/sql/end_check.h"

namespace net {

// `end` outlives the connection.
absl::Status add_text_functions(sqlite3* database, EndCheck& end);

}  // namespace net
