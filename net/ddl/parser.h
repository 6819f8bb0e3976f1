// Statements that define tables, as QuestDB's users type them. Pure: bytes in, a statement out.
//
//   CREATE TABLE [IF NOT EXISTS] t (c TYPE, ...) [, INDEX(c)] [TIMESTAMP(c)] [PARTITION BY unit] [TTL n unit]
//                [[BYPASS] WAL] [WITH name = value, ...] [DEDUP UPSERT KEYS(c, ...)]
//   DROP TABLE [IF EXISTS] t           TRUNCATE TABLE [IF EXISTS] t, ...           RENAME TABLE t TO u
//   ALTER TABLE t ADD [COLUMN] [IF NOT EXISTS] c TYPE, ...     DROP COLUMN c, ...     RENAME COLUMN c TO d
//                 ALTER COLUMN c TYPE type     SET TTL n unit     DEDUP ENABLE UPSERT KEYS(c, ...)     DEDUP DISABLE
//
// Keywords in any case, names plain or in '..' or "..", comments, semicolons at the end.
#pragma once

#include <string_view>
#include <variant>

#include "net/ddl/statement.h"

namespace net {

// Not a statement of these: perhaps a query.
struct NotDdl {};

using ParsedDdl = std::variant<NotDdl, DdlError, DdlStatement>;

ParsedDdl parse_ddl(std::string_view text);

}  // namespace net
