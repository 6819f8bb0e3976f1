#include "net/body/zstd.h"

#include <zstd.h>

#include "engine/base/verify.h"

namespace net {
namespace {

absl::Status broken_zstd() { return engine::data_loss("zstd decompression error"); }

}  // namespace

struct ZstdDecoder::Stream {
  struct Free {
    void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
  };

  std::unique_ptr<ZSTD_DStream, Free> zstd{ZSTD_createDStream()};
};

ZstdDecoder::ZstdDecoder() : stream_(std::make_unique<Stream>()) {
  VERIFY(stream_->zstd != nullptr);
  const size_t result = ZSTD_DCtx_setParameter(stream_->zstd.get(), ZSTD_d_windowLogMax, window_log_max);
  VERIFY(ZSTD_isError(result) == 0);
}

ZstdDecoder::~ZstdDecoder() = default;

absl::StatusOr<std::string_view> ZstdDecoder::decode(std::string_view& input) {
  for (;;) {
    if (!in_frame_ && input.empty()) return std::string_view();
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    ZSTD_outBuffer out{piece_.data(), piece_.size(), 0};
    const size_t wanted = ZSTD_decompressStream(stream_->zstd.get(), &out, &in);
    if (ZSTD_isError(wanted) != 0) return broken_zstd();
    input.remove_prefix(in.pos);
    in_frame_ = wanted != 0;
    if (out.pos > 0) return std::string_view(piece_.data(), out.pos);
    if (in_frame_ && in.pos == 0) return input.empty() ? absl::StatusOr<std::string_view>(std::string_view()) : broken_zstd();
  }
}

absl::Status ZstdDecoder::finish() const { return in_frame_ ? broken_zstd() : absl::OkStatus(); }

}  // namespace net
