// The small files of a data directory: superblock, schema, lane manifest, partition manifest. What stands in a file is shown as
// far as it goes, whether or not its checksum is right; what the server would say of the file comes last.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "storage/schema/schema.h"
#include "tools/inspect/output.h"

namespace tools {

enum class TableFileKind : uint8_t { schema, lane, partition };

// By the first bytes of a file, or else by its name.
std::optional<TableFileKind> table_file_kind(std::span<const std::byte> bytes, std::string_view name);

void inspect_table_file(TableFileKind kind, std::string_view path, std::span<const std::byte> bytes, InspectOutput& output);

bool is_superblock(std::span<const std::byte> bytes, std::string_view name);

void inspect_superblock(std::string_view path, std::span<const std::byte> bytes, InspectOutput& output);

void show_schema(const storage::Schema& schema, InspectOutput& output);

}  // namespace tools
