// Content-Encoding: zstd (RFC 8878), all frames of it. A window is at most 8 MiB, as RFC 9659 has it for HTTP.
#pragma once

#include <array>
#include <memory>

#include "net/body/decoder.h"

namespace net {

class ZstdDecoder final : public BodyDecoder {
 public:
  ZstdDecoder();
  ~ZstdDecoder() override;

  absl::StatusOr<std::string_view> decode(std::string_view& input) override;
  absl::Status finish() const override;

 private:
  static constexpr size_t piece_size_max = size_t{64} * 1024;
  static constexpr int window_log_max = 23;

  struct Stream;

  std::unique_ptr<Stream> stream_;
  bool in_frame_ = false;
  std::array<char, piece_size_max> piece_;
};

}  // namespace net
