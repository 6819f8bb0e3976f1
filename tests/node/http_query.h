// One query of a simulated client over HTTP: asked, received in pieces, its rows read back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/sim_net.h"

namespace sim {

// The content of a whole answer whose transfer coding is chunked; nothing when it is not whole, or is another one.
std::optional<std::string> chunked_content(std::string_view answer);

class HttpQuery {
 public:
  // Connects and asks for the column `id` of a table.
  HttpQuery(SimNet& net, uint16_t port, std::string table);

  const std::string& table() const { return table_; }
  // The whole answer is here, or the connection has ended.
  bool is_over() const;
  // The answer's rows; nothing when the connection broke or the server refused. `error` then says what came instead.
  std::optional<std::vector<uint64_t>> ids(std::string& error) const;
  bool says_no_table() const { return client_.received().find("table does not exist") != std::string::npos; }

 private:
  std::string table_;
  SimClient client_;
};

}  // namespace sim
