// Bodies of requests as they travel: every cut gives the same bytes, and one that is broken or ends early is refused.
#include "net/body/decoder.h"

#include <zlib.h>
#include <zstd.h>

#include <string>
#include <vector>

#include "engine/base/prng.h"
#include "net/body/multipart.h"
#include "tests/catch.h"

namespace net {
namespace {

struct Decoded {
  std::string text;
  absl::Status status;
};

// Feeds the body in pieces of `piece_size` bytes.
Decoded decode(std::string_view body, std::string_view encoding, std::string_view type, size_t piece_size) {
  auto decoder = make_body_decoder(encoding, type);
  if (!decoder.ok()) return {.text = {}, .status = decoder.status()};
  Decoded decoded;
  for (size_t begin = 0; begin < body.size(); begin += piece_size) {
    // A copy of its own size: a read beyond it is one that the sanitizer sees.
    const std::vector<char> piece(body.begin() + static_cast<ptrdiff_t>(begin),
                                  body.begin() + static_cast<ptrdiff_t>(std::min(body.size(), begin + piece_size)));
    std::string_view input(piece.data(), piece.size());
    for (;;) {
      const auto given = (*decoder)->decode(input);
      if (!given.ok()) return {.text = decoded.text, .status = given.status()};
      if (given->empty()) break;
      CHECK(given->size() <= size_t{64} * 1024);
      decoded.text += *given;
    }
    CHECK(input.empty());
  }
  decoded.status = (*decoder)->finish();
  return decoded;
}

Decoded decode(std::string_view body, std::string_view encoding, size_t piece_size = 4096) {
  return decode(body, encoding, {}, piece_size);
}

// One member. Level 0 stores; the header of gzip may have a name and a checksum of its own.
std::string gzip(std::string text, int level = Z_DEFAULT_COMPRESSION, bool with_name = false) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  gz_header header{};
  std::string name = "lines.txt";
  std::string comment = "sent by a test";
  std::string extra = "extra";
  if (with_name) {
    header.name = reinterpret_cast<Bytef*>(name.data());
    header.comment = reinterpret_cast<Bytef*>(comment.data());
    header.extra = reinterpret_cast<Bytef*>(extra.data());
    header.extra_len = static_cast<uInt>(extra.size());
    header.hcrc = 1;
    REQUIRE(deflateSetHeader(&stream, &header) == Z_OK);
  }
  std::string packed(deflateBound(&stream, text.size()) + 100, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

// One frame, with a checksum.
std::string zstd(std::string_view text, int level = 3, int window_log = 0) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  if (window_log != 0) ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
  std::string packed(ZSTD_compressBound(text.size()) + 100, '\0');
  ZSTD_inBuffer in{text.data(), text.size(), 0};
  ZSTD_outBuffer out{packed.data(), packed.size(), 0};
  REQUIRE(ZSTD_compressStream2(context, &out, &in, ZSTD_e_end) == 0);
  packed.resize(out.pos);
  ZSTD_freeCCtx(context);
  return packed;
}

std::string some_lines(size_t count) {
  engine::Prng prng(count);
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    text += "trades,symbol=S" + std::to_string(prng.below(50)) + " price=" + std::to_string(prng.next() % 1'000'000) + "\n";
  }
  return text;
}

std::string random_bytes(size_t size, uint64_t seed) {
  engine::Prng prng(seed);
  std::string text;
  for (size_t i = 0; i < size; ++i) text += static_cast<char>(prng.next());
  return text;
}

struct Encoded {
  std::string_view encoding;
  std::string body;
  std::string text;
  size_t parts = 1;  // members, frames
};

// Of members and frames of every kind.
std::vector<Encoded> encoded_bodies() {
  const std::string lines = some_lines(40);
  const std::string noise = random_bytes(300, 1);
  std::string skippable("\x50\x2a\x4d\x18\x03\x00\x00\x00", 8);
  skippable += "abc";
  return {
      {"gzip", gzip(lines), lines},
      {"gzip", gzip(lines, 0), lines},
      {"gzip", gzip(noise), noise},
      {"gzip", gzip(lines, 9, true), lines},
      {"gzip", gzip(""), ""},
      {"gzip", gzip(lines, 1) + gzip("") + gzip("t f=1\n", 0) + gzip(noise, 9, true), lines + "t f=1\n" + noise, 4},
      {"zstd", zstd(lines), lines},
      {"zstd", zstd(noise), noise},
      {"zstd", zstd(""), ""},
      {"zstd", zstd(lines, 19) + skippable + zstd("") + zstd("t f=1\n"), lines + "t f=1\n", 4},
      {"identity", lines, lines},
  };
}

TEST_CASE("body_decoder: bodies in pieces of any size are the bytes that were packed") {
  for (const Encoded& each : encoded_bodies()) {
    for (const size_t piece_size : {size_t{1}, size_t{2}, size_t{3}, size_t{7}, size_t{100}, each.body.size() + 1}) {
      CAPTURE(each.encoding, each.body.size(), piece_size);
      const Decoded decoded = decode(each.body, each.encoding, piece_size);
      CHECK(decoded.status.ok());
      CHECK(decoded.text == each.text);
    }
  }
}

// Whole pieces before and behind the cut, which the loop above never has.
TEST_CASE("body_decoder: one cut at any byte changes nothing") {
  for (const Encoded& each : encoded_bodies()) {
    for (size_t cut = 1; cut < each.body.size(); ++cut) {
      auto decoder = make_body_decoder(each.encoding, {});
      REQUIRE(decoder.ok());
      std::string text;
      for (const std::string& piece : {each.body.substr(0, cut), each.body.substr(cut)}) {
        std::string_view input = piece;
        for (auto given = (*decoder)->decode(input); given.ok() && !given->empty(); given = (*decoder)->decode(input)) {
          text += *given;
        }
      }
      CAPTURE(each.encoding, each.body.size(), cut);
      REQUIRE((*decoder)->finish().ok());
      REQUIRE(text == each.text);
    }
  }
}

TEST_CASE("body_decoder: a body that ends early is refused, wherever it ends") {
  for (const Encoded& each : encoded_bodies()) {
    if (each.encoding == "identity") continue;
    // Between two members, or frames, nothing is missing.
    std::vector<size_t> ends;
    for (size_t size = 0; size <= each.body.size(); ++size) {
      if (decode(each.body.substr(0, size), each.encoding).status.ok()) ends.push_back(size);
    }
    CAPTURE(each.encoding, each.body.size());
    CHECK(ends.front() == 0);  // an empty body is one without parts
    CHECK(ends.back() == each.body.size());
    CHECK(ends.size() == each.parts + 1);
  }
}

TEST_CASE("body_decoder: each wrong byte of checksum and size is found") {
  const std::string text = some_lines(10);
  const std::string packed = gzip(text);
  for (size_t i = 1; i <= 8; ++i) {
    std::string wrong = packed;
    wrong[wrong.size() - i] ^= 1;
    const Decoded decoded = decode(wrong, "gzip");
    CAPTURE(i);
    CHECK(absl::IsDataLoss(decoded.status));
    CHECK(engine::message_of(decoded.status) == "gzip decompression error");
    CHECK(absl::IsDataLoss(decode(wrong + packed, "gzip").status));
  }
  std::string wrong = zstd(text);
  wrong.back() ^= 1;
  CHECK(absl::IsDataLoss(decode(wrong, "zstd").status));
}

TEST_CASE("body_decoder: what is no such encoding is refused") {
  CHECK(absl::IsDataLoss(decode("not gzip at all", "gzip").status));
  CHECK(absl::IsDataLoss(decode("t f=1 1000\n", "zstd").status));
  CHECK(absl::IsDataLoss(decode(gzip("t f=1\n") + "\n", "gzip").status));
  CHECK(absl::IsDataLoss(decode(zstd("t f=1\n") + "tail", "zstd").status));
}

TEST_CASE("body_decoder: no bytes at all make it crash, or go on for ever") {
  const std::vector<Encoded> bodies = encoded_bodies();
  engine::Prng prng(7);
  for (int i = 0; i < 3000; ++i) {
    Encoded each = bodies[prng.below(bodies.size())];
    for (uint64_t wrong = prng.below(4) + 1; wrong > 0 && !each.body.empty(); --wrong) {
      each.body[prng.below(each.body.size())] = static_cast<char>(prng.next());
    }
    const Decoded decoded = decode(each.body, each.encoding, 1 + prng.below(200));
    // What a gzip header says of names and times is checked only where the header has a checksum of its own.
    if (decoded.status.ok() && each.encoding != "identity") CHECK(decoded.text == each.text);
  }
  for (uint64_t seed = 0; seed < 200; ++seed) {
    static_cast<void>(decode(random_bytes(200, seed), "gzip", 16));
    static_cast<void>(decode("\x1f\x8b\x08" + random_bytes(200, seed), "gzip", 16));
    static_cast<void>(decode("\x28\xb5\x2f\xfd" + random_bytes(200, seed), "zstd", 16));
  }
}

TEST_CASE("body_decoder: a bomb comes in small pieces, and a window that is too large for HTTP is refused") {
  constexpr size_t size = size_t{64} * 1024 * 1024;
  for (const auto& [encoding, body] :
       {std::pair{"gzip", gzip(std::string(size, 'x'))}, {"zstd", zstd(std::string(size, 'x'))}}) {
    auto decoder = make_body_decoder(encoding, {});
    REQUIRE(decoder.ok());
    std::string_view input = body;
    size_t given_size = 0;
    size_t largest = 0;
    for (auto given = (*decoder)->decode(input); given.ok() && !given->empty(); given = (*decoder)->decode(input)) {
      given_size += given->size();
      largest = std::max(largest, given->size());
    }
    CHECK(given_size == size);
    CHECK(largest == size_t{64} * 1024);
    CHECK((*decoder)->finish().ok());
  }
  const std::string noise = random_bytes(size_t{10} * 1024 * 1024, 3);
  CHECK(decode(zstd(noise, 3, 23), "zstd", size_t{1} << 20).text == noise);
  CHECK(absl::IsDataLoss(decode(zstd(noise, 3, 24), "zstd").status));
}

TEST_CASE("body_decoder: encodings are known by name, in any case") {
  const std::string packed = gzip("t f=1\n");
  CHECK(decode(packed, "GZIP").text == "t f=1\n");
  CHECK(decode(packed, " x-gzip ").text == "t f=1\n");
  CHECK(decode("t f=1\n", "").text == "t f=1\n");
  CHECK(decode("t f=1\n", "Identity").text == "t f=1\n");
  for (const char* unknown : {"br", "deflate", "gzip, gzip", "gzi"}) {
    CHECK(absl::IsUnimplemented(make_body_decoder(unknown, {}).status()));
  }
}

TEST_CASE("multipart: the boundary is found in the content type") {
  CHECK_FALSE(multipart_boundary(""));
  CHECK_FALSE(multipart_boundary("text/plain; boundary=x"));
  CHECK_FALSE(multipart_boundary("multipart/form-data2; boundary=x"));
  CHECK(multipart_boundary("multipart/form-data; boundary=AaB") == "AaB");
  CHECK(multipart_boundary("Multipart/Mixed;charset=utf-8 ; BOUNDARY=\"a;=\\\"b\" ; x=y") == "a;=\"b");
  CHECK(multipart_boundary("multipart/form-data; x; boundary=  b  ") == "b");
  CHECK(multipart_boundary("multipart/form-data")->empty());
  CHECK(multipart_boundary("multipart/form-data; boundary")->empty());
  CHECK(multipart_boundary("multipart/form-data; boundary=")->empty());
  CHECK(multipart_boundary("multipart/form-data; boundary=" + std::string(70, 'x')) == std::string(70, 'x'));
  CHECK(multipart_boundary("multipart/form-data; boundary=" + std::string(71, 'x'))->empty());
  CHECK(multipart_boundary("multipart/form-data; boundary=\"a\rb\"")->empty());
  CHECK(absl::IsInvalidArgument(make_body_decoder("gzip", "multipart/mixed").status()));
}

struct Form {
  std::string body;
  std::string text;
};

const std::vector<Form>& forms() {
  static const std::vector<Form> all = {
      {"--AaB\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nt f=1 1000\n\r\n--AaB\r\n\r\nt f=2 2000\n\r\n--AaB--\r\n",
       "t f=1 1000\nt f=2 2000\n"},
      {"said before\r\n--AaB \t\r\nA: b\r\nC: d\r\n\r\nx\r\n--AaB--said behind --AaB", "x"},
      {"--AaB\r\n\r\n\r\n--AaB\r\n\r\n\r\n\r\n--AaB--", "\r\n"},
      // What almost is a boundary is content.
      {"--AaB\r\n\r\nA\r\n--Aa\r\r\n\r\n--A\r\n--AB--AaB\r\n-\r\n--AaB--", "A\r\n--Aa\r\r\n\r\n--A\r\n--AB--AaB\r\n-"},
      {"--AaB--", ""},
  };
  return all;
}

TEST_CASE("multipart: parts in pieces of any size are the contents that were sent") {
  for (const Form& form : forms()) {
    for (size_t piece_size = 1; piece_size <= form.body.size(); ++piece_size) {
      CAPTURE(form.body, piece_size);
      const Decoded decoded = decode(form.body, {}, "multipart/form-data; boundary=AaB", piece_size);
      CHECK(decoded.status.ok());
      CHECK(decoded.text == form.text);
    }
    CHECK(decode(gzip(form.body), "gzip", "multipart/mixed; boundary=AaB", 5).text == form.text);
  }
}

TEST_CASE("multipart: a form that ends early or is none is refused") {
  const auto refused = [](std::string_view body) {
    return absl::IsInvalidArgument(decode(body, {}, "multipart/form-data; boundary=AaB", 3).status);
  };
  for (const Form& form : forms()) {
    const std::string_view needed = std::string_view(form.body).substr(0, form.body.find("--AaB--") + 7);
    for (size_t size = 0; size < needed.size(); ++size) CHECK(refused(needed.substr(0, size)));
  }
  CHECK(refused("t f=1 1000\n"));
  CHECK(refused("--AaBc\r\n\r\nx\r\n--AaB--"));
  CHECK(refused("--AaB-\r\n\r\nx\r\n--AaB--"));
  CHECK(refused("--AaB\n\nx\n--AaB--"));
  CHECK(refused("--AaB\r\nA: " + std::string(MultipartDecoder::header_size_max, 'x') + "\r\n\r\nx\r\n--AaB--"));
}

}  // namespace
}  // namespace net
