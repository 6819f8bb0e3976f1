// What a query may do: read tables and call functions. Everything else is denied by SQLite's authorizer, whatever the text of
// the query looks like.
#pragma once

#include <sqlite3.h>

#include <string>

namespace net {

// One per SQLite connection, which it outlives.
class SqlAccess {
 public:
  SqlAccess() = default;
  SqlAccess(const SqlAccess&) = delete;
  SqlAccess& operator=(const SqlAccess&) = delete;

  // From now on.
  void restrict_to_reading(sqlite3* database);

  // Calls sqlite3_declare_vtab. Virtual tables are connected while a query is prepared, and their declarations look like CREATE
  // TABLE to the authorizer: these are let through.
  int declare_table(sqlite3* database, const std::string& declaration);

 private:
  static int authorize(void* access, int action, const char* detail, const char* function, const char* database,
                       const char* trigger);

  bool is_declaring_ = false;
};

}  // namespace net
