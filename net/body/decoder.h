// What stands between the body of a request as it travels and the lines in it: content encodings, and the parts of a form.
//
// A decoder takes bytes in whatever pieces they come and gives bytes in pieces of its own, so it has the same memory for a body
// of any size, and for one that says a gigabyte in a kilobyte:
//
//   while (!(piece = decoder.decode(input)).empty()) use(piece);     for each part of the body that has come
//   decoder.finish()                                                 once it has ended
//
// A failure is final. What a status says: data_loss, the encoding is broken or ends early (HTTP 415); unimplemented, nobody
// here knows the encoding (415); invalid_argument, the form is none (400). Its message is for the sender.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "engine/base/status.h"

namespace net {

class BodyDecoder {
 public:
  virtual ~BodyDecoder() = default;

  // Takes bytes from the front of `input` and gives the next piece: at most 64 KiB, or bytes of `input` itself. It is valid
  // until the next call, as long as what `input` names. An empty piece says that all is taken and given; behind any other one
  // there may be more to give even when nothing is left to take.
  virtual absl::StatusOr<std::string_view> decode(std::string_view& input) = 0;

  // The body has ended, and decode() has given nothing: whether that was its end.
  virtual absl::Status finish() const = 0;
};

// For these headers of a request, of which each may be empty. An encoding is undone before a form is taken apart.
absl::StatusOr<std::unique_ptr<BodyDecoder>> make_body_decoder(std::string_view content_encoding,
                                                               std::string_view content_type);

}  // namespace net
