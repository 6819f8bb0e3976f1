// Why a write was refused, and the JSON that says so. Its keys and their order are QuestDB's, since its Java client takes no
// other ones:
//
//   {"code":"invalid","message":"failed to parse line protocol:errors encountered on line(s):\nerror in line 3: ...","line":3,
//    "errorId":"9f242c5b355d-5"}
//
// The words "failed to parse line protocol" and "error in line" tell QuestDB's Kafka connector that resending is in vain, and
// that it has to look for the bad record. So they stand wherever a line is to blame, and nowhere else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/status.h"

namespace net {

struct WriteError {
  uint16_t status = 400;
  std::string_view code;
  std::string detail;    // any bytes
  uint64_t line = 0;     // from 1; 0: no line is to blame
  std::string original;  // the line, as far as it is shown
};

// `detail` is a sentence about the line (net/judge/rejection_text.h).
WriteError bad_line(uint64_t line, std::string detail);
WriteError oversized_line(uint64_t line, std::string detail);
WriteError unsupported_precision();
WriteError bad_body(const absl::Status& status);  // of a BodyDecoder
WriteError writes_not_accepted(std::string detail);
WriteError oversized_key(size_t size_max);
WriteError other_content_of_key();
// The server's fault: clients send it again.
WriteError server_stops(std::string detail);
WriteError repeated_too_early();  // the one before has not ended
WriteError write_failed(std::string detail);

// What of `detail` is shown at most, in bytes.
inline constexpr size_t error_detail_size_max = 4096;

std::string write_error_json(const WriteError& error, std::string_view error_id);

// "9f242c5b355d-5": who of all servers, and its how manieth error.
class ErrorIds {
 public:
  explicit ErrorIds(uint64_t random) : server_(random & 0xffff'ffff'ffffU) {}

  std::string next();

 private:
  uint64_t server_;
  uint64_t count_ = 0;
};

}  // namespace net
