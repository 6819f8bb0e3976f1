// Catch2 in either version, and skipping: the one header that tests include for TEST_CASE, CHECK and REQUIRE.
//
// SKIP_TEST("reason") ends a test body that cannot run on this machine. The test counts as skipped, neither passed nor failed,
// and the runner prints the reason. Catch2 2 has no such thing, so both versions use this one; it returns, so it stands in the
// body itself, not in a helper.
//
// CHECK_THAT(text, tests::contains_text("part")) under the names of both.
#pragma once

#include <string>
#include <string_view>

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

namespace tests {

#if __has_include(<catch2/catch_all.hpp>)
inline auto contains_text(const std::string& part) { return Catch::Matchers::ContainsSubstring(part); }
#else
inline auto contains_text(const std::string& part) { return Catch::Matchers::Contains(part); }
#endif

// The running test case is skipped. Main thread only.
void skip_running_test(std::string_view reason);

}  // namespace tests

#define SKIP_TEST(reason)             \
  do {                                \
    tests::skip_running_test(reason); \
    return;                           \
  } while (false)
