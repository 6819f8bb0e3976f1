// A whole node in a simulated world that is told statements and sent rows, one after the other, and asked what is there. It
// starts when it is made, and as often as a test wants.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "tests/node/sim_node.h"
#include "tests/sim/sim_net.h"
#include "tests/sim/sim_world.h"

namespace sim {

// Of a small node that listens for lines and requests.
net::NodeOptions ddl_options(uint16_t shards = 3);

// Fails the test when anything is not answered, or does not start.
class DdlNode {
 public:
  explicit DdlNode(const net::NodeOptions& options = ddl_options(), uint64_t seed = 1);

  // The content of the answer.
  std::string exec(const std::string& statement);
  SimClient ask(const std::string& statement);
  std::string answer(const SimClient& client);
  // The rows of the answer, as JSON.
  std::string rows(const std::string& query);

  // Lines of a sender of its own, until they are durable or rejected.
  void send(const std::string& lines);
  SimClient& open_sender();
  SimClient connect_http() { return world_.net().connect(node_->addresses().http->port); }
  void settle();
  uint64_t rows_rejected() const;

  // Names in a directory, as another process finds them.
  std::vector<std::string> files(const std::string& directory);

  void run_for(engine::Duration time) { node_->run_for(time); }
  SimNode& node() { return *node_; }
  SimWorld& world() { return world_; }

  void stop();
  // After an outage, which is a power failure if there was none.
  void restart();

 private:
  void start();

  net::NodeOptions options_;
  SimWorld world_;
  std::unique_ptr<SimNode> node_;
  std::deque<SimClient> senders_;
};

}  // namespace sim
