#include "tools/serve/banner.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "net/http/server.h"

namespace tools {
namespace {

std::string format_size(double bytes) {
  static constexpr std::array units = {"B", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  while (bytes >= 1024 && unit + 1 < units.size()) {
    bytes /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{:.0f} {}", bytes, units[unit]) : fmt::format("{:.1f} {}", bytes, units[unit]);
}

std::string format_count(double count) {
  static constexpr std::array units = {"", "k", "M", "G"};
  size_t unit = 0;
  while (count >= 1000 && unit + 1 < units.size()) {
    count /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{:.0f}", count) : fmt::format("{:.2f}{}", count, units[unit]);
}

std::string line(std::string_view name, std::string_view text) { return fmt::format("  {:<10} {}\n", name, text); }

std::string address_or_off(const std::optional<engine::SocketAddress>& address) {
  return address ? address->to_string() : std::string("off");
}

std::string json_address(const std::optional<engine::SocketAddress>& address) {
  return address ? fmt::format("\"{}\"", address->to_string()) : std::string("null");
}

}  // namespace

std::string make_banner(const BannerFacts& facts) {
  const net::NodeAddresses& addresses = facts.node->addresses();
  const storage::RecoveryReport& report = facts.node->recovery();
  std::string text = "millrace is ready\n";
  text += line("data", facts.data_directory + (report.created ? " (new)" : fmt::format(" ({} tables)", report.tables)));
  text += line("tcp", address_or_off(addresses.tcp));
  text += line("udp", address_or_off(addresses.udp));
  text += line("http", address_or_off(addresses.http));
  text += line("shards", fmt::format("{} on CPU {}", facts.cpus.size(), fmt::join(facts.cpus, ", ")));
  text += line("memory", format_size(static_cast<double>(facts.memory)));
  text +=
      line("limits", fmt::format("{} connections for lines, {} over HTTP", facts.connections_max, facts.http_connections_max));
  if (!report.created && report.superblock_copies < storage::superblock_copy_count) {
    text += line("superblock", fmt::format("only {} of {} copies were valid; all are written anew", report.superblock_copies,
                                           storage::superblock_copy_count));
  }
  if (report.streams != 0) {
    text += line("recovered", fmt::format("{} rows in {} frames of {} earlier streams, {} torn tails cut off",
                                          report.rows_replayed, report.frames_replayed, report.streams, report.torn_tails));
  }
  for (const engine::UringFeature& feature : facts.features) {
    text += line("io_uring", fmt::format("{:<25} {}, {}", feature.name, feature.found, feature.chosen));
  }
  const auto add_keys = [&](std::string_view what, const std::vector<std::string>& keys) {
    if (!keys.empty()) text += line("config", fmt::format("{}: {}", what, fmt::join(keys, ", ")));
  };
  add_keys("read", facts.config.taken);
  add_keys("without meaning here", facts.config.ignored);
  add_keys("unknown", facts.config.unknown);
  return text;
}

std::string make_ready_json(const net::NodeAddresses& addresses, int pid) {
  return fmt::format("{{\"tcp\":{},\"udp\":{},\"http\":{},\"pid\":{}}}\n", json_address(addresses.tcp),
                     json_address(addresses.udp), json_address(addresses.http), pid);
}

std::string LiveLine::update(const std::vector<net::ShardFigures>& figures, engine::Instant now) {
  net::LedgerTotals totals;
  uint64_t wal_size = 0;
  uint64_t unapplied = 0;
  size_t connections = 0;
  uint64_t datagrams_lost = 0;
  for (const net::ShardFigures& shard : figures) {
    totals.bytes_received += shard.senders.bytes_received;
    totals.rows_received += shard.senders.rows_received;
    totals.rows_durable += shard.senders.rows_durable;
    totals.rows_rejected += shard.senders.rows_rejected;
    wal_size += shard.wal_size_held;
    unapplied += shard.rows_unapplied;
    connections += shard.connections;
    datagrams_lost += shard.datagrams_lost;
  }
  const double seconds = std::max(1e-9, static_cast<double>((now - last_at_).ns) / 1e9);
  const auto rate = [&](uint64_t total, uint64_t before) { return static_cast<double>(total - before) / seconds; };
  std::string text = fmt::format(
      "{:>8} rows/s  {:>11}/s  {:>8} durable  {:>6} rejected  {:>8} unapplied  WAL {:>10}  {} connections",
      format_count(rate(totals.rows_durable, last_.rows_durable)),
      format_size(rate(totals.bytes_received, last_.bytes_received)), format_count(static_cast<double>(totals.rows_durable)),
      format_count(static_cast<double>(totals.rows_rejected)), format_count(static_cast<double>(unapplied)),
      format_size(static_cast<double>(wal_size)), connections);
  if (datagrams_lost != 0) text += fmt::format("  {} datagrams lost", format_count(static_cast<double>(datagrams_lost)));
  last_ = totals;
  last_at_ = now;
  return text;
}

}  // namespace tools
