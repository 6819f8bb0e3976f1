// GET /exp.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/base/ascii.h"
#include "net/ddl/parser.h"
#include "net/http/ddl_answer.h"
#include "net/http/handlers.h"
#include "net/http/text.h"
#include "net/query/exec_json.h"

namespace net {
namespace {

// Unknown parameters are not looked at, as on QuestDB.
struct ExpWish {
  std::string query;
  RowRange rows;
  AnswerForm form{.kind = AnswerForm::Kind::csv};
  engine::Duration time_max{INT64_MAX};
  std::string file_name;
  std::string error;  // what is not served; empty: all of it is
};

bool is_true(std::string_view value) { return engine::equals_ignoring_case(value, "true"); }

// Whole seconds.
std::optional<engine::Duration> parse_timeout(std::string_view text) {
  constexpr int64_t seconds_max = 1'000'000;
  int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count <= 0) return std::nullopt;
  return engine::seconds(std::min(count, seconds_max));
}

void take_format(ExpWish& wish, const std::string& value) {
  if (value.empty() || engine::equals_ignoring_case(value, "csv")) return;
  wish.error = engine::equals_ignoring_case(value, "parquet") ? "Parquet is not served: ask for format csv"
                                                              : "unrecognised format [format=" + value + "]";
}

void take_delimiter(ExpWish& wish, const std::string& value) {
  if (value.empty()) return;
  if (value.size() != 1 || value.find_first_of("\"\r\n") != std::string::npos) {
    wish.error = "delimiter is one byte, which is no quote and no line end";
  }
  wish.form.delimiter = value.front();
}

// Nothing of a client's name ends the header, or a file system's patience.
std::string clean_file_name(std::string_view name) {
  constexpr size_t size_max = 200;
  std::string clean(name.substr(0, size_max));
  std::ranges::replace_if(
      clean, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '"' || c == '\\' || c == '/'; },
      '_');
  return clean;
}

ExpWish wish_of(std::vector<HttpParameter> parameters) {
  ExpWish wish;
  for (HttpParameter& parameter : parameters) {
    if (parameter.name == "query") {
      wish.query = std::move(parameter.value);
    } else if (parameter.name == "limit") {
      wish.rows = parse_exp_row_range(parameter.value);
    } else if (parameter.name == "nm") {
      wish.form.has_names = !is_true(parameter.value);
    } else if (parameter.name == "delimiter") {
      take_delimiter(wish, parameter.value);
    } else if (parameter.name == "fmt") {
      take_format(wish, parameter.value);
    } else if (parameter.name == "filename") {
      wish.file_name = clean_file_name(parameter.value);
    } else if (parameter.name == "timeout") {
      if (const auto time = parse_timeout(parameter.value)) {
        wish.time_max = *time;
      } else {
        wish.error = "timeout is a number of seconds";
      }
    }
  }
  return wish;
}

HttpAnswer make_exp_refusal(std::string_view query, std::string_view error) {
  return {.status = 400,
          .content_type = "application/json; charset=utf-8",
          .extra = {},
          .body = make_error_json(query, error, 0),
          .says_keep_alive = true};
}

}  // namespace

void handle_exp(const HttpRequest& request, const HttpClient& client) {
  HttpExchange& exchange = client.exchange;
  std::optional<std::vector<HttpParameter>> parameters = parse_parameters(request.query);
  if (!parameters) return exchange.answer(make_exp_refusal({}, "the parameters are not URL-encoded"));
  ExpWish wish = wish_of(*std::move(parameters));
  if (wish.query.empty()) return exchange.answer(make_exp_refusal({}, "No query text"));
  if (!wish.error.empty()) return exchange.answer(make_exp_refusal(wish.query, wish.error));
  const ParsedDdl parsed = parse_ddl(wish.query);
  if (const auto* error = std::get_if<DdlError>(&parsed)) return exchange.answer(make_ddl_answer(wish.query, *error));
  if (std::holds_alternative<DdlStatement>(parsed)) {
    return exchange.answer(make_exp_refusal(wish.query, "/exp endpoint only accepts SELECT"));
  }
  if (wish.file_name.empty()) {
    const engine::WallTime now = client.services.ingest.shard.backend().wall_now();
    wish.file_name = fmt::format("millrace-query-{}", now.ns / engine::milliseconds(1).ns);
  }
  exchange.answer_query({.text = std::move(wish.query),
                         .rows = wish.rows,
                         .form = wish.form,
                         .time_max = wish.time_max,
                         .content_type = "text/csv; charset=utf-8",
                         .extra = fmt::format("Content-Disposition: attachment; filename=\"{}.csv\"\r\n", wish.file_name)});
}

}  // namespace net
