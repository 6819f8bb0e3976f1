#include "storage/read/column_reader.h"

#include <algorithm>
#include <limits>

#include "engine/base/bytes.h"
#include "engine/base/verify.h"
#include "storage/table/file_names.h"

namespace storage {
namespace {

constexpr size_t offset_width = sizeof(int64_t);

template <typename T>
std::span<std::byte> writable_bytes_of(std::vector<T>& values) {
  return std::as_writable_bytes(std::span<T>(values));
}

bool test_bit(std::span<const std::byte> bytes, uint64_t bit) {
  return (std::to_integer<unsigned>(bytes[static_cast<size_t>(bit / 8)]) >> (bit % 8) & 1U) != 0;
}

}  // namespace

absl::StatusOr<ColumnReader> ColumnReader::open(engine::FilePool& files, const std::string& run_directory,
                                                const RunColumn* run_column, ColumnType type, size_t window_size) {
  ColumnReader reader(run_column, type, window_size);
  if (run_column == nullptr) return reader;
  if (run_column->type != type) {
    return engine::data_loss(run_directory + ": column " + std::to_string(run_column->column.value) + " is " +
                             std::string(type_name(run_column->type)) + " in the manifest, " + std::string(type_name(type)) +
                             " in the schema");
  }
  for (const CommittedFile& file : run_column->files) {
    std::optional<CommittedReader>& place = file.kind == FileKind::values     ? reader.values_
                                            : file.kind == FileKind::validity ? reader.validity_
                                            : file.kind == FileKind::offsets  ? reader.offsets_
                                                                              : reader.texts_;
    place.emplace(files, column_path(run_directory, run_column->column, file.kind), file);
  }
  absl::Status status = reader.check_sizes();
  if (!status.ok()) return engine::data_loss(run_directory + ": " + std::string(engine::message_of(status)));
  return reader;
}

// What the manifest says of the files must suffice for the rows that it promises.
absl::Status ColumnReader::check_sizes() const {
  const uint64_t count = run_column_->row_count;
  if (count > std::numeric_limits<uint32_t>::max() * uint64_t{64}) return engine::data_loss("more rows than any run has");
  const auto holds = [count](const std::optional<CommittedReader>& file, uint64_t size) {
    return count == 0 || (file && file->size() >= size);
  };
  const bool complete =
      is_text() ? holds(offsets_, (count + 1) * offset_width) && holds(texts_, 0) : holds(values_, values_size(kind(), count));
  const bool valid = run_column_->nulls == 0 || holds(validity_, engine::div_ceil(count, 8));
  if (complete && valid) return absl::OkStatus();
  return engine::data_loss("the files of column " + std::to_string(run_column_->column.value) + " are shorter than its " +
                           std::to_string(count) + " rows");
}

absl::StatusOr<size_t> ColumnReader::count_fitting(uint64_t row, size_t count, size_t size_max) {
  if (!is_text() || stored_count() == 0) return count;
  const uint64_t row_end = run_column_->row_start + stored_count();
  if (row >= row_end || row + count <= run_column_->row_start) return count;
  const uint64_t first = std::max(row, run_column_->row_start);
  const auto nulls = static_cast<size_t>(first - row);
  RETURN_IF_ERROR(load_offsets(first - run_column_->row_start));
  const auto known = static_cast<size_t>(first - run_column_->row_start - offsets_start_);
  const size_t wanted = std::min(count - nulls, offsets_count() - known);
  const auto begin = text_offsets_.begin() + static_cast<std::ptrdiff_t>(known);
  const int64_t end_max = *begin + static_cast<int64_t>(size_max);
  const auto end = std::upper_bound(begin, begin + static_cast<std::ptrdiff_t>(wanted) + 1, end_max);
  return nulls + static_cast<size_t>(end - begin) - 1;
}

// The rows of the run that the column's files do not reach are null:
//
//   rows of the run   0 1 2 3 4 5 6        the files hold rows 2 to 4 (row_start 2, row_count 3)
//   asked: 1 to 5       . v v v .          one null, three values from the files, one null
absl::Status ColumnReader::append(uint64_t row, size_t count, ColumnVector& target) {
  const size_t places = target.places() + count;
  const uint64_t row_start = run_column_ == nullptr ? 0 : run_column_->row_start;
  const uint64_t row_end = row_start + stored_count();
  const uint64_t stop = row + count;
  const uint64_t stored_from = std::clamp(row_start, row, stop);
  const uint64_t stored_to = std::clamp(row_end, stored_from, stop);
  append_nulls(static_cast<size_t>(stored_from - row), target);
  if (stored_to > stored_from) {
    RETURN_IF_ERROR(append_stored(stored_from - row_start, static_cast<size_t>(stored_to - stored_from), target));
  }
  append_nulls(static_cast<size_t>(stop - stored_to), target);
  VERIFY_EQ(target.places(), places);
  return absl::OkStatus();
}

void ColumnReader::append_nulls(size_t count, ColumnVector& target) const {
  const uint8_t present = row_of(type_).has_null ? 0 : 1;
  target.present.insert(target.present.end(), count, present);
  target.words.insert(target.words.end(), count, 0);
  if (is_text()) target.sizes.insert(target.sizes.end(), count, 0);
}

absl::Status ColumnReader::append_stored(uint64_t index, size_t count, ColumnVector& target) {
  while (count > 0) {
    if (index < window_start_ || index >= window_start_ + window_count_) RETURN_IF_ERROR(load_window(index));
    const auto place = static_cast<size_t>(index - window_start_);
    const size_t piece = std::min(count, window_count_ - place);
    VERIFY_GT(piece, 0U);
    for (size_t i = place; i < place + piece; ++i) {
      target.present.push_back(is_present(i) ? 1 : 0);
      if (is_text()) {
        RETURN_IF_ERROR(append_text(window_start_ + i, target));
      } else {
        append_value(i, target);
      }
    }
    index += piece;
    count -= piece;
  }
  return absl::OkStatus();
}

bool ColumnReader::is_present(size_t place) const {
  if (run_column_->nulls == 0) return true;
  return test_bit(validity_bytes_, window_start_ % 8 + place);
}

void ColumnReader::append_value(size_t place, ColumnVector& target) const {
  if (kind() == Kind::bits) {
    target.words.push_back(test_bit(value_bytes_, window_start_ % 8 + place) ? 1 : 0);
    return;
  }
  const std::byte* source = value_bytes_.data() + place * width_of(kind());
  switch (width_of(kind())) {
    case 1:
      target.words.push_back(engine::load<uint8_t>(source));
      break;
    case 2:
      target.words.push_back(engine::load<uint16_t>(source));
      break;
    case 4:
      target.words.push_back(engine::load<uint32_t>(source));
      break;
    case 8:
      target.words.push_back(engine::load<uint64_t>(source));
      break;
    default:
      target.words.push_back(target.bytes.size());
      target.bytes.append(engine::as_text(std::span(source, width_of(kind()))));
      break;
  }
}

absl::Status ColumnReader::append_text(uint64_t index, ColumnVector& target) {
  const auto offset = text_offsets_.begin() + static_cast<std::ptrdiff_t>(index - offsets_start_);
  const auto size = static_cast<size_t>(offset[1] - offset[0]);
  const size_t place = target.bytes.size();
  target.words.push_back(place);
  target.sizes.push_back(static_cast<uint32_t>(size));
  if (size > window_size_) {
    target.bytes.resize(place + size);
    return texts_->read(static_cast<uint64_t>(*offset), std::as_writable_bytes(std::span(target.bytes).subspan(place)));
  }
  const int64_t window_offset = text_offsets_[static_cast<size_t>(window_start_ - offsets_start_)];
  target.bytes.append(text_bytes_, static_cast<size_t>(*offset - window_offset), size);
  return absl::OkStatus();
}

absl::Status ColumnReader::load_window(uint64_t index) {
  VERIFY_LT(index, stored_count());
  window_count_ = 0;
  if (is_text()) {
    RETURN_IF_ERROR(load_texts(index));
  } else {
    const size_t count_max = std::max<size_t>(1, window_size_ / width_of(kind()));
    RETURN_IF_ERROR(load_values(index, std::min<uint64_t>(stored_count() - index, count_max)));
  }
  if (run_column_->nulls != 0) {
    const uint64_t first_byte = index / 8;
    validity_bytes_.resize(static_cast<size_t>(engine::div_ceil(index + window_count_, 8) - first_byte));
    const absl::Status status = validity_->read(first_byte, validity_bytes_);
    if (!status.ok()) window_count_ = 0;
    RETURN_IF_ERROR(status);
  }
  return absl::OkStatus();
}

absl::Status ColumnReader::load_values(uint64_t index, size_t count) {
  const bool is_bits = kind() == Kind::bits;
  const uint64_t start = is_bits ? index / 8 : values_size(kind(), index);
  value_bytes_.resize(static_cast<size_t>(values_size(kind(), index + count) - start));
  RETURN_IF_ERROR(values_->read(start, value_bytes_));
  window_start_ = index;
  window_count_ = count;
  return absl::OkStatus();
}

// As many texts as fit. One that is longer than a window is alone in it, and read when it is wanted.
absl::Status ColumnReader::load_texts(uint64_t index) {
  RETURN_IF_ERROR(load_offsets(index));
  const auto begin = text_offsets_.begin() + static_cast<std::ptrdiff_t>(index - offsets_start_);
  const int64_t end_max = *begin + static_cast<int64_t>(window_size_);
  const auto fitting = static_cast<size_t>(std::upper_bound(begin, text_offsets_.end(), end_max) - begin) - 1;
  text_bytes_.resize(static_cast<size_t>(begin[static_cast<std::ptrdiff_t>(fitting)] - *begin));
  RETURN_IF_ERROR(texts_->read(static_cast<uint64_t>(*begin), std::as_writable_bytes(std::span<char>(text_bytes_))));
  window_start_ = index;
  window_count_ = std::max<size_t>(fitting, 1);
  return absl::OkStatus();
}

// Unless they are here.
absl::Status ColumnReader::load_offsets(uint64_t index) {
  if (index >= offsets_start_ && index - offsets_start_ < offsets_count()) return absl::OkStatus();
  window_count_ = 0;
  const size_t count_max = std::max<size_t>(1, window_size_ / offset_width);
  std::vector<int64_t> offsets(static_cast<size_t>(std::min<uint64_t>(stored_count() - index, count_max)) + 1);
  RETURN_IF_ERROR(offsets_->read(index * offset_width, writable_bytes_of(offsets)));
  const bool rising = std::ranges::is_sorted(offsets) && offsets.front() >= 0;
  const auto longest = [](int64_t a, int64_t b) { return b - a > std::numeric_limits<uint32_t>::max(); };
  if (!rising || std::ranges::adjacent_find(offsets, longest) != offsets.end()) {
    return engine::data_loss(offsets_->path() + ": offsets of values from " + std::to_string(index) +
                             " are not those of texts");
  }
  text_offsets_ = std::move(offsets);
  offsets_start_ = index;
  return absl::OkStatus();
}

}  // namespace storage
