// Where `millrace inspect` writes: records, as aligned text or as one JSON object a line ({"record": kind, ...}).
//
// A reader that goes away, such as `head`, ends the process with exit code 0: nothing is left to be done for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/status.h"

namespace tools {

// Fields in the order in which they are shown. A field that is an object is shown as its own fields.
using Record = nlohmann::ordered_json;

enum class InspectFormat : uint8_t { text, json };

class InspectOutput {
 public:
  explicit InspectOutput(InspectFormat format) : format_(format) {}

  // One field a line.
  void fields(std::string_view kind, const Record& record);

  // All fields in one line.
  void line(std::string_view kind, const Record& record);

  // A line each below a line of names; records of one kind have the same fields.
  void table(std::string_view kind, std::span<const Record> records);

  // Something cannot be read: which file, where in it, why.
  void damage(std::string_view path, uint64_t offset, std::string_view why);
  void damage(std::string_view path, const absl::Status& status);

  bool damaged() const { return damaged_; }

  // Hands everything to the reader. False when that failed.
  bool finish();

 private:
  void write(std::string_view text);
  void write_json(std::string_view kind, const Record& record);

  InspectFormat format_;
  bool damaged_ = false;
};

std::string hex(uint64_t value, int digits);
std::string hex(std::span<const std::byte> bytes);

}  // namespace tools
