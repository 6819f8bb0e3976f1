#include "tests/temporary_directory.h"

#include <cstdlib>
#include <system_error>

#include "engine/base/verify.h"

namespace tests {

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "millrace-test-XXXXXX").string();
  VERIFY(mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace tests
