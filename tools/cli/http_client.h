// GET requests to a Millrace server, one at a time over one connection that is opened again when the server has closed it.
//
// It waits no longer than HttpClientOptions::answer_time_max, and not without a word: what stays silent longer than
// silence_told_after, as something that does not speak HTTP may, is told to whoever waits.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "engine/base/status.h"
#include "engine/io/address.h"

namespace tools {

struct HttpClientOptions {
  std::chrono::milliseconds answer_time_max{60'000};  // from the request to the last byte of its answer
  std::chrono::milliseconds silence_told_after{3'000};
  std::FILE* notices = stderr;
};

class HttpClient {
 public:
  explicit HttpClient(engine::SocketAddress server, const HttpClientOptions& options = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  struct Answer {
    unsigned status = 0;
    std::string body;
  };

  // `target` is the path with its query. unavailable: there is nobody, it does not speak HTTP, or no answer came in time.
  absl::StatusOr<Answer> get(std::string_view target);

  // GET /exec: the answer to an SQL statement, an object that has `columns` and `dataset`. invalid_argument carries the
  // server's own words about the statement.
  absl::StatusOr<nlohmann::json> query(std::string_view sql);

 private:
  class Stream;

  engine::SocketAddress server_;
  HttpClientOptions options_;
  std::unique_ptr<Stream> stream_;  // null: not connected
};

}  // namespace tools
