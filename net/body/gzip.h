// Content-Encoding: gzip (RFC 1952), all members of it. Checksum and size of each are checked behind its last byte, so the
// lines before have been given by then: they count only when the body has ended well.
#pragma once

#include <array>
#include <memory>

#include "net/body/decoder.h"

namespace net {

class GzipDecoder final : public BodyDecoder {
 public:
  GzipDecoder();
  ~GzipDecoder() override;

  absl::StatusOr<std::string_view> decode(std::string_view& input) override;
  absl::Status finish() const override;

 private:
  static constexpr size_t piece_size_max = size_t{64} * 1024;

  struct Inflate;

  std::unique_ptr<Inflate> inflate_;
  bool in_member_ = false;
  std::array<char, piece_size_max> piece_;
};

}  // namespace net
