// Precompiled for every folder: headers that nearly all sources include and that are slow to parse (absl/status takes about a
// second). Never included by name; a build with -Db_pch=false has the same meaning.
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
