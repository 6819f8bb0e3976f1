// From what a statement says to what storage is asked for. What is wrong with it whichever tables there are is found here.
#pragma once

#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "net/ddl/statement.h"
#include "storage/schema/schema.h"

namespace net {

template <typename Value>
using DdlResult = std::variant<Value, DdlError>;

// A name that QuestDB would take.
std::optional<DdlError> check_table_name(const DdlName& name);
std::optional<DdlError> check_column_name(const DdlName& name);

// `statement` names a designated timestamp.
DdlResult<storage::TableWish> make_table_wish(const CreateTable& statement);

// No two of one name.
DdlResult<std::vector<storage::ColumnWish>> make_column_wishes(std::span<const DdlColumn> columns);

// Whether partitions of this size can go by that age: whole partitions go.
std::optional<DdlError> check_ttl(storage::Ttl ttl, storage::PartitionUnit unit, size_t position);

}  // namespace net
