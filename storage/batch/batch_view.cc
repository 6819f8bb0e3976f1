#include "storage/batch/batch_view.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "engine/base/bytes.h"
#include "engine/base/verify.h"
#include "storage/schema/schema.h"

namespace storage {
namespace {

using engine::load;

template <typename T>
void widen(const std::byte* source, uint32_t rows, uint64_t base, uint64_t* target) {
  for (uint32_t i = 0; i < rows; ++i) target[i] = base + load<T>(source + i * sizeof(T));
}

template <typename T>
uint64_t sum_of(const std::byte* source, uint32_t rows) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < rows; ++i) sum += load<T>(source + i * sizeof(T));
  return sum;
}

uint64_t text_size_total(const std::byte* lengths, uint32_t rows, size_t width) {
  if (width == 1) return sum_of<uint8_t>(lengths, rows);
  return width == 2 ? sum_of<uint16_t>(lengths, rows) : sum_of<uint32_t>(lengths, rows);
}

absl::Status bad_body(std::string_view what) { return engine::data_loss(std::string("batch body: ").append(what)); }

bool encoding_fits(Kind kind, BatchEncoding encoding) {
  if (kind == Kind::texts) return is_text(encoding);
  return is_word(kind) ? !is_text(encoding) && encoding != BatchEncoding::raw : encoding == BatchEncoding::raw;
}

// Checks one directory entry and says where its values are.
absl::StatusOr<BatchColumn> parse_column(std::span<const std::byte> body, const BatchEntry& entry, uint32_t rows) {
  if (!is_column_type(entry.type)) return bad_body("unknown column type");
  if (entry.encoding > static_cast<uint8_t>(BatchEncoding::raw)) return bad_body("unknown encoding");
  BatchColumn column{.id = ColumnId{entry.column},
                     .type = static_cast<ColumnType>(entry.type),
                     .encoding = static_cast<BatchEncoding>(entry.encoding),
                     .base = entry.base,
                     .values = {}};
  const Kind kind = kind_of(column.type);
  if (!encoding_fits(kind, column.encoding)) return bad_body("encoding does not fit the column type");
  const bool is_raw = column.encoding == BatchEncoding::raw;
  if (entry.width != (is_raw ? storage::width_of(kind) : 0)) return bad_body("width is not that of the column type");
  if (uint64_t{entry.offset} + entry.size > body.size()) return bad_body("column data beyond the end");
  std::span<const std::byte> data = body.subspan(entry.offset, entry.size);
  if ((entry.flags & batch_entry_has_nulls) != 0) {
    if (data.size() < batch_validity_size(rows)) return bad_body("validity bitmap beyond the column data");
    column.validity = data.data();
    data = data.subspan(batch_validity_size(rows));
  }
  const size_t width = is_raw ? entry.width : encoded_width(column.encoding);
  const uint64_t fixed_size = uint64_t{rows} * width;
  if (data.size() < fixed_size) return bad_body("values beyond the column data");
  const uint64_t texts_size = is_text(column.encoding) ? text_size_total(data.data(), rows, width) : 0;
  if (data.size() != fixed_size + texts_size) return bad_body("column data of another size than its values");
  column.values = data;
  return column;
}

// The values of all rows, widened; those of nulls are 0.
void decode_words(const BatchColumn& column, uint32_t rows, std::vector<uint64_t>& words) {
  const size_t start = words.size();
  words.resize(start + rows);
  uint64_t* target = words.data() + start;
  const std::byte* source = column.values.data();
  switch (column.encoding) {
    case BatchEncoding::for0:
      std::fill_n(target, rows, column.base);
      break;
    case BatchEncoding::for1:
      widen<uint8_t>(source, rows, column.base, target);
      break;
    case BatchEncoding::for2:
      widen<uint16_t>(source, rows, column.base, target);
      break;
    case BatchEncoding::for4:
      widen<uint32_t>(source, rows, column.base, target);
      break;
    case BatchEncoding::for8:
      widen<uint64_t>(source, rows, column.base, target);
      break;
    default:
      UNREACHABLE("encoding of words");
  }
  if (column.validity == nullptr) return;
  for (uint32_t row = 0; row < rows; ++row) {
    if (!column.present(row)) target[row] = 0;
  }
}

void decode_texts(const BatchColumn& column, uint32_t rows, ColumnVector& target) {
  const size_t width = encoded_width(column.encoding);
  const std::byte* source = column.values.data();
  uint64_t start = target.bytes.size();
  for (uint32_t row = 0; row < rows; ++row, source += width) {
    const uint32_t size = width == 1 ? load<uint8_t>(source) : width == 2 ? load<uint16_t>(source) : load<uint32_t>(source);
    target.words.push_back(start);
    target.sizes.push_back(size);
    start += size;
  }
  target.bytes.append(engine::as_text(column.values.subspan(rows * width)));
  VERIFY_EQ(start, target.bytes.size());  // as parse() has checked
}

// Nulls take no bytes.
void decode_raw(const BatchColumn& column, uint32_t rows, size_t width, ColumnVector& target) {
  const std::string_view values = engine::as_text(column.values);
  for (uint32_t row = 0; row < rows; ++row) {
    const bool present = column.present(row);
    target.words.push_back(present ? target.bytes.size() : 0);
    if (present) target.bytes.append(values.substr(row * width, width));
  }
}

}  // namespace

absl::StatusOr<BatchView> BatchView::parse(std::span<const std::byte> body) {
  BatchView view;
  if (body.size() < sizeof(BatchHeader)) return bad_body("shorter than its header");
  view.header_ = load<BatchHeader>(body.data());
  const BatchHeader& header = view.header_;
  if (header.rows == 0 || header.rows > batch_rows_max) return bad_body("row count out of range");
  if (header.column_count == 0 || header.column_count > columns_max) return bad_body("column count out of range");
  if (body.size() < sizeof(BatchHeader) + uint64_t{header.column_count} * sizeof(BatchEntry)) {
    return bad_body("directory beyond the end");
  }
  view.columns_.reserve(header.column_count);
  for (uint32_t i = 0; i < header.column_count; ++i) {
    const auto entry = load<BatchEntry>(body.data() + sizeof(BatchHeader) + i * sizeof(BatchEntry));
    ASSIGN_OR_RETURN(const BatchColumn column, parse_column(body, entry, header.rows));
    view.columns_.push_back(column);
  }
  if (header.designated >= header.column_count) return bad_body("designated column out of range");
  if (!is_timestamp(view.designated().type)) return bad_body("designated column is no timestamp");
  if (view.designated().validity != nullptr) return bad_body("designated column has nulls");
  return view;
}

void decode(const BatchColumn& column, uint32_t rows, ColumnVector& target) {
  VERIFY_EQ(column.type, target.type);
  const size_t places = target.places() + rows;
  const Kind kind = kind_of(column.type);
  if (kind == Kind::texts) {
    decode_texts(column, rows, target);
  } else if (is_word(kind)) {
    decode_words(column, rows, target.words);
  } else {
    decode_raw(column, rows, width_of(kind), target);
  }
  VERIFY_EQ(target.places(), places);
}

}  // namespace storage
