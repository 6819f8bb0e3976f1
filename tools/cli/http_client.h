// GET requests to a Millrace server, one at a time over one connection that is opened again when the server has closed it.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "engine/base/status.h"
#include "engine/io/backend.h"

namespace tools {

class HttpClient {
 public:
  explicit HttpClient(engine::SocketAddress server);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  struct Answer {
    unsigned status = 0;
    std::string body;
  };

  // `target` is the path with its query. unavailable: no answer came within request_timeout_s.
  absl::StatusOr<Answer> get(std::string_view target);

  // GET /exec: the answer to an SQL statement, an object that has `columns` and `dataset`. invalid_argument carries the
  // server's own words about the statement.
  absl::StatusOr<nlohmann::json> query(std::string_view sql);

 private:
  class Stream;

  engine::SocketAddress server_;
  std::unique_ptr<Stream> stream_;  // null: not connected
};

}  // namespace tools
