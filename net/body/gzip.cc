#include "net/body/gzip.h"

#include <isa-l/igzip_lib.h>

#include <limits>

#include "engine/base/verify.h"

namespace net {
namespace {

// Bytes that are given to the library at a time, which counts them in 32 bits.
constexpr size_t input_size_max = size_t{1} << 30;

absl::Status broken_gzip() { return engine::data_loss("gzip decompression error"); }  // QuestDB's words

}  // namespace

struct GzipDecoder::Inflate {
  inflate_state state;
  isal_gzip_header header;  // what has come of it: the library's own reading of headers cannot be interrupted
  bool has_header = false;
};

GzipDecoder::GzipDecoder() : inflate_(std::make_unique<Inflate>()) { isal_inflate_init(&inflate_->state); }

GzipDecoder::~GzipDecoder() = default;

absl::StatusOr<std::string_view> GzipDecoder::decode(std::string_view& input) {
  inflate_state& state = inflate_->state;
  for (;;) {
    if (!in_member_) {
      if (input.empty()) return std::string_view();
      isal_inflate_reset(&state);
      state.crc_flag = ISAL_GZIP_NO_HDR_VER;  // behind a header, with a trailer that is verified
      isal_gzip_header_init(&inflate_->header);
      inflate_->has_header = false;
      in_member_ = true;
    }
    const size_t offered = std::min(input.size(), input_size_max);
    // The library's input is not const, though it only reads it.
    state.next_in = reinterpret_cast<uint8_t*>(const_cast<char*>(input.data()));
    state.avail_in = static_cast<uint32_t>(offered);
    state.next_out = reinterpret_cast<uint8_t*>(piece_.data());
    state.avail_out = static_cast<uint32_t>(piece_.size());
    if (!inflate_->has_header) {
      const int result = isal_read_gzip_header(&state, &inflate_->header);
      if (result < 0) return broken_gzip();
      inflate_->has_header = result == ISAL_DECOMP_OK;
    }
    if (inflate_->has_header && isal_inflate(&state) < 0) return broken_gzip();
    const size_t taken = offered - state.avail_in;
    const size_t given = piece_.size() - state.avail_out;
    input.remove_prefix(taken);
    if (state.block_state == ISAL_BLOCK_FINISH) in_member_ = false;
    if (given > 0) return std::string_view(piece_.data(), given);
    if (in_member_ && taken == 0) {
      // All is taken; bytes that it does not want though it wants to go on are a bug of somebody.
      return input.empty() ? absl::StatusOr<std::string_view>(std::string_view()) : broken_gzip();
    }
  }
}

absl::Status GzipDecoder::finish() const { return in_member_ ? broken_gzip() : absl::OkStatus(); }

}  // namespace net
