#include "engine/base/utf8.h"

#include <string>

#include "tests/catch.h"

namespace engine {
namespace {

TEST_CASE("utf8: every code point is written so that it is read again, and is valid") {
  for (char32_t value = 0; value <= 0x10ffff; value += value < 0x11000 ? 1 : 61) {
    if (value >= 0xd800 && value <= 0xdfff) continue;
    std::string text;
    append_utf8(text, value);
    const CodePoint found = decode_utf8(text);
    if (found.value != value || found.size != text.size() || utf8_size_at(text) != text.size() || !is_valid_utf8(text)) {
      FAIL("U+" << std::hex << static_cast<uint32_t>(value));
    }
  }
}

TEST_CASE("utf8: overlong forms, surrogates, what is too large, cut or out of place is none") {
  for (const std::string_view text :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf",
        "\xed\xa0\x80", "\xed\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc3", "\xe2\x82", "\xf0\x9f\x98",
        "\xc3(", "\xe2(\xac", "\xe2\x82("}) {
    CAPTURE(text);
    CHECK(utf8_size_at(text) == 0);
    CHECK(decode_utf8(text).size == 0);
    CHECK_FALSE(is_valid_utf8("a" + std::string(text)));
  }
}

TEST_CASE("utf8: the length in UTF-16 code units") {
  CHECK(utf16_size("") == 0);
  CHECK(utf16_size("a\xc3\xa4\xe2\x82\xac") == 3);
  CHECK(utf16_size("\xf0\x9f\x98\x80") == 2);
}

}  // namespace
}  // namespace engine
