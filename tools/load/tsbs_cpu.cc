#include "tools/load/tsbs_cpu.h"

#include <fmt/format.h>

#include <charconv>
#include <string>

namespace tools {
namespace {

struct Region {
  std::string_view name;
  std::string_view zones;  // a letter for each datacenter
};

constexpr std::array<Region, 9> regions = {{{"us-east-1", "abce"},
                                            {"us-west-1", "ab"},
                                            {"us-west-2", "abc"},
                                            {"eu-west-1", "abc"},
                                            {"eu-central-1", "ab"},
                                            {"ap-southeast-1", "ab"},
                                            {"ap-southeast-2", "ab"},
                                            {"ap-northeast-1", "ac"},
                                            {"sa-east-1", "abc"}}};
constexpr std::array<std::string_view, 3> systems = {"Ubuntu16.10", "Ubuntu16.04LTS", "Ubuntu15.10"};
constexpr std::array<std::string_view, 2> architectures = {"x64", "x86"};
constexpr std::array<std::string_view, 4> teams = {"SF", "NYC", "LON", "CHI"};
constexpr std::array<std::string_view, 3> environments = {"production", "staging", "test"};
constexpr std::array<std::string_view, 10> field_names = {"usage_user",   "usage_system",    "usage_idle",    "usage_nice",
                                                          "usage_iowait", "usage_irq",       "usage_softirq", "usage_steal",
                                                          "usage_guest",  "usage_guest_nice"};
constexpr std::string_view host_prefix = "host_";

template <size_t count>
std::string pick(const std::array<std::string_view, count>& texts, uint64_t random) {
  return std::string(texts[scale_bits(random, 16, count)]);
}

// The ten tags of a host, in the order of the line. They do not depend on the seed: hosts are the same in every load.
std::vector<Cell> tags_of(uint32_t host) {
  const uint64_t first = mix_bits(2 * uint64_t{host} + 1);
  const uint64_t second = mix_bits(2 * uint64_t{host} + 2);
  const Region& region = regions[scale_bits(first, 16, regions.size())];
  const char zone = region.zones[scale_bits(first >> 16, 16, static_cast<uint32_t>(region.zones.size()))];
  return {{"hostname", fmt::format("{}{}", host_prefix, host)},
          {"region", std::string(region.name)},
          {"datacenter", fmt::format("{}{}", region.name, zone)},
          {"rack", fmt::format("{}", scale_bits(first >> 32, 16, 100))},
          {"os", pick(systems, first >> 48)},
          {"arch", pick(architectures, second)},
          {"team", pick(teams, second >> 8)},
          {"service", fmt::format("{}", scale_bits(second >> 16, 16, 20))},
          {"service_version", fmt::format("{}", scale_bits(second >> 32, 16, 2))},
          {"service_environment", pick(environments, second >> 48)}};
}

// Ten values from 0 to 100: twelve bits each, five from the row's random number and five from its mixture.
std::array<uint32_t, field_names.size()> values_of(uint64_t random) {
  std::array<uint32_t, field_names.size()> values{};
  for (size_t i = 0; i < values.size(); ++i) {
    if (i == 5) random = mix_bits(random);
    values[i] = scale_bits(random >> (12 * (i % 5)), 12, 101);
  }
  return values;
}

}  // namespace

TsbsCpuShape::TsbsCpuShape() {
  static_assert(field_count == field_names.size());
  tags_.reserve(host_count);
  for (uint32_t host = 0; host < host_count; ++host) {
    std::string text;
    for (const Cell& tag : tags_of(host)) text += fmt::format(",{}={}", tag.column, std::get<std::string>(tag.value));
    tags_.emplace_back(text);
  }
  for (size_t field = 0; field < field_count; ++field) {
    const char separator = field == 0 ? ' ' : ',';
    for (size_t value = 0; value < value_count; ++value) {
      fields_[field][value] = TextPiece<24>(fmt::format("{}{}={}i", separator, field_names[field], value));
    }
  }
}

char* TsbsCpuShape::append(uint32_t host, uint64_t random, char* out) const {
  out = tags_[host].append(out);
  const auto values = values_of(random);
  for (size_t field = 0; field < field_count; ++field) out = fields_[field][values[field]].append(out);
  return out;
}

void TsbsCpuShape::add_cells(uint32_t host, uint64_t random, std::vector<Cell>& cells) const {
  for (Cell& tag : tags_of(host)) cells.push_back(std::move(tag));
  const auto values = values_of(random);
  for (size_t field = 0; field < field_count; ++field) {
    cells.push_back({std::string(field_names[field]), static_cast<int64_t>(values[field])});
  }
}

std::optional<uint32_t> TsbsCpuShape::host_from_name(std::string_view hostname) {
  if (!hostname.starts_with(host_prefix)) return std::nullopt;
  hostname.remove_prefix(host_prefix.size());
  uint32_t host = 0;
  const auto [end, error] = std::from_chars(hostname.data(), hostname.data() + hostname.size(), host);
  if (error != std::errc() || end != hostname.data() + hostname.size() || host >= host_count) return std::nullopt;
  return host;
}

}  // namespace tools
