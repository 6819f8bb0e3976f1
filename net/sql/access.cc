#include "net/sql/access.h"

#include <algorithm>
#include <array>

namespace net {
namespace {

// json_patch takes the product of its arguments' sizes; the other two recurse once for each step of a path, whatever the stack
// holds. Nothing ends them in between.
constexpr std::array<std::string_view, 3> unbounded_functions{"json_insert", "json_patch", "json_set"};

}  // namespace

void SqlAccess::restrict_to_reading(sqlite3* database) { sqlite3_set_authorizer(database, authorize, this); }

int SqlAccess::declare_table(sqlite3* database, const std::string& declaration) {
  is_declaring_ = true;
  const int code = sqlite3_declare_vtab(database, declaration.c_str());
  is_declaring_ = false;
  return code;
}

bool SqlAccess::may_call(std::string_view function) {
  if (function == "load_extension") return false;
  if (std::ranges::find(unbounded_functions, function) == unbounded_functions.end()) return true;
  refusal_ = engine::invalid_argument(std::string(function) + "() is not served: nothing bounds the work of a call");
  return false;
}

int SqlAccess::authorize(void* access, int action, const char*, const char* function, const char*, const char*) {
  SqlAccess& self = *static_cast<SqlAccess*>(access);
  if (self.is_declaring_) return SQLITE_OK;
  const bool reads = action == SQLITE_SELECT || action == SQLITE_READ || action == SQLITE_RECURSIVE;
  const bool calls = action == SQLITE_FUNCTION && self.may_call(function == nullptr ? "" : function);
  return reads || calls ? SQLITE_OK : SQLITE_DENY;
}

}  // namespace net
