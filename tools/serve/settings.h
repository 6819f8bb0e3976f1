// Every setting of the server, once: what it is called in a file, on the command line and in the environment, what may stand
// for it, its default, what it means, and where it goes. Keys carry QuestDB's names where it has them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "tools/serve/config.h"
#include "tools/serve/setting_value.h"

namespace tools {

struct Setting {
  std::string_view key;   // empty: a flag only
  std::string_view flag;  // beside --KEY, which every key has; empty: none
  SettingKind kind{};
  uint64_t number_min = 0;     // see parse_setting
  std::string_view otherwise;  // the default; empty: computed, or none
  std::string_view help;
  void (*set)(ServeConfig& config, SettingValue& value) = nullptr;
};

std::span<const Setting> settings();

// By its key or by what older releases of QuestDB called it; null: none has it.
const Setting* find_setting(std::string_view key);
// Likewise by the name of a variable.
const Setting* find_variable(std::string_view variable);

// line.tcp.enabled -> QDB_LINE_TCP_ENABLED
std::string variable_of(std::string_view key);

// The names on the command line as CLI11 takes them: "--tcp" or "--memory" or "--ready-file,--ready.file".
std::string flags_of(const Setting& setting);

}  // namespace tools
