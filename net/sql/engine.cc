#include "net/sql/engine.h"

#include "net/sql/query_run.h"

namespace net {
namespace {

absl::Status pass_on(QueryRun& query, ResultSink& sink) {
  uint64_t row_count = 0;
  ASSIGN_OR_RETURN(bool has_row, query.next());
  RETURN_IF_ERROR(sink.begin(query.columns(), query.designated()));
  while (has_row) {
    RETURN_IF_ERROR(sink.row(query.row()));
    ++row_count;
    ASSIGN_OR_RETURN(has_row, query.next());
  }
  return sink.end(row_count);
}

}  // namespace

QueryResult SqlEngine::run(std::string_view query, ResultSink& sink) {
  QueryRun run(std::string(query), limits_);
  run.begin(source_, source_.backend().now() + limits_.duration_max);
  absl::Status status = pass_on(run, sink);
  return {.status = std::move(status), .position = run.error_position()};
}

}  // namespace net
