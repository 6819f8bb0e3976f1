#include "net/sql/access.h"

#include <string_view>

namespace net {

void SqlAccess::restrict_to_reading(sqlite3* database) { sqlite3_set_authorizer(database, authorize, this); }

int SqlAccess::declare_table(sqlite3* database, const std::string& declaration) {
  is_declaring_ = true;
  const int code = sqlite3_declare_vtab(database, declaration.c_str());
  is_declaring_ = false;
  return code;
}

int SqlAccess::authorize(void* access, int action, const char*, const char* function, const char*, const char*) {
  if (static_cast<const SqlAccess*>(access)->is_declaring_) return SQLITE_OK;
  const bool reads = action == SQLITE_SELECT || action == SQLITE_READ || action == SQLITE_RECURSIVE;
  const bool calls = action == SQLITE_FUNCTION && std::string_view(function == nullptr ? "" : function) != "load_extension";
  return reads || calls ? SQLITE_OK : SQLITE_DENY;
}

}  // namespace net
