#include "net/body/decoder.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "engine/base/ascii.h"
#include "net/body/gzip.h"
#include "net/body/multipart.h"
#include "net/body/words.h"
#include "net/body/zstd.h"

namespace net {
namespace {

class IdentityDecoder final : public BodyDecoder {
 public:
  absl::StatusOr<std::string_view> decode(std::string_view& input) override { return std::exchange(input, {}); }
  absl::Status finish() const override { return absl::OkStatus(); }
};

// What the first one gives goes through the second one.
class ChainedDecoder final : public BodyDecoder {
 public:
  ChainedDecoder(std::unique_ptr<BodyDecoder> first, std::unique_ptr<BodyDecoder> second)
      : first_(std::move(first)), second_(std::move(second)) {}

  absl::StatusOr<std::string_view> decode(std::string_view& input) override {
    for (;;) {
      ASSIGN_OR_RETURN(const std::string_view piece, second_->decode(between_));
      if (!piece.empty()) return piece;
      ASSIGN_OR_RETURN(between_, first_->decode(input));
      if (between_.empty()) return std::string_view();
    }
  }

  absl::Status finish() const override {
    RETURN_IF_ERROR(first_->finish());
    return second_->finish();
  }

 private:
  std::unique_ptr<BodyDecoder> first_;
  std::unique_ptr<BodyDecoder> second_;
  std::string_view between_;
};

absl::StatusOr<std::unique_ptr<BodyDecoder>> make_encoding_decoder(std::string_view encoding) {
  encoding = trim_blanks(encoding);
  if (engine::equals_ignoring_case(encoding, "gzip") || engine::equals_ignoring_case(encoding, "x-gzip"))
    return std::make_unique<GzipDecoder>();
  if (engine::equals_ignoring_case(encoding, "zstd")) return std::make_unique<ZstdDecoder>();
  if (encoding.empty() || engine::equals_ignoring_case(encoding, "identity")) return std::make_unique<IdentityDecoder>();
  return engine::make_status(absl::StatusCode::kUnimplemented,
                             "unsupported Content-Encoding: gzip, zstd and identity are known");
}

}  // namespace

absl::StatusOr<std::unique_ptr<BodyDecoder>> make_body_decoder(std::string_view content_encoding,
                                                               std::string_view content_type) {
  ASSIGN_OR_RETURN(std::unique_ptr<BodyDecoder> decoder, make_encoding_decoder(content_encoding));
  const std::optional<std::string> boundary = multipart_boundary(content_type);
  if (!boundary) return decoder;
  if (boundary->empty()) {
    return engine::invalid_argument("the content type of a multipart body needs a boundary of 1 to 70 printable characters");
  }
  return std::make_unique<ChainedDecoder>(std::move(decoder), std::make_unique<MultipartDecoder>(*boundary));
}

}  // namespace net
