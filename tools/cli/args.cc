#include "tools/cli/args.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <limits>

#include "engine/io/socket_name.h"
#include "net/sql/timestamp_text.h"

namespace tools {
namespace {

struct Unit {
  std::string_view text;
  uint64_t factor;
};

constexpr std::array<Unit, 9> size_units = {{{"", 1},
                                             {"K", uint64_t{1} << 10},
                                             {"M", uint64_t{1} << 20},
                                             {"G", uint64_t{1} << 30},
                                             {"T", uint64_t{1} << 40},
                                             {"k", uint64_t{1} << 10},
                                             {"m", uint64_t{1} << 20},
                                             {"g", uint64_t{1} << 30},
                                             {"t", uint64_t{1} << 40}}};
constexpr std::array<Unit, 6> count_units = {
    {{"", 1}, {"k", 1'000}, {"K", 1'000}, {"M", 1'000'000}, {"m", 1'000'000}, {"G", 1'000'000'000}}};
constexpr std::array<Unit, 5> duration_units = {
    {{"us", 1}, {"ms", 1'000}, {"s", 1'000'000}, {"m", 60'000'000}, {"h", 3'600'000'000}}};

// A decimal number and a unit, both whole, the product within int64.
template <size_t unit_count>
std::optional<uint64_t> parse_with_unit(std::string_view text, const std::array<Unit, unit_count>& units) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  const auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& candidate) { return candidate.text == text; });
  if (unit == units.end() || number > uint64_t{std::numeric_limits<int64_t>::max()} / unit->factor) return std::nullopt;
  return number * unit->factor;
}

template <typename Integer>
std::optional<Integer> parse_integer(std::string_view text) {
  Integer number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

absl::Status expected_instead(std::string_view text, std::string_view what) {
  return engine::invalid_argument(fmt::format("'{}', expected {}", text, what));
}

absl::StatusOr<uint64_t> parse_size(std::string_view text) {
  if (const std::optional<uint64_t> size = parse_with_unit(text, size_units)) return *size;
  return expected_instead(text, "a size such as 64K, 1M or 2G");
}

absl::StatusOr<uint64_t> parse_count(std::string_view text) {
  const std::optional<uint64_t> count = parse_with_unit(text, count_units);
  if (count && *count > 0) return *count;
  return expected_instead(text, "a count such as 1000, 250k or 10M");
}

absl::StatusOr<int64_t> parse_duration_us(std::string_view text) {
  const std::optional<uint64_t> duration = parse_with_unit(text, duration_units);
  if (duration && *duration > 0) return static_cast<int64_t>(*duration);
  return expected_instead(text, "a time such as 10us, 5ms, 2s, 1m or 1h");
}

absl::StatusOr<int64_t> parse_date_us(std::string_view text) {
  if (const std::optional<net::TimePoint> date = net::parse_time_point(text, engine::TimeUnit::us)) {
    return net::floor_timestamp(*date, engine::TimeUnit::us);
  }
  return expected_instead(text, "a date such as 2022-01-01 or 2022-01-01T12:00:00");
}

// Of a name that has addresses of both families an IPv4 one: whoever says localhost finds what listens on 127.0.0.1.
absl::StatusOr<engine::SocketAddress> parse_address(std::string_view text) {
  const size_t colon = text.rfind(':');
  const std::optional<uint16_t> port =
      colon == std::string_view::npos || colon == 0 ? std::nullopt : parse_integer<uint16_t>(text.substr(colon + 1));
  std::string_view host = text.substr(0, colon);
  const bool is_v6 = host.starts_with('[') && host.ends_with(']');
  if (is_v6) host = host.substr(1, host.size() - 2);
  if (!port || is_v6 != (host.find(':') != std::string_view::npos)) {
    return expected_instead(text, "HOST:PORT such as 127.0.0.1:9009 or [::1]:9009");
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(std::string(host).c_str(), nullptr, &hints, &found); error != 0) {
    return expected_instead(text, fmt::format("HOST:PORT with an address or the name of a host ({})", ::gai_strerror(error)));
  }
  const addrinfo* chosen = found;
  while (chosen->ai_family != AF_INET && chosen->ai_next != nullptr) chosen = chosen->ai_next;
  if (chosen->ai_family != AF_INET) chosen = found;
  std::optional<engine::SocketAddress> address = engine::to_address(chosen->ai_addr, chosen->ai_addrlen);
  ::freeaddrinfo(found);
  if (!address) return expected_instead(text, "the name of a host that has an internet address");
  address->port = *port;
  return *address;
}

absl::StatusOr<std::optional<engine::SocketAddress>> parse_address_or_off(std::string_view text) {
  if (text == "off") return std::optional<engine::SocketAddress>();
  absl::StatusOr<engine::SocketAddress> address = parse_address(text);
  if (!address.ok()) return engine::invalid_argument(fmt::format("{}, or off", engine::message_of(address.status())));
  return std::optional<engine::SocketAddress>(*address);
}

absl::StatusOr<std::vector<uint32_t>> parse_cpus(std::string_view text) {
  std::vector<uint32_t> cpus;
  for (std::string_view rest = text;;) {
    const size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view range = rest.substr(0, comma);
    const size_t dash = range.find('-');
    const std::optional<uint32_t> first = parse_integer<uint32_t>(range.substr(0, dash));
    const std::optional<uint32_t> last =
        dash == std::string_view::npos ? first : parse_integer<uint32_t>(range.substr(dash + 1));
    if (!first || !last || *last < *first || *last > cpu_number_max || (!cpus.empty() && *first <= cpus.back())) {
      return expected_instead(text, "ascending CPU numbers such as 0-3 or 0,2,4");
    }
    for (uint32_t cpu = *first; cpu <= *last; ++cpu) cpus.push_back(cpu);
    if (comma == rest.size()) return cpus;
    rest.remove_prefix(comma + 1);
  }
}

absl::Status pin_thread(uint32_t cpu) {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(cpu, &cpus);
  if (::sched_setaffinity(0, sizeof(cpus), &cpus) != 0) {
    return engine::invalid_argument(fmt::format("CPU {} cannot be used by this process: {}", cpu, std::strerror(errno)));
  }
  return absl::OkStatus();
}

}  // namespace tools
