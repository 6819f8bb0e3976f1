#include "net/http/text.h"

#include <fmt/format.h>

#include <array>
#include <bit>

#include "engine/base/calendar.h"
#include "engine/base/verify.h"

namespace net {
namespace {

int hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

std::optional<std::string> decode(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

std::string_view reason_of(uint16_t status) {
  switch (status) {
    case 200:
    case 204:
      return "OK";  // QuestDB's words: a 204 says OK too
    case 400:
      return "Bad request";
    case 401:
      return "Unauthorized";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 413:
      return "Payload Too Large";
    case 415:
      return "Bad request";  // QuestDB's words
    case 422:
      return "Unprocessable Content";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      UNREACHABLE("HTTP status");
  }
}

}  // namespace

HttpTarget split_target(std::string_view target) {
  const size_t mark = target.find('?');
  if (mark == std::string_view::npos) return {.path = target, .query = {}};
  return {.path = target.substr(0, mark), .query = target.substr(mark + 1)};
}

std::optional<std::vector<HttpParameter>> parse_parameters(std::string_view query) {
  std::vector<HttpParameter> parameters;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const size_t equals = pair.find('=');
    std::optional<std::string> name = decode(pair.substr(0, equals));
    std::optional<std::string> value = decode(equals == std::string_view::npos ? "" : pair.substr(equals + 1));
    if (!name || !value) return std::nullopt;
    parameters.push_back({.name = *std::move(name), .value = *std::move(value)});
  }
  return parameters;
}

std::string http_date(engine::WallTime now) {
  static constexpr std::array<std::string_view, 7> days = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  static constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const int64_t instant = engine::floor_div(now.ns, engine::ns_per(engine::TimeUnit::seconds));
  const int64_t day = engine::floor_div(instant, engine::seconds_per_day);
  const int64_t second = engine::floor_mod(instant, engine::seconds_per_day);
  const engine::CivilDate date = engine::date_of_day(day);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", days[static_cast<size_t>(engine::weekday_of_day(day))],
                     date.day, months[static_cast<size_t>(date.month - 1)], date.year, second / 3600, second / 60 % 60,
                     second % 60);
}

std::string make_head(const HttpHead& head, engine::WallTime now) {
  std::string text =
      fmt::format("HTTP/1.1 {} {}\r\nServer: millrace\r\nDate: {}\r\n", head.status, reason_of(head.status), http_date(now));
  if (!head.content_type.empty()) {
    text += fmt::format("Transfer-Encoding: chunked\r\nContent-Type: {}\r\n", head.content_type);
  }
  text += head.extra;
  if (!head.keep_alive) text += "Connection: close\r\n";
  return text + "\r\n";
}

std::string make_chunk_head(size_t size) {
  VERIFY_GT(size, 0U);
  // Clients in the field expect QuestDB's even number of digits.
  const size_t digits = static_cast<size_t>(std::bit_width(size) + 3) / 4;
  return fmt::format("{:0{}x}\r\n", size, digits + digits % 2);
}

}  // namespace net
