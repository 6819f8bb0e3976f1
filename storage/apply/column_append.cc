#include "storage/apply/column_append.h"

#include <algorithm>
#include <cstring>

#include "engine/base/verify.h"
#include "storage/table/file_names.h"

namespace storage {

namespace {

// Rows of a type without null are all there.
bool has(const ColumnVector& source, size_t row) { return !row_of(source.type).has_null || source.has(row); }

// The low bytes of each row's value.
template <typename Value>
void put_words(std::byte* target, std::span<const uint64_t> words, const RowSlice& slice) {
  if (slice.order.empty()) {
    const uint64_t* const source = words.data() + slice.begin;
    if constexpr (sizeof(Value) == sizeof(uint64_t)) {
      std::memcpy(target, source, slice.size() * sizeof(Value));
    } else {
      for (size_t i = 0; i < slice.size(); ++i) engine::store(target + i * sizeof(Value), static_cast<Value>(source[i]));
    }
    return;
  }
  const std::span<const uint32_t> rows = slice.order.subspan(slice.begin, slice.size());
  for (size_t i = 0; i < rows.size(); ++i) engine::store(target + i * sizeof(Value), static_cast<Value>(words[rows[i]]));
}

void put_wide(std::byte* target, const ColumnVector& source, const RowSlice& slice) {
  const size_t width = width_of(source.kind());
  for (size_t place = slice.begin; place < slice.end; ++place, target += width) {
    const size_t row = slice.row(place);
    if (source.has(row)) {
      std::memcpy(target, source.wide(row).data(), width);
    } else {
      std::memset(target, 0, width);
    }
  }
}

void put_values(std::byte* target, const ColumnVector& source, const RowSlice& slice) {
  switch (width_of(source.kind())) {
    case 1:
      return put_words<uint8_t>(target, source.words, slice);
    case 2:
      return put_words<uint16_t>(target, source.words, slice);
    case 4:
      return put_words<uint32_t>(target, source.words, slice);
    case 8:
      return put_words<uint64_t>(target, source.words, slice);
    default:
      return put_wide(target, source, slice);
  }
}

// The places of a slice from the first value to the last.
RowSlice trim(const ColumnVector& source, RowSlice slice) {
  while (slice.begin < slice.end && !has(source, slice.row(slice.begin))) ++slice.begin;
  while (slice.end > slice.begin && !has(source, slice.row(slice.end - 1))) --slice.end;
  return slice;
}

uint64_t count_nulls(const ColumnVector& source, const RowSlice& slice) {
  if (source.present.empty()) return 0;
  uint64_t count = 0;
  for (size_t place = slice.begin; place < slice.end; ++place) count += source.present[slice.row(place)] == 0 ? 1 : 0;
  return count;
}

}  // namespace

bool ColumnAppend::is_needless(const ColumnVector& source, const RowSlice& slice) { return trim(source, slice).size() == 0; }

// A column of a run holds values from its first row with one on, and nulls in between:
//
//   rows of the run     0 1 2 3 4 5 6 7 8
//   in the file             a b           row_start 2, row_count 2
//   the slice                     . c d   trimmed to rows 7 and 8; padding: rows 4, 5 and 6
ColumnAppend::ColumnAppend(const ColumnVector& source, const RowSlice& slice, uint64_t run_rows,
                           const std::string& run_directory, RunColumn& target, ColumnFiles& files)
    : source_(source), slice_(trim(source, slice)), run_directory_(run_directory), target_(target), files_(files) {
  VERIFY_GE(source.places(), slice.size());
  VERIFY_EQ(target.type, source.type);
  VERIFY_GT(slice_.size(), 0U);  // else is_needless()
  const uint64_t first_row = run_rows + (slice_.begin - slice.begin);
  if (target.row_count == 0) target.row_start = first_row;
  const uint64_t rows_end = target.row_start + target.row_count;
  VERIFY_LE(rows_end, first_row);
  padding_ = first_row - rows_end;
  if (!row_of(source.type).has_null) return;
  const uint64_t nulls = padding_ + count_nulls(source, slice_);
  target.nulls += nulls;
  nullable_ = nulls != 0 || has_file(FileKind::validity);
  if (nullable_ && !has_file(FileKind::validity)) ones_missing_ = target.row_count;
}

bool ColumnAppend::append(IoRound& round) {
  if (round.files_left() < files_max) return false;
  if (ones_missing_ != 0) {
    append_ones(round);
    return false;  // the values come in a round of their own: one append to a file in each
  }
  const size_t rows_left = static_cast<size_t>(padding_) + slice_.size();
  size_t rows = std::min(rows_left, rows_that_fit(round.memory_left()));
  if (rows == 0 && !round.empty()) return false;
  rows = std::max<size_t>(rows, 1);  // a text that is larger than a round
  const auto padding = static_cast<size_t>(std::min<uint64_t>(padding_, rows));
  if (source_.kind() == Kind::texts) {
    append_texts(round, padding, rows - padding);
  } else {
    append_values(round, padding, rows - padding);
  }
  if (nullable_) {
    append_bits(round, FileKind::validity, rows,
                [&](size_t i) { return i >= padding && source_.has(slice_.row(slice_.begin + i - padding)); });
  }
  target_.row_count += rows;
  padding_ -= padding;
  slice_.begin += rows - padding;
  VERIFY(rows != rows_left || target_.nulls <= target_.row_count);
  return rows == rows_left;
}

bool ColumnAppend::has_file(FileKind kind) const {
  return std::any_of(target_.files.begin(), target_.files.end(),
                     [kind](const CommittedFile& file) { return file.kind == kind; });
}

// The file's committed part; a new file when there is none.
CommittedFile& ColumnAppend::committed(FileKind kind) {
  const auto place =
      std::find_if(target_.files.begin(), target_.files.end(), [kind](const CommittedFile& file) { return file.kind >= kind; });
  if (place != target_.files.end() && place->kind == kind) return *place;
  VERIFY(files_.by_kind[static_cast<size_t>(kind)] == nullptr);
  files_.by_kind[static_cast<size_t>(kind)] = std::make_unique<GrowingFile>(column_path(run_directory_, target_.column, kind));
  made_files_ = true;
  return *target_.files.insert(place, {.kind = kind});
}

// Rows, padding included, whose values are sure to fit.
size_t ColumnAppend::rows_that_fit(size_t memory) const {
  constexpr size_t overhead = files_max * FileAppend::memory_size(sizeof(uint64_t));
  if (memory <= overhead) return 0;
  const size_t room = memory - overhead;
  if (source_.kind() != Kind::texts) return room / (width_of(source_.kind()) + 1);  // a byte for its bit of validity
  constexpr size_t row_size = sizeof(int64_t) + 1;
  size_t rows = std::min(static_cast<size_t>(padding_), room / row_size);
  if (rows < padding_) return rows;
  size_t used = rows * row_size;
  for (size_t place = slice_.begin; place < slice_.end; ++place, ++rows) {
    used += row_size + source_.sizes[slice_.row(place)];
    if (used > room) break;
  }
  return rows;
}

// Brings a new validity file up to the values that are there, of which none is null.
void ColumnAppend::append_ones(IoRound& round) {
  if (round.memory_left() < 2 * engine::block_size) return;
  CommittedFile& file = committed(FileKind::validity);
  const uint64_t bits = std::min<uint64_t>(ones_missing_, (round.memory_left() - engine::block_size) * 8);
  const auto size = static_cast<size_t>(engine::div_ceil(bits, 8));
  FileAppend append(round, files_.at(FileKind::validity), file, size);
  const std::span<std::byte> bytes = append.tail().first(size);
  std::fill(bytes.begin(), bytes.end(), std::byte{0xFF});
  if (bits % 8 != 0) bytes.back() = static_cast<std::byte>((1U << (bits % 8)) - 1);
  append.advance(size);
  append.finish();
  ones_missing_ -= bits;
  VERIFY_EQ(file.size, engine::div_ceil(target_.row_count - ones_missing_, 8));
}

void ColumnAppend::append_values(IoRound& round, size_t padding, size_t rows) {
  if (source_.kind() == Kind::bits) {
    return append_bits(round, FileKind::values, padding + rows,
                       [&](size_t i) { return i >= padding && source_.words[slice_.row(slice_.begin + i - padding)] != 0; });
  }
  CommittedFile& file = committed(FileKind::values);
  const size_t width = width_of(source_.kind());
  FileAppend append(round, files_.at(FileKind::values), file, (padding + rows) * width);
  std::byte* const bytes = append.tail().data();
  std::memset(bytes, 0, padding * width);
  put_values(bytes + padding * width, source_, {slice_.order, slice_.begin, slice_.begin + rows});
  append.advance((padding + rows) * width);
  append.finish();
  VERIFY_EQ(file.size, (target_.row_count + padding + rows) * width);
}

void ColumnAppend::append_texts(IoRound& round, size_t padding, size_t rows) {
  committed(FileKind::offsets);  // makes the second file before references to the first are taken
  CommittedFile& texts = committed(FileKind::texts);
  CommittedFile& offsets = committed(FileKind::offsets);
  size_t texts_size = 0;
  for (size_t place = slice_.begin; place < slice_.begin + rows; ++place) texts_size += source_.sizes[slice_.row(place)];

  const bool is_first = offsets.size == 0;
  const size_t offsets_size = (padding + rows + (is_first ? 1 : 0)) * sizeof(int64_t);
  FileAppend offsets_append(round, files_.at(FileKind::offsets), offsets, offsets_size);
  std::byte* end = offsets_append.tail().data();
  const auto put_offset = [&end](uint64_t offset) {
    engine::store(end, static_cast<int64_t>(offset));
    end += sizeof(int64_t);
  };
  uint64_t offset = texts.size;
  if (is_first) put_offset(0);
  for (size_t i = 0; i < padding; ++i) put_offset(offset);

  FileAppend texts_append(round, files_.at(FileKind::texts), texts, texts_size);
  for (size_t place = slice_.begin; place < slice_.begin + rows; ++place) {
    const size_t row = slice_.row(place);
    const std::string_view text = source_.text(row);
    std::copy(text.begin(), text.end(), reinterpret_cast<char*>(texts_append.tail().data()));
    texts_append.advance(text.size());
    offset += text.size();
    put_offset(offset);
  }
  offsets_append.advance(offsets_size);
  offsets_append.finish();
  texts_append.finish();
  VERIFY_EQ(texts.size, offset);
  VERIFY_EQ(offsets.size, (target_.row_count + padding + rows + 1) * sizeof(int64_t));
}

// Bits of a bitmap whose last byte may have room left: that byte is then changed, with its block, and the others follow.
//
//   13 bits are there, 6 come:    byte 0      byte 1      byte 2
//   least bit first               01234567    01234567    01234567
//                                 xxxxxxxx    xxxxx...
//                                             xxxxxnnn    nnn.....     byte 1 again, one new byte
template <typename Bit>
void ColumnAppend::append_bits(IoRound& round, FileKind kind, size_t bits, Bit bit_at) {
  CommittedFile& file = committed(kind);
  const unsigned bits_used = static_cast<unsigned>(target_.row_count % 8);  // of the last byte
  const auto size = static_cast<size_t>(engine::div_ceil(bits_used + bits, 8) - (bits_used != 0 ? 1 : 0));
  FileAppend append(round, files_.at(kind), file, size,
                    bits_used != 0 ? AppendStart::last_block : AppendStart::after_last_byte);
  unsigned byte = bits_used != 0 ? static_cast<unsigned>(append.last_byte()) : 0;
  unsigned bit = bits_used;
  bool in_last_byte = bits_used != 0;
  const auto flush = [&] {
    if (in_last_byte) {
      append.change_last_byte(static_cast<std::byte>(byte));
    } else {
      append.tail().front() = static_cast<std::byte>(byte);
      append.advance(1);
    }
    in_last_byte = false;
    byte = 0;
    bit = 0;
  };
  for (size_t i = 0; i < bits; ++i) {
    byte |= (bit_at(i) ? 1U : 0U) << bit;
    if (++bit == 8) flush();
  }
  if (bit != 0) flush();
  append.finish();
  VERIFY_EQ(file.size, engine::div_ceil(target_.row_count + bits, 8));
}

}  // namespace storage
