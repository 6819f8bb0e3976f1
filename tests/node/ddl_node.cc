#include "tests/node/ddl_node.h"

#include <algorithm>
#include <string_view>

#include "tests/catch.h"
#include "tests/node/http_query.h"
#include "tests/sim/sim_backend.h"

namespace sim {
namespace {

constexpr engine::Duration answer_time_max = engine::seconds(30);

std::string url_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    encoded += {'%', digits[byte >> 4], digits[byte & 0xFU]};
  }
  return encoded;
}

}  // namespace

net::NodeOptions ddl_options(uint16_t shards) {
  net::NodeOptions options = small_node();
  options.shards = shards;
  options.tcp = any_port;
  options.http = any_port;
  return options;
}

DdlNode::DdlNode(const net::NodeOptions& options, uint64_t seed) : options_(options), world_({.seed = seed}) { start(); }

std::string DdlNode::exec(const std::string& statement) {
  SimClient client = ask(statement);
  return answer(client);
}

SimClient DdlNode::ask(const std::string& statement) {
  SimClient client = connect_http();
  client.send("GET /exec?query=" + url_encoded(statement) + " HTTP/1.1\r\n\r\n");
  return client;
}

std::string DdlNode::answer(const SimClient& client) {
  const bool is_answered = node_->run_until([&] { return chunked_content(client.received()).has_value(); }, answer_time_max);
  INFO(client.received());
  REQUIRE(is_answered);
  return *chunked_content(client.received());
}

std::string DdlNode::rows(const std::string& query) {
  const std::string content = exec(query);
  const size_t begin = content.find("\"dataset\":");
  const size_t end = content.find(",\"count\":");
  INFO(content);
  REQUIRE(end != std::string::npos);
  return content.substr(begin + 10, end - begin - 10);
}

void DdlNode::send(const std::string& lines) {
  open_sender().send(lines);
  settle();
}

SimClient& DdlNode::open_sender() { return senders_.emplace_back(world_.net().connect(node_->addresses().tcp->port)); }

void DdlNode::settle() {
  node_->run_for(engine::milliseconds(50));
  const auto is_settled = [&] {
    return std::ranges::all_of(node_->ledger(), [](const net::LedgerRow& row) { return row.rows_pending == 0; });
  };
  REQUIRE(node_->run_until(is_settled, answer_time_max));
}

uint64_t DdlNode::rows_rejected() const {
  uint64_t count = 0;
  for (const net::LedgerRow& row : node_->ledger()) count += row.rows_rejected;
  return count;
}

std::vector<std::string> DdlNode::files(const std::string& directory) {
  SimBackend reader(world_);
  std::vector<std::string> names;
  const auto entries = reader.list_directory(directory);
  REQUIRE(entries.ok());
  for (const engine::DirectoryEntry& entry : *entries) names.push_back(entry.name);
  std::ranges::sort(names);
  return names;
}

void DdlNode::stop() { REQUIRE(node_->stop(answer_time_max).ok()); }

void DdlNode::restart() {
  if (world_.outage() == Outage::none) world_.power_off();
  node_.reset();
  senders_.clear();
  world_.restart();
  start();
}

void DdlNode::start() {
  node_ = std::make_unique<SimNode>(world_, options_);
  const absl::Status recovered = node_->recover();
  INFO(recovered);
  REQUIRE(recovered.ok());
  REQUIRE(node_->start().ok());
}

}  // namespace sim
