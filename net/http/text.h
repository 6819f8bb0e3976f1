// The small texts of HTTP: targets taken apart, heads and chunks put together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/time.h"

namespace net {

struct HttpTarget {
  std::string_view path;
  std::string_view query;  // without '?'
};

HttpTarget split_target(std::string_view target);

// The decoded value of parameter `name` ("+" is a space, %XX a byte), or nothing when it is not there or wrongly encoded.
std::optional<std::string> query_parameter(std::string_view query, std::string_view name);

// Wed, 25 Nov 2026 19:40:00 GMT
std::string http_date(engine::WallTime now);

struct HttpHead {
  uint16_t status = 200;
  std::string_view content_type;  // empty: there is no body, and the answer is complete with its head
  std::string_view extra;         // further lines, each with CRLF
  bool keep_alive = true;
};

// The head of an answer whose body, if it has one, follows in chunks.
std::string make_head(const HttpHead& head, engine::WallTime now);

// `text` as one chunk; empty for an empty text, which would end the body.
std::string make_chunk(std::string_view text);

inline constexpr std::string_view last_chunk = "00\r\n\r\n";

}  // namespace net
