// Simple case folding of Unicode 14.0: one code point to one code point, the same in every locale.
#pragma once

namespace storage {

char32_t fold_case(char32_t code_point);

}  // namespace storage
