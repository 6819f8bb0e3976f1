// What command lines have in common: values with units, checked while the command line is parsed. A bad value ends the parse
// with one line that names the option, the value and what was expected.
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/status.h"
#include "engine/io/address.h"

namespace tools {

// invalid_argument: '12X', expected a size such as 64K, 1M or 2G.
absl::Status expected_instead(std::string_view text, std::string_view what);

// Each returns that for a text that is none.
absl::StatusOr<uint64_t> parse_size(std::string_view text);        // bytes; K M G T are powers of 1024
absl::StatusOr<uint64_t> parse_count(std::string_view text);       // k M G are powers of 1000; at least 1
absl::StatusOr<int64_t> parse_duration_us(std::string_view text);  // 10us 5ms 2s 1m 1h, at least 1us; in microseconds
absl::StatusOr<int64_t> parse_date_us(std::string_view text);      // 2022-01-01 or 2022-01-01T12:00:00; microseconds since 1970
absl::StatusOr<engine::SocketAddress> parse_address(std::string_view text);  // HOST:PORT, [IPv6]:PORT; asks who HOST is
absl::StatusOr<std::optional<engine::SocketAddress>> parse_address_or_off(std::string_view text);
absl::StatusOr<std::vector<uint32_t>> parse_cpus(std::string_view text);  // 0-3,6: ascending, without repetition

inline constexpr uint32_t cpu_number_max = 1023;  // what sched_setaffinity takes

// Declares `name` with a value that `parse` turns into `target`.
template <typename Target, typename Parse>
CLI::Option* add_parsed(CLI::App& app, const std::string& name, Target& target, Parse parse, const std::string& description) {
  const auto check = [parse](const std::string& text) -> std::string {
    const auto value = parse(text);
    return value.ok() ? std::string() : std::string(engine::message_of(value.status()));
  };
  const auto store = [&target, parse](const std::string& text) { target = *parse(text); };
  return app.add_option_function<std::string>(name, store, description)->check(check);
}

// Keeps the calling thread on one CPU. invalid_argument: this process may not use it.
absl::Status pin_thread(uint32_t cpu);

}  // namespace tools
