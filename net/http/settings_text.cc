#include "net/http/settings_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

namespace net {
namespace {

std::string list(const std::vector<std::string_view>& names) { return fmt::format("[\"{}\"]", fmt::join(names, "\", \"")); }

}  // namespace

std::string settings_text(const SettingsOffer& offer) {
  std::vector<std::string_view> accepting;
  if (offer.http) accepting.push_back("http");
  if (offer.tcp) accepting.push_back("tcp");
  if (offer.pgwire) accepting.push_back("pgwire");
  std::vector<std::string_view> transports;
  if (offer.tcp) transports.push_back("tcp");
  if (offer.http) transports.push_back("http");
  if (offer.udp) transports.push_back("udp");
  return fmt::format(
      "{{\"config\":{{\"release.type\":\"OSS\",\"release.version\":\"{}\",\"http.settings.readonly\":false,{}"
      "\"accepting.writes\":{},\"line.proto.support.versions\":[{}],\"ilp.proto.transports\":{},\"posthog.enabled\":false,"
      "\"posthog.api.key\":null,\"cairo.max.file.name.length\":{}}},\"preferences.version\":0,\"preferences\":{{}}}}",
      compatible_release, offer.authenticates ? "\"acl.enabled\":true," : "", accepting.empty() ? "[]" : list(accepting),
      fmt::join(offer.versions, ","), transports.empty() ? "[]" : list(transports), offer.name_size_max);
}

}  // namespace net
