// What a person sees of the server: the first screen and, on a terminal, the live line.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/time.h"
#include "engine/uring/features.h"
#include "net/node/node.h"
#include "tools/serve/config.h"

namespace tools {

struct BannerFacts {
  std::string data_directory;
  const net::Node* node = nullptr;
  std::vector<uint32_t> cpus;  // of each shard
  uint64_t memory = 0;
  uint64_t connections_max = 0;  // for lines over TCP, of all shards
  uint64_t http_connections_max = 0;
  std::vector<engine::UringFeature> features;
  ConfigReport config;
};

std::string make_banner(const BannerFacts& facts);

// {"tcp":"127.0.0.1:9009","udp":null,"http":"127.0.0.1:9000","pid":123}
std::string make_ready_json(const net::NodeAddresses& addresses, int pid);

// Rates since the last call: rows/s, bytes/s, rejected, unapplied, WAL held.
class LiveLine {
 public:
  std::string update(const std::vector<net::ShardFigures>& figures, engine::Instant now);

 private:
  net::LedgerTotals last_;
  engine::Instant last_at_;
};

}  // namespace tools
