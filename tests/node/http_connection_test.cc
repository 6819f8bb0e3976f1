// How long HTTP waits for its clients, by the simulated clock. What it answers is tested over real sockets (serve_test.py).
#include "net/http/connection.h"

#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/node/sim_node.h"
#include "tests/sim/sim_net.h"
#include "tests/sim/sim_world.h"

namespace sim {
namespace {

using net::HttpConnection;
using net::SendQueue;

constexpr std::string_view ping = "GET /ping HTTP/1.1\r\n\r\n";

net::NodeOptions make_options() {
  net::NodeOptions options = small_node();
  options.http = any_port;
  return options;
}

class HttpNode {
 public:
  explicit HttpNode(const net::NodeOptions& options = make_options()) : node_(world_, options) {
    REQUIRE(node_.recover().ok());
    REQUIRE(node_.start().ok());
  }

  SimClient connect() { return world_.net().connect(node_.addresses().http->port); }

  void run_for(engine::Duration time) { node_.run_for(time); }

  // It takes longer than `time`, in which it has begun.
  void begin_stop(engine::Duration time) { CHECK_FALSE(node_.stop(time).ok()); }

 private:
  SimWorld world_{{.seed = 1}};
  SimNode node_;
};

std::string pings(size_t count) {
  std::string requests;
  for (size_t i = 0; i < count; ++i) requests += ping;
  return requests;
}

size_t answer_count(const SimClient& client) {
  constexpr std::string_view start = "HTTP/1.1 204";
  const std::string& text = client.received();
  size_t count = 0;
  for (size_t at = text.find(start); at != std::string::npos; at = text.find(start, at + 1)) ++count;
  return count;
}

bool is_open(const SimClient& client) { return client.state() == ClientState::open; }

TEST_CASE("http_connection: one that is idle is closed, before the first request and between two") {
  HttpNode node;
  SimClient silent = node.connect();
  SimClient client = node.connect();
  node.run_for(net::HttpOptions().idle_time_max - engine::seconds(1));
  CHECK(is_open(silent));
  client.send(ping);
  node.run_for(engine::seconds(2));
  CHECK_FALSE(is_open(silent));
  CHECK(client.take_received().starts_with("HTTP/1.1 204"));
  node.run_for(net::HttpOptions().idle_time_max - engine::seconds(3));
  CHECK(is_open(client));
  node.run_for(engine::seconds(3));
  CHECK_FALSE(is_open(client));
}

TEST_CASE("http_connection: a request must be whole soon after its first byte") {
  HttpNode node;
  SimClient client = node.connect();
  node.run_for(engine::seconds(30));
  for (int i = 0; i < 9; ++i) {
    client.send(i == 0 ? "GET /ping" : "?");
    node.run_for(engine::seconds(1));
  }
  CHECK(is_open(client));
  node.run_for(engine::seconds(2));
  CHECK_FALSE(is_open(client));
}

TEST_CASE("http_connection: when the server stops a request that has begun is answered, and one that begins is refused") {
  HttpNode node;
  SimClient begun = node.connect();
  SimClient late = node.connect();
  SimClient silent = node.connect();
  begun.send("POST /write HTTP/1.1\r\nContent-Length: 11\r\n\r\nt f=1");
  late.send(ping);
  node.run_for(engine::milliseconds(50));
  CHECK(late.take_received().starts_with("HTTP/1.1 204"));
  node.begin_stop(engine::milliseconds(100));
  CHECK(is_open(silent));
  late.send("POST /write HTTP/1.1\r\nContent-Length: 11\r\n\r\nt f=2 2000\n");
  node.run_for(engine::milliseconds(50));
  const std::string refusal = late.take_received();
  CHECK(refusal.starts_with("HTTP/1.1 503 "));
  CHECK(refusal.find("\r\nRetry-After: 1\r\n") != std::string::npos);
  CHECK(refusal.find("\r\nConnection: close\r\n") != std::string::npos);
  CHECK(refusal.find(R"({"code":"internal error",)") != std::string::npos);
  CHECK_FALSE(is_open(late));
  node.run_for(engine::milliseconds(200));
  CHECK_FALSE(is_open(silent));
  CHECK(is_open(begun));
  begun.send(" 1000\n");
  node.run_for(engine::milliseconds(500));
  const std::string answer = begun.take_received();
  CHECK(answer.starts_with("HTTP/1.1 204 "));
  CHECK(answer.find("\r\nConnection: close\r\n") != std::string::npos);
  CHECK_FALSE(is_open(begun));
}

TEST_CASE("http_connection: a client that takes nothing of its answers is disconnected") {
  HttpNode node;
  SimClient client = node.connect();
  client.pause_reading();
  client.send(pings(2000));
  node.run_for(SendQueue::send_time_max - engine::seconds(1));
  CHECK(is_open(client));
  node.run_for(engine::seconds(2));
  client.resume_reading();
  node.run_for(engine::seconds(1));
  CHECK_FALSE(is_open(client));
}

TEST_CASE("http_connection: a client that reads slowly is served to the end") {
  HttpNode node;
  SimClient client = node.connect();
  client.send(pings(2000));
  client.pause_reading();
  for (int pauses = 0; pauses < 3; ++pauses) {
    node.run_for(SendQueue::send_time_max - engine::seconds(1));
    CHECK(answer_count(client) < 2000);
    client.resume_reading();
    node.run_for(engine::milliseconds(1));
    client.pause_reading();
  }
  client.resume_reading();
  node.run_for(engine::seconds(1));
  CHECK(is_open(client));
  CHECK(answer_count(client) == 2000);
}

TEST_CASE("http_connection: HEAD is refused without a body, and its connection closed") {
  HttpNode node;
  for (const std::string path : {"/ping", "/exec?query=SELECT%201", "/nothing"}) {
    CAPTURE(path);
    SimClient client = node.connect();
    client.send("HEAD " + path + " HTTP/1.1\r\n\r\n");
    node.run_for(engine::seconds(1));
    const std::string answer = client.take_received();
    CHECK(answer.starts_with("HTTP/1.1 405 "));
    CHECK(answer.find("\r\nConnection: close\r\n") != std::string::npos);
    CHECK(answer.find("\r\n\r\n") == answer.size() - 4);
    CHECK_FALSE(is_open(client));
  }
}

TEST_CASE("http_connection: an unknown path is not found by GET, and to any other method it is the method that is wrong") {
  HttpNode node;
  SimClient client = node.connect();
  client.send("GET /nothing HTTP/1.1\r\n\r\n");
  node.run_for(engine::seconds(1));
  CHECK(client.take_received().starts_with("HTTP/1.1 404 "));
  client.send("POST /nothing HTTP/1.1\r\nContent-Length: 6\r\n\r\nt f=1\n");
  node.run_for(engine::seconds(1));
  const std::string answer = client.take_received();
  CHECK(answer.starts_with("HTTP/1.1 405 "));
  CHECK(answer.find("\r\nAllow: GET\r\n") != std::string::npos);
  CHECK(answer.find("Method POST not supported\r\n") != std::string::npos);
  CHECK(is_open(client));
}

TEST_CASE("http_connection: an answer says that its connection stays, or that it is closed, and never both") {
  HttpNode node;
  for (const bool stays : {true, false}) {
    CAPTURE(stays);
    SimClient client = node.connect();
    client.send("GET /exec?query=SELECT%201 HTTP/1.1\r\n" + std::string(stays ? "" : "Connection: close\r\n") + "\r\n");
    node.run_for(engine::seconds(1));
    const std::string answer = client.take_received();
    CHECK(answer.starts_with("HTTP/1.1 200 "));
    CHECK((answer.find("\r\nKeep-Alive: timeout=5, max=10000\r\n") != std::string::npos) == stays);
    CHECK((answer.find("\r\nConnection: close\r\n") == std::string::npos) == stays);
    CHECK(is_open(client) == stays);
  }
}

// A thread that computes on while a wake of its own has not gone out ends the simulation (tests/sim/sim_threads.h).
TEST_CASE("http_connection: a shard that sleeps is woken for the part of one query although its reader goes on with the next") {
  net::NodeOptions options = make_options();
  options.readers = 1;
  HttpNode node(options);
  std::vector<SimClient> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(node.connect());
    clients.back().send("GET /exec?query=SELECT%20x%20FROM%20long_sequence(20000) HTTP/1.1\r\n\r\n");
  }
  node.run_for(engine::seconds(1));
  for (const SimClient& client : clients) {
    CHECK(client.received().find("[20000]") != std::string::npos);
    CHECK(client.received().ends_with("0\r\n\r\n"));
  }
}

}  // namespace
}  // namespace sim
