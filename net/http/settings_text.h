// The answer to GET /settings, by which QuestDB's clients choose how to send. Text and order are QuestDB's.
//
//   line.proto.support.versions   clients take the highest one that they know; one that finds none gives up
//   accepting.writes              its Java client gives up when "http" is missing
//   cairo.max.file.name.length    up to which a client lets names pass
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace net {

// The release of QuestDB whose protocols are spoken. No client compares it, people and their dashboards do.
inline constexpr std::string_view compatible_release = "9.3.4";

struct SettingsOffer {
  bool http = true;
  bool tcp = false;
  bool udp = false;
  bool pgwire = false;
  bool authenticates = false;          // over HTTP
  std::span<const uint32_t> versions;  // of line protocol: 1 text, 2 binary doubles and arrays, 3 decimals
  uint32_t name_size_max = 127;
};

std::string settings_text(const SettingsOffer& offer);

}  // namespace net
