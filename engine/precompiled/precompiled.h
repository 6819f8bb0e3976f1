// Precompiled for every folder: headers that many sources include and that are slow to parse (absl/status and flat_hash_map
// take about a second each). Never included by name; a build with -Db_pch=false has the same meaning.
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
