#include "tools/sql/sql.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/uring/backend.h"
#include "net/sql/engine.h"
#include "net/sql/file_table_provider.h"
#include "storage/database/superblock.h"
#include "storage/read/snapshot_files.h"
#include "storage/recovery/backlog.h"
#include "storage/table/snapshot.h"
#include "tools/cli/args.h"
#include "tools/cli/http_client.h"
#include "tools/sql/result_writer.h"

namespace tools {
namespace {

using nlohmann::json;

int report(const absl::Status& status, int exit_code) {
  std::fputs(fmt::format("millrace sql: {}\n", engine::message_of(status)).c_str(), stderr);
  return exit_code;
}

absl::StatusOr<std::optional<ResultFormat>> parse_result_format(std::string_view text) {
  if (text == "table") return ResultFormat::table;
  if (text == "csv") return ResultFormat::csv;
  if (text == "json") return ResultFormat::json;
  return expected_instead(text, "table, csv or json");
}

// Arrays and the like come as the JSON text they are; `texts` keeps what cells point to.
net::SqlCell cell_of(const json& value, std::vector<std::string>& texts) {
  if (value.is_null()) return {};
  if (value.is_boolean()) return net::SqlCell::of_boolean(value.get<bool>());
  if (value.is_number_integer()) return net::SqlCell::of_integer(value.get<int64_t>());
  if (value.is_number()) return net::SqlCell::of_real(value.get<double>());
  texts.push_back(value.is_string() ? value.get<std::string>() : value.dump());
  return net::SqlCell::of_text(texts.back());
}

absl::Status write_answer(const json& answer, net::ResultSink& sink) {
  std::vector<net::SqlColumn> columns;
  for (const json& column : answer["columns"])
    columns.push_back({.name = column.value("name", ""), .type = column.value("type", "")});
  RETURN_IF_ERROR(sink.begin(columns, net::designated_none));
  for (const json& row : answer["dataset"]) {
    std::vector<net::SqlCell> cells;
    std::vector<std::string> texts;
    texts.reserve(row.size());
    for (const json& value : row) cells.push_back(cell_of(value, texts));
    RETURN_IF_ERROR(sink.row(cells));
  }
  return sink.end(answer["dataset"].size());
}

class SqlCommand final : public Command {
 public:
  void add_options(CLI::App& app) override {
    CLI::Option* data =
        app.add_option("--data", data_directory_, "data directory; a server may be running on it")->capture_default_str();
    add_parsed(
        app, "--http", server_,
        [](std::string_view text) -> absl::StatusOr<std::optional<engine::SocketAddress>> { return parse_address(text); },
        "ask the server at HOST:PORT instead")
        ->excludes(data);
    add_parsed(app, "--format", format_, parse_result_format, "table, csv or json; a table on a terminal, csv elsewhere");
    app.add_option("query", query_, "SQL, or the name of a table")->required();
  }

  int run() override {
    const ResultFormat format = format_.value_or(::isatty(STDOUT_FILENO) != 0 ? ResultFormat::table : ResultFormat::csv);
    const std::unique_ptr<net::ResultSink> sink = make_result_writer(format, stdout);
    return server_ ? ask_server(*sink) : read_files(*sink);
  }

 private:
  int ask_server(net::ResultSink& sink) {
    HttpClient client(*server_);
    const absl::StatusOr<json> answer = client.query(query_);
    if (absl::IsUnavailable(answer.status())) return report(answer.status(), exit_usage);
    if (!answer.ok()) return report(answer.status(), exit_failed);
    const absl::Status status = write_answer(*answer, sink);
    return status.ok() ? exit_ok : report(status, exit_failed);
  }

  int read_files(net::ResultSink& sink) {
    if (!std::filesystem::is_directory(data_directory_)) {
      return report(engine::not_found(fmt::format("there is no database in {}", data_directory_)), exit_usage);
    }
    const auto backend = engine::UringBackend::create({.data_directory = data_directory_});
    if (!backend.ok()) return report(backend.status(), exit_usage);
    const absl::StatusOr<storage::Superblock> superblock = storage::read_superblock(**backend);
    if (absl::IsNotFound(superblock.status())) {
      return report(engine::not_found(fmt::format("there is no database in {}", data_directory_)), exit_usage);
    }
    if (!superblock.ok()) return report(superblock.status(), exit_usage);
    absl::StatusOr<std::vector<storage::TableSnapshot>> tables = storage::read_table_snapshots(**backend);
    if (!tables.ok()) return report(tables.status(), exit_failed);

    net::FileTableProvider source(**backend, *tables);
    const net::QueryResult result = net::SqlEngine(source).run(query_, sink);
    std::fflush(stdout);
    if (!result.ok()) report(result.status, exit_failed);
    mention_backlog(**backend, superblock->database, *tables);
    return result.ok() ? exit_ok : exit_failed;
  }

  // Files show the last checkpoint: says what they do not show.
  static void mention_backlog(engine::IoBackend& backend, const storage::Database& database,
                              const std::vector<storage::TableSnapshot>& tables) {
    const absl::StatusOr<storage::WalBacklog> backlog = storage::read_wal_backlog(backend, database, tables);
    if (!backlog.ok()) {
      std::fputs(
          fmt::format("note: the write-ahead log may hold newer rows: {}\n", engine::message_of(backlog.status())).c_str(),
          stderr);
    } else if (backlog->rows != 0) {
      std::fputs(
          fmt::format(
              "note: the write-ahead log holds {} newer rows of {} tables; they show after the server's next checkpoint or "
              "start\n",
              backlog->rows, backlog->tables)
              .c_str(),
          stderr);
    }
  }

  std::string data_directory_ = "./millrace-data";
  std::optional<engine::SocketAddress> server_;
  std::optional<ResultFormat> format_;
  std::string query_;
};

}  // namespace

std::unique_ptr<Command> make_sql_command() { return std::make_unique<SqlCommand>(); }

}  // namespace tools
