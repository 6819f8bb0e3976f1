#include "net/sql/text.h"

#include <algorithm>
#include <array>

#include "engine/base/ascii.h"

namespace net {
namespace {

constexpr std::array<std::string_view, 4> query_words{"select", "with", "values", "explain"};

// First words of statements that change something, here, in SQLite or in QuestDB.
constexpr std::array<std::string_view, 32> refused_words{
    "alter",   "analyze", "attach", "backup",   "begin",     "cancel", "checkpoint", "commit",   "copy",    "create",  "delete",
    "deny",    "detach",  "drop",   "end",      "grant",     "insert", "pragma",     "reindex",  "refresh", "release", "rename",
    "replace", "resume",  "revoke", "rollback", "savepoint", "set",    "snapshot",   "truncate", "update",  "vacuum"};

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Bytes beyond ASCII belong to words.
bool is_word_char(char c) {
  return (engine::to_lower(c) >= 'a' && engine::to_lower(c) <= 'z') || is_digit(c) || c == '_' || c == '$' ||
         (static_cast<unsigned char>(c) & 0x80U) != 0;
}

// The end of what starts at `start`.
size_t skip_while(std::string_view query, size_t start, bool (*belongs)(char)) {
  while (start < query.size() && belongs(query[start])) ++start;
  return start;
}

size_t end_after(std::string_view query, size_t start, std::string_view terminator) {
  const size_t found = query.find(terminator, start);
  return found == std::string_view::npos ? query.size() : found + terminator.size();
}

// Past white space and comments.
size_t skip_blank(std::string_view query, size_t start) {
  while (start < query.size()) {
    if (is_space(query[start])) {
      ++start;
    } else if (query.substr(start, 2) == "--") {
      start = end_after(query, start, "\n");
    } else if (query.substr(start, 2) == "/*") {
      start = end_after(query, start + 2, "*/");
    } else {
      break;
    }
  }
  return start;
}

// A quote inside is written twice; [brackets] have no such way.
SqlToken quoted_token(std::string_view query, size_t start) {
  SqlToken token{.kind = SqlToken::Kind::quoted, .offset = start};
  const char closing = query[start] == '[' ? ']' : query[start];
  size_t end = start + 1;
  for (; end < query.size(); ++end) {
    if (query[end] == closing) {
      if (closing == ']' || end + 1 == query.size() || query[end + 1] != closing) break;
      ++end;
    }
    token.text += query[end];
  }
  token.raw = query.substr(start, end + 1 - start);
  return token;
}

SqlToken plain_token(std::string_view query, size_t start) {
  SqlToken token{.kind = SqlToken::Kind::mark, .offset = start};
  size_t end = start + 1;
  if (is_digit(query[start])) {
    token.kind = SqlToken::Kind::number;
    end = skip_while(query, start, [](char c) { return is_word_char(c) || c == '.'; });
  } else if (is_word_char(query[start])) {
    token.kind = SqlToken::Kind::word;
    end = skip_while(query, start, is_word_char);
  }
  token.raw = query.substr(start, end - start);
  token.text = token.raw;
  return token;
}

bool is_name(const SqlToken& token) { return token.kind == SqlToken::Kind::word || token.kind == SqlToken::Kind::quoted; }

// A word in front of a parenthesis calls a function or belongs to the grammar.
std::vector<std::string> possible_table_names(const std::vector<SqlToken>& tokens) {
  std::vector<std::string> names;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const bool is_call = i + 1 < tokens.size() && tokens[i + 1].is_mark('(') && tokens[i].kind == SqlToken::Kind::word;
    if (is_name(tokens[i]) && !is_call) names.push_back(tokens[i].text);
  }
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  return names;
}

bool are_words(const std::vector<SqlToken>& tokens, std::initializer_list<std::string_view> words) {
  return tokens.size() == words.size() &&
         std::equal(tokens.begin(), tokens.end(), words.begin(),
                    [](const SqlToken& token, std::string_view word) { return token.is_word(word); });
}

std::string quote_text(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted.append(c == '\'' ? 2 : 1, c);
  return quoted + "'";
}

absl::StatusOr<std::string> translate_show(const std::vector<SqlToken>& tokens) {
  if (are_words(tokens, {"show", "tables"})) return std::string("SELECT table_name FROM tables()");
  if (tokens.size() == 4 && tokens[1].is_word("columns") && tokens[2].is_word("from") && is_name(tokens[3])) {
    return "SELECT * FROM table_columns(" + quote_text(tokens[3].text) + ")";
  }
  if (tokens.size() == 4 && tokens[1].is_word("partitions") && tokens[2].is_word("from") && is_name(tokens[3])) {
    return "SELECT * FROM table_partitions(" + quote_text(tokens[3].text) + ")";
  }
  if (tokens.size() == 4 && tokens[1].is_word("create") && tokens[2].is_word("table") && is_name(tokens[3])) {
    return "SELECT * FROM table_create(" + quote_text(tokens[3].text) + ")";
  }
  return engine::invalid_argument("SHOW is understood as SHOW TABLES, COLUMNS FROM, PARTITIONS FROM and CREATE TABLE <table>");
}

// Of the same size, so that places in the text stay what they are.
constexpr std::string_view count_distinct_asked = "count_distinct(";
constexpr std::string_view count_distinct_given = "count(DISTINCT ";
static_assert(count_distinct_asked.size() == count_distinct_given.size());

std::string replace_count_distinct(std::string_view query, const std::vector<SqlToken>& tokens) {
  std::string replaced(query);
  for (size_t i = 0; i + 1 < tokens.size(); ++i) {
    if (!tokens[i].is_word("count_distinct") || !tokens[i + 1].is_mark('(')) continue;
    const size_t size = tokens[i + 1].offset + 1 - tokens[i].offset;
    replaced.replace(tokens[i].offset, size, size, ' ')
        .replace(tokens[i].offset, count_distinct_given.size(), count_distinct_given);
  }
  return replaced;
}

}  // namespace

