#include "tools/serve/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tools/serve/foreign_keys.h"
#include "tools/serve/settings.h"

namespace tools {
namespace {

std::string_view trim(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// The front of `text` up to a line feed, which both are taken off.
std::string_view take_line(std::string_view& text) {
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

void add_once(std::vector<std::string>& names, std::string_view name) {
  if (std::ranges::find(names, name) == names.end()) names.emplace_back(name);
}

absl::Status apply(const Setting& setting, std::string_view text, ServeConfig& config) {
  ASSIGN_OR_RETURN(SettingValue value, parse_setting(setting.kind, setting.number_min, text));
  setting.set(config, value);
  return absl::OkStatus();
}

}  // namespace

ConfigReader::ConfigReader() {
  for (const Setting& setting : settings()) {
    if (setting.otherwise.empty()) continue;
    const absl::Status status = apply(setting, setting.otherwise, config_);
    VERIFY(status.ok());
  }
}

absl::Status ConfigReader::read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream || std::filesystem::is_directory(path)) return engine::not_found("cannot read the configuration file " + path);
  std::ostringstream text;
  text << stream.rdbuf();
  return read_text(text.str(), path);
}

absl::Status ConfigReader::read_text(std::string_view text, std::string_view path) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  for (size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = trim(take_line(text));
    if (line.empty() || line.front() == '#') continue;
    const std::string where = fmt::format("{}:{}", path, number);
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos) {
      return engine::invalid_argument(fmt::format("{}: '{}', expected key=value", where, line));
    }
    const std::string_view name = trim(line.substr(0, equals));
    const std::string_view value = trim(line.substr(equals + 1));
    const Setting* setting = find_setting(name);
    RETURN_IF_ERROR(setting == nullptr ? take_foreign(where, name, value) : take(where, name, *setting, value));
  }
  return absl::OkStatus();
}

absl::Status ConfigReader::read_environment(const char* const* variables) {
  for (; *variables != nullptr; ++variables) {
    const std::string_view variable = *variables;
    const size_t equals = variable.find('=');
    if (!variable.starts_with("QDB_") || equals == std::string_view::npos) continue;
    const std::string_view name = variable.substr(0, equals);
    const std::string_view value = trim(variable.substr(equals + 1));
    const Setting* setting = find_variable(name);
    RETURN_IF_ERROR(setting == nullptr ? take_foreign("the environment", name, value)
                                       : take("the environment", name, *setting, value));
  }
  return absl::OkStatus();
}

absl::Status ConfigReader::read_flag(const Setting& setting, std::string_view flag, std::string_view text) {
  const absl::Status status = apply(setting, text, config_);
  return status.ok() ? status : engine::invalid_argument(fmt::format("{}: {}", flag, engine::message_of(status)));
}

absl::Status ConfigReader::take(std::string_view where, std::string_view name, const Setting& setting, std::string_view text) {
  const absl::Status status = apply(setting, text, config_);
  if (!status.ok()) return engine::invalid_argument(fmt::format("{}: {}: {}", where, name, engine::message_of(status)));
  add_once(report_.taken, name);
  return absl::OkStatus();
}

absl::Status ConfigReader::take_foreign(std::string_view where, std::string_view name, std::string_view text) {
  const absl::StatusOr<ForeignKey> kind = judge_foreign_key(name, text);
  if (!kind.ok()) {
    return engine::invalid_argument(fmt::format("{}: {}: {}", where, name, engine::message_of(kind.status())));
  }
  if (*kind == ForeignKey::ignored) add_once(report_.ignored, name);
  if (*kind == ForeignKey::unknown) add_once(report_.unknown, name);
  return absl::OkStatus();
}

absl::Status ConfigReader::check() const {
  if (!config_.refuses_unknown_keys || report_.unknown.empty()) return absl::OkStatus();
  return engine::invalid_argument(
      fmt::format("{}: unknown, and config.validation.strict is true", fmt::join(report_.unknown, ", ")));
}

}  // namespace tools
