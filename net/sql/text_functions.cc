#include "net/sql/text_functions.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <set>
#include <string>

#include "net/sql/wildcard.h"

namespace net {
namespace {

using Arguments = sqlite3_value**;

// Nothing for NULL. Valid until the value is asked for in another form.
std::optional<std::string_view> text_of(sqlite3_value* value) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  if (text == nullptr) return std::nullopt;
  return std::string_view(text, static_cast<size_t>(sqlite3_value_bytes(value)));
}

std::string_view blob_of(sqlite3_value* value) {
  const auto* bytes = static_cast<const char*>(sqlite3_value_blob(value));
  return {bytes == nullptr ? "" : bytes, static_cast<size_t>(sqlite3_value_bytes(value))};
}

bool is_blob(sqlite3_value* value) { return sqlite3_value_type(value) == SQLITE_BLOB; }

void return_text(sqlite3_context* context, std::string_view text) {
  sqlite3_result_text64(context, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

// std::string_view::find takes the product of the sizes; memmem does not (two-way string matching).
size_t find_text(std::string_view text, std::string_view wanted, size_t start) {
  const void* found = ::memmem(text.data() + start, text.size() - start, wanted.data(), wanted.size());
  return found == nullptr ? std::string_view::npos : static_cast<size_t>(static_cast<const char*>(found) - text.data());
}

int64_t count_characters(std::string_view text) {
  return std::ranges::count_if(text, [](char c) { return (static_cast<uint8_t>(c) & 0xC0U) != 0x80; });
}

// instr(text, wanted): where, from 1, in characters, or of two blobs in bytes; 0 when it is not there.
void call_instr(sqlite3_context* context, int, Arguments arguments) {
  if (is_blob(arguments[0]) && is_blob(arguments[1])) {
    const size_t found = find_text(blob_of(arguments[0]), blob_of(arguments[1]), 0);
    return sqlite3_result_int64(context, found == std::string_view::npos ? 0 : static_cast<int64_t>(found) + 1);
  }
  const std::optional<std::string_view> text = text_of(arguments[0]);
  const std::optional<std::string_view> wanted = text_of(arguments[1]);
  if (!text || !wanted) return;
  const size_t found = find_text(*text, *wanted, 0);
  sqlite3_result_int64(context, found == std::string_view::npos ? 0 : count_characters(text->substr(0, found)) + 1);
}

// replace(text, wanted, other)
void call_replace(sqlite3_context* context, int, Arguments arguments) {
  const std::optional<std::string_view> text = text_of(arguments[0]);
  const std::optional<std::string_view> wanted = text_of(arguments[1]);
  if (!text || !wanted) return;
  if (wanted->empty()) return sqlite3_result_value(context, arguments[0]);
  const std::optional<std::string_view> other = text_of(arguments[2]);
  if (!other) return;
  const auto size_max = static_cast<size_t>(sqlite3_limit(sqlite3_context_db_handle(context), SQLITE_LIMIT_LENGTH, -1));
  std::string result;
  size_t start = 0;
  for (size_t found = find_text(*text, *wanted, 0); found != std::string_view::npos; found = find_text(*text, *wanted, start)) {
    result.append(*text, start, found - start).append(*other);
    start = found + wanted->size();
    if (result.size() > size_max) return sqlite3_result_error_toobig(context);
  }
  result.append(*text, start);
  return_text(context, result);
}

using CharacterSet = std::set<std::string_view>;  // of UTF-8 there are a million at most

CharacterSet characters_of(std::string_view text) {
  CharacterSet set;
  while (!text.empty()) {
    const size_t size = character_size(text);
    set.insert(text.substr(0, size));
    text.remove_prefix(size);
  }
  return set;
}

size_t last_character_start(std::string_view text) {
  size_t start = text.size() - 1;
  while (start > 0 && (static_cast<uint8_t>(text[start]) & 0xC0U) == 0x80) --start;
  return start;
}

struct TrimSides {
  bool left;
  bool right;
};
constexpr std::array<TrimSides, 3> trim_sides{TrimSides{true, false}, {false, true}, {true, true}};

// trim(text[, characters]): without those at its ends; spaces when none are named.
template <size_t sides>
void call_trim(sqlite3_context* context, int count, Arguments arguments) {
  std::optional<std::string_view> text = text_of(arguments[0]);
  const std::optional<std::string_view> wanted = count == 2 ? text_of(arguments[1]) : " ";
  if (!text || !wanted) return;
  const CharacterSet set = characters_of(*wanted);
  while (trim_sides[sides].left && !text->empty()) {
    const size_t size = character_size(*text);
    if (!set.contains(text->substr(0, size))) break;
    text->remove_prefix(size);
  }
  while (trim_sides[sides].right && !text->empty()) {
    const size_t start = last_character_start(*text);
    if (!set.contains(text->substr(start))) break;
    *text = text->substr(0, start);
  }
  return_text(context, *text);
}

// like(pattern, text[, escape]) and glob(pattern, text): blobs are like nothing.
template <WildcardKind kind>
void call_match(sqlite3_context* context, int count, Arguments arguments) {
  if (is_blob(arguments[0]) || is_blob(arguments[1])) return sqlite3_result_int(context, 0);
  std::string_view escape;
  if (count == 3) {
    const std::optional<std::string_view> given = text_of(arguments[2]);
    if (!given) return;
    if (given->empty() || character_size(*given) != given->size()) {
      return sqlite3_result_error(context, "ESCAPE expression must be a single character", -1);
    }
    escape = *given;
  }
  const std::optional<std::string_view> pattern = text_of(arguments[0]);
  const std::optional<std::string_view> text = text_of(arguments[1]);
  if (!pattern || !text) return;
  auto& end = *static_cast<EndCheck*>(sqlite3_user_data(context));
  const std::optional<bool> matches = WildcardMatcher(kind, *pattern, escape).matches(*text, end);
  if (!matches) return sqlite3_result_error_code(context, SQLITE_INTERRUPT);
  sqlite3_result_int(context, *matches ? 1 : 0);
}

struct TextFunction {
  const char* name;
  int argument_count;
  void (*call)(sqlite3_context* context, int count, Arguments arguments);
};

constexpr auto text_functions = std::to_array<TextFunction>({
    {.name = "instr", .argument_count = 2, .call = call_instr},
    {.name = "replace", .argument_count = 3, .call = call_replace},
    {.name = "ltrim", .argument_count = 1, .call = call_trim<0>},
    {.name = "ltrim", .argument_count = 2, .call = call_trim<0>},
    {.name = "rtrim", .argument_count = 1, .call = call_trim<1>},
    {.name = "rtrim", .argument_count = 2, .call = call_trim<1>},
    {.name = "trim", .argument_count = 1, .call = call_trim<2>},
    {.name = "trim", .argument_count = 2, .call = call_trim<2>},
    {.name = "like", .argument_count = 2, .call = call_match<WildcardKind::like>},
    {.name = "like", .argument_count = 3, .call = call_match<WildcardKind::like>},
    {.name = "glob", .argument_count = 2, .call = call_match<WildcardKind::glob>},
});

}  // namespace

absl::Status add_text_functions(sqlite3* database, EndCheck& end) {
  constexpr int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
  for (const TextFunction& function : text_functions) {
    const int code = sqlite3_create_function_v2(database, function.name, function.argument_count, flags, &end, function.call,
                                                nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return engine::resource_exhausted(sqlite3_errmsg(database));
  }
  return absl::OkStatus();
}

}  // namespace net