bool SqlToken::is_word(std::string_view keyword) const {
  return kind == Kind::word && engine::equals_ignoring_case(raw, keyword);
}

std::vector<SqlToken> tokenize_sql(std::string_view query) {
  std::vector<SqlToken> tokens;
  for (size_t start = skip_blank(query, 0); start < query.size(); start = skip_blank(query, start)) {
    const bool is_quoted = std::string_view("'\"`[").find(query[start]) != std::string_view::npos;
    tokens.push_back(is_quoted ? quoted_token(query, start) : plain_token(query, start));
    start += tokens.back().raw.size();
  }
  return tokens;
}

absl::StatusOr<TranslatedQuery> translate_query(std::string_view query, const std::vector<SqlToken>& tokens) {
  std::vector<SqlToken> statement = tokens;
  while (!statement.empty() && statement.back().is_mark(';')) statement.pop_back();
  if (statement.empty()) return engine::invalid_argument("empty query");

  TranslatedQuery translated{.table_names = possible_table_names(statement)};
  const SqlToken& first = statement.front();
  const auto begins_with = [&first](const auto& words) {
    return std::ranges::any_of(words, [&first](std::string_view word) { return first.is_word(word); });
  };
  if (are_words(statement, {"select", "build"})) {
    translated.sql = "SELECT build FROM build()";
  } else if (begins_with(query_words)) {
    translated.sql = replace_count_distinct(query, statement);
  } else if (statement.size() > 1 && first.is_word("show")) {
    ASSIGN_OR_RETURN(translated.sql, translate_show(statement));
    translated.table_names.clear();  // a table called "tables" would hide the function
  } else if (statement.size() > 1 && begins_with(refused_words)) {
    return engine::invalid_argument("only queries are answered here: " + std::string(first.raw) + " is not supported");
  } else if (is_name(first)) {
    constexpr std::string_view prefix = "SELECT * FROM ";
    translated.prefix_size = prefix.size();
    translated.sql = std::string(prefix) + std::string(query);
  } else {
    return engine::invalid_argument("a query begins with SELECT or the name of a table, not with " + std::string(first.raw));
  }
  return translated;
}

std::string restore_count_distinct(std::string name) {
  for (size_t at = 0; (at = name.find(count_distinct_given, at)) != std::string::npos;) {
    name.replace(at, count_distinct_asked.size(), count_distinct_asked);
  }
  return name;
}

size_t find_table_offset(const std::vector<SqlToken>& tokens, std::string_view table) {
  size_t offset = 0;
  for (size_t i = tokens.size(); i-- > 0;) {
    if (!is_name(tokens[i]) || !engine::equals_ignoring_case(tokens[i].text, table)) continue;
    offset = tokens[i].offset;
    if (i > 0 && (tokens[i - 1].is_word("from") || tokens[i - 1].is_word("join"))) break;
  }
  return offset;
}

}  // namespace net
