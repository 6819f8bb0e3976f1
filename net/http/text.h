// The small texts of HTTP: targets taken apart, heads and chunks put together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time.h"

namespace net {

struct HttpTarget {
  std::string_view path;
  std::string_view query;  // without '?'
};

HttpTarget split_target(std::string_view target);

struct HttpParameter {
  std::string name;
  std::string value;
};

// The parameters in their order, decoded: "+" is a space, %XX a byte. Nothing when one is wrongly encoded.
std::optional<std::vector<HttpParameter>> parse_parameters(std::string_view query);

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

// What stands in front of a chunk of this size, which is not 0; CRLF stands behind it.
std::string make_chunk_head(size_t size);

inline constexpr std::string_view last_chunk = "00\r\n\r\n";

}  // namespace net
