#include "net/ingest/bad_line_log.h"

#include <fmt/format.h>

#include "net/ingest/warning.h"

namespace net {

std::string escape_for_log(std::string_view text, size_t size_max) {
  std::string escaped;
  for (const char byte : text.substr(0, size_max)) {
    if (byte >= ' ' && byte <= '~' && byte != '\\' && byte != '"') {
      escaped += byte;
    } else {
      fmt::format_to(std::back_inserter(escaped), "\\x{:02x}", static_cast<unsigned char>(byte));
    }
  }
  if (text.size() > size_max) escaped += "...";
  return escaped;
}

bool BadLineLog::wants(LineError error, engine::Instant now) {
  Quota& quota = quotas_[static_cast<size_t>(error)];
  if (now - quota.second_start >= engine::seconds(1)) {
    quota.second_start = now;
    quota.written = 0;
  }
  if (quota.written == lines_per_second_max) {
    ++quota.left_out;
    return false;
  }
  ++quota.written;
  return true;
}

void BadLineLog::write(const RejectedLine& line) {
  Quota& quota = quotas_[static_cast<size_t>(line.error)];
  const std::string more = quota.left_out == 0 ? std::string() : fmt::format(" ({} similar left out)", quota.left_out);
  quota.left_out = 0;
  std::string reason(line_error_text(line.error));
  if (line.detail != reason) reason += ' ' + escape_for_log(line.detail);
  log_warning(fmt::format("{} {} byte {}: {}: \"{}\"{}", transport_name(line.transport), line.peer.to_string(), line.offset,
                          reason, escape_for_log(line.raw), more));
}

}  // namespace net
