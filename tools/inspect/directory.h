// A whole data directory in short: the database, its streams and their segments, its tables, lanes and partitions. Reads all of
// the log and all manifests, so that what is damaged in them is found.
#pragma once

#include "tools/inspect/output.h"
#include "tools/inspect/source.h"

namespace tools {

void inspect_directory(const InspectSource& source, InspectOutput& output);

}  // namespace tools
