#include "tools/serve/inherited_sockets.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "engine/io/socket_name.h"
#include "engine/uring/startup.h"

namespace tools {
namespace {

constexpr int first_descriptor = 3;
constexpr int descriptors_max = 1024;

// Whatever is no number is none.
int number_of(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return 0;
  const std::string_view digits = text;
  int number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc() && end == digits.data() + digits.size() ? number : 0;
}

std::string_view take_name(std::string_view& names) {
  const std::string_view name = names.substr(0, names.find(':'));
  names.remove_prefix(std::min(names.size(), name.size() + 1));
  return name;
}

int option_of(int descriptor, int option) {
  int value = -1;
  socklen_t size = sizeof(value);
  return ::getsockopt(descriptor, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

struct Found {
  int descriptor;
  std::string_view name;
  engine::SocketAddress address;
  bool is_datagram;

  absl::Status refused(std::string_view why) const {
    return engine::invalid_argument(
        fmt::format("inherited socket {} (\"{}\", {}): {}", descriptor, name, address.to_string(), why));
  }
};

absl::StatusOr<Found> look_at(int descriptor, std::string_view name) {
  const std::optional<engine::SocketAddress> address = engine::local_address(descriptor);
  Found found{
      .descriptor = descriptor, .name = name, .address = address.value_or(engine::SocketAddress{}), .is_datagram = false};
  const int type = option_of(descriptor, SO_TYPE);
  found.is_datagram = type == SOCK_DGRAM;
  if (!address || (type != SOCK_STREAM && type != SOCK_DGRAM)) return found.refused("no socket for TCP or UDP");
  if (type == SOCK_STREAM && option_of(descriptor, SO_ACCEPTCONN) != 1) return found.refused("it does not listen");
  if (::fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0) return found.refused("its flags cannot be set");
  return found;
}

absl::Status take_stream(const Found& found, std::optional<engine::SocketAddress>& listener, int32_t& target) {
  if (!listener) return found.refused("what it is for is switched off");
  if (target >= 0) return found.refused("there is another one of its kind");
  listener = found.address;
  target = found.descriptor;
  return engine::set_up_inherited_tcp(found.descriptor);
}

absl::Status take_datagram(const Found& found, net::NodeOptions& options) {
  if (!options.udp) return found.refused("what it is for is switched off");
  if (options.inherited.udp.empty()) options.udp->address = found.address;
  options.inherited.udp.push_back(found.descriptor);
  return engine::set_up_inherited_udp(found.descriptor, options.udp->receive_size);
}

// `configured`: before any was taken.
absl::Status take(const Found& found, const net::NodeOptions& configured, net::NodeOptions& options) {
  const bool is_named = found.name == "tcp" || found.name == "udp" || found.name == "http";
  if (is_named && found.is_datagram != (found.name == "udp")) return found.refused("it is of another kind than its name");
  if (found.is_datagram) return take_datagram(found, options);
  const auto has_port = [&](const std::optional<engine::SocketAddress>& listener) {
    return !is_named && listener && listener->port == found.address.port;
  };
  if (found.name == "http" || has_port(configured.http)) return take_stream(found, options.http, options.inherited.http);
  if (found.name == "tcp" || has_port(configured.tcp)) return take_stream(found, options.tcp, options.inherited.tcp);
  return found.refused("neither a name that is known (tcp, udp, http) nor a port that is configured");
}

}  // namespace

absl::Status take_inherited_sockets(net::NodeOptions& options) {
  const bool are_ours = number_of("LISTEN_PID") == ::getpid();
  const int count = std::min(number_of("LISTEN_FDS"), descriptors_max);
  const char* names_text = std::getenv("LISTEN_FDNAMES");
  const std::string all_names = names_text == nullptr ? "" : names_text;
  for (const char* variable : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(variable);
  if (!are_ours) return absl::OkStatus();
  const net::NodeOptions configured = options;
  std::string_view names = all_names;
  for (int descriptor = first_descriptor; descriptor < first_descriptor + count; ++descriptor) {
    ASSIGN_OR_RETURN(const Found found, look_at(descriptor, take_name(names)));
    RETURN_IF_ERROR(take(found, configured, options));
  }
  return absl::OkStatus();
}

}  // namespace tools
