// What a query may do: read tables and call functions. Everything else is denied by SQLite's authorizer, whatever the text of
// the query looks like.
#pragma once

#include <sqlite3.h>

#include <string>
#include <string_view>

#include "engine/base/status.h"

namespace net {

// One per SQLite connection, which it outlives.
class SqlAccess {
 public:
  SqlAccess() = default;
  SqlAccess(const SqlAccess&) = delete;
  SqlAccess& operator=(const SqlAccess&) = delete;

  // From now on.
  void restrict_to_reading(sqlite3* database);

  // Why the query was denied, where more can be said than that it is no query.
  const absl::Status& refusal() const { return refusal_; }

  // Calls sqlite3_declare_vtab. Virtual tables are connected while a query is prepared, and their declarations look like CREATE
  // TABLE to the authorizer: these are let through.
  int declare_table(sqlite3* database, const std::string& declaration);

 private:
  static int authorize(void* access, int action, const char* detail, const char* function, const char* database,
                       const char* trigger);
  bool may_call(std::string_view function);

  absl::Status refusal_;
  bool is_declaring_ = false;
};

}  // namespace net
