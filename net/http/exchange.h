// What a handler gets for a request, and how it answers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/http/request_reader.h"
#include "net/query/row_range.h"

namespace net {

// A whole answer.
struct HttpAnswer {
  uint16_t status = 200;
  std::string_view content_type;  // empty: it has no body
  std::string extra;              // further lines of the head, each with CRLF
  std::string body;
};

// How a handler answers: by exactly one call of one of these.
class HttpExchange {
 public:
  virtual void answer(HttpAnswer answer) = 0;
  virtual void answer_query(std::string text, RowRange rows) = 0;

 protected:
  ~HttpExchange() = default;
};

// A sentence for a human, with the end of its line.
HttpAnswer make_refusal(uint16_t status, std::string_view text);

}  // namespace net
