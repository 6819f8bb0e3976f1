#include "engine/base/verify.h"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>

namespace engine::detail {
namespace {

void print(const Operand& operand) {
  switch (operand.kind) {
    case Operand::Kind::signed_integer:
      std::fprintf(stderr, "%" PRId64, operand.signed_value);
      return;
    case Operand::Kind::unsigned_integer:
      std::fprintf(stderr, "%" PRIu64, operand.unsigned_value);
      return;
    case Operand::Kind::text:
      std::fprintf(stderr, "\"%.*s\"", static_cast<int>(operand.text.size()), operand.text.data());
      return;
    case Operand::Kind::opaque:
      std::fputs("?", stderr);
      return;
  }
}

}  // namespace

void verify_failed(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "millrace bug: %s:%d: VERIFY(%s) failed\n", file, line, condition);
  std::abort();
}

void verify_failed(const char* file, int line, const char* condition, const Operand& left, const Operand& right) {
  std::fprintf(stderr, "millrace bug: %s:%d: VERIFY(%s) failed: ", file, line, condition);
  print(left);
  std::fputs(" against ", stderr);
  print(right);
  std::fputs("\n", stderr);
  std::abort();
}

}  // namespace engine::detail
