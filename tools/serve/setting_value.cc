#include "tools/serve/setting_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>

#include "storage/schema/full_type.h"
#include "tools/cli/args.h"

namespace tools {
namespace {

absl::Status parse_bool(std::string_view text, SettingValue& value) {
  if (text != "true" && text != "false") return expected_instead(text, "true or false");
  value.is_on = text == "true";
  return absl::OkStatus();
}

// As QuestDB names them for the transports, and for requests.
absl::Status parse_time_unit(std::string_view text, SettingValue& value) {
  struct Unit {
    std::string_view name;
    engine::TimeUnit unit;
  };
  constexpr std::array units = {Unit{"n", engine::TimeUnit::ns},      Unit{"ns", engine::TimeUnit::ns},
                                Unit{"u", engine::TimeUnit::us},      Unit{"us", engine::TimeUnit::us},
                                Unit{"ms", engine::TimeUnit::ms},     Unit{"s", engine::TimeUnit::seconds},
                                Unit{"m", engine::TimeUnit::minutes}, Unit{"h", engine::TimeUnit::hours}};
  const auto found = std::ranges::find(units, text, &Unit::name);
  if (found == units.end()) return expected_instead(text, "n, u, ms, s, m or h");
  value.time_unit = found->unit;
  return absl::OkStatus();
}

absl::Status parse_number(SettingKind kind, uint64_t min, std::string_view text, SettingValue& value) {
  const absl::StatusOr<uint64_t> number = kind == SettingKind::size ? parse_size(text) : parse_count(text);
  if (!number.ok()) return number.status();
  if (*number < min) return expected_instead(text, fmt::format("{} or more", min));
  value.number = *number;
  return absl::OkStatus();
}

// A plain number is a number of milliseconds, as in QuestDB's files.
absl::Status parse_timeout(uint64_t min_ms, std::string_view text, SettingValue& value) {
  constexpr int64_t year_us = int64_t{366} * 86'400'000'000;
  const bool is_plain = !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  const bool is_zero = is_plain && text.find_first_not_of('0') == std::string_view::npos;
  const absl::StatusOr<int64_t> time_us = parse_duration_us(is_plain ? fmt::format("{}ms", text) : text);
  if (!time_us.ok() && !is_zero) return expected_instead(text, "milliseconds, or a time such as 500ms, 60s, 5m or 1h");
  const int64_t time = is_zero ? 0 : std::min(*time_us, year_us);
  if (time < static_cast<int64_t>(min_ms) * 1000) return expected_instead(text, fmt::format("{} ms or more", min_ms));
  value.time = engine::microseconds(time);
  return absl::OkStatus();
}

template <typename T>
absl::Status store(absl::StatusOr<T> parsed, T& target) {
  if (!parsed.ok()) return parsed.status();
  target = *std::move(parsed);
  return absl::OkStatus();
}

absl::Status parse_listener(std::string_view text, SettingValue& value) {
  value.is_on = text != "off";
  if (!value.is_on) return absl::OkStatus();
  const absl::Status status = store(parse_address(text), value.address);
  return status.ok() ? status : engine::invalid_argument(fmt::format("{}, or off", engine::message_of(status)));
}

absl::Status parse_group(std::string_view text, SettingValue& value) {
  const bool is_v6 = text.find(':') != std::string_view::npos;
  const auto address = engine::SocketAddress::parse(is_v6 ? fmt::format("[{}]:0", text) : fmt::format("{}:0", text));
  if (!address || !address->is_multicast()) return expected_instead(text, "an address of multicast such as 232.1.2.3");
  value.address = *address;
  return absl::OkStatus();
}

// One of `names`, in any case.
absl::Status parse_type(std::string_view text, std::initializer_list<std::string_view> names, SettingValue& value) {
  const std::optional<storage::FullType> type = storage::parse_full_type(text);
  if (type && std::ranges::find(names, storage::type_name(type->type)) != names.end()) {
    value.type = type->type;
    return absl::OkStatus();
  }
  return expected_instead(text, fmt::format("one of {}", fmt::join(names, ", ")));
}

absl::Status parse(SettingKind kind, uint64_t min, std::string_view text, SettingValue& value) {
  switch (kind) {
    case SettingKind::boolean:
      return parse_bool(text, value);
    case SettingKind::count:
    case SettingKind::size:
      return parse_number(kind, min, text, value);
    case SettingKind::timeout:
      return parse_timeout(min, text, value);
    case SettingKind::address:
      return store(parse_address(text), value.address);
    case SettingKind::listener:
      return parse_listener(text, value);
    case SettingKind::group:
      return parse_group(text, value);
    case SettingKind::time_unit:
      return parse_time_unit(text, value);
    case SettingKind::partition_unit:
      return store(storage::parse_partition_unit(text), value.partition_unit);
    case SettingKind::integer_type:
      return parse_type(text, {"LONG", "INT", "SHORT", "BYTE"}, value);
    case SettingKind::real_type:
      return parse_type(text, {"DOUBLE", "FLOAT"}, value);
    case SettingKind::timestamp_type:
      return parse_type(text, {"TIMESTAMP", "TIMESTAMP_NS"}, value);
    case SettingKind::cpus:
      return store(parse_cpus(text), value.cpus);
    case SettingKind::text:
      value.text = text;
      return absl::OkStatus();
  }
  UNREACHABLE("SettingKind");
}

}  // namespace

absl::StatusOr<SettingValue> parse_setting(SettingKind kind, uint64_t number_min, std::string_view text) {
  SettingValue value;
  RETURN_IF_ERROR(parse(kind, number_min, text, value));
  return value;
}

}  // namespace tools
