#include "tools/inspect/inspect.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string>

#include "engine/base/bytes.h"
#include "engine/io/blocking.h"
#include "storage/wal/format.h"
#include "tools/cli/args.h"
#include "tools/inspect/directory.h"
#include "tools/inspect/output.h"
#include "tools/inspect/source.h"
#include "tools/inspect/tables.h"
#include "tools/inspect/wal.h"

namespace tools {
namespace {

absl::StatusOr<InspectFormat> parse_inspect_format(std::string_view text) {
  if (text == "text") return InspectFormat::text;
  if (text == "json") return InspectFormat::json;
  return engine::invalid_argument(fmt::format("'{}', expected text or json", text));
}

bool is_segment(const InspectSource& source, std::span<const std::byte> bytes) {
  const bool has_magic = bytes.size() >= sizeof(uint64_t) && engine::load<uint64_t>(bytes.data()) == storage::wal_magic;
  return has_magic || segment_name_of(source).has_value();
}

absl::Status inspect_file(const InspectSource& source, InspectOutput& output) {
  ASSIGN_OR_RETURN(const std::vector<std::byte> bytes,
                   engine::read_file(*source.backend, source.path, inspected_segment_size_max));
  const std::string name = std::filesystem::path(source.path).filename().string();
  if (is_segment(source, bytes)) {
    inspect_segment(source, bytes, output);
  } else if (is_superblock(bytes, name)) {
    inspect_superblock(source.path, bytes, output);
  } else if (const auto kind = table_file_kind(bytes, name)) {
    inspect_table_file(*kind, source.path, bytes, output);
  } else {
    return engine::invalid_argument(source.path + ": no segment, manifest, schema or superblock; docs/tables.md has the rest");
  }
  return absl::OkStatus();
}

class InspectCommand final : public Command {
 public:
  void add_options(CLI::App& app) override {
    app.add_option("path", path_,
                   "a data directory, or a file in one (or a copy of it): WAL segment, manifest, schema, superblock")
        ->required();
    add_parsed(app, "--format", format_, parse_inspect_format, "text, or json: one object a line (text)");
    app.footer(
        "Exit code 1: something is damaged, and said to be. Beside a running server the log may change while it is read.");
  }

  int run() override {
    std::signal(SIGPIPE, SIG_IGN);
    InspectOutput output(format_);
    if (const absl::Status status = inspect(output); !status.ok()) {
      std::fputs(fmt::format("millrace inspect: {}\n", engine::message_of(status)).c_str(), stderr);
      return exit_usage;
    }
    return output.finish() && !output.damaged() ? exit_ok : exit_failed;
  }

 private:
  absl::Status inspect(InspectOutput& output) const {
    ASSIGN_OR_RETURN(const InspectSource source, open_inspect_source(path_));
    if (!source.is_directory) return inspect_file(source, output);
    if (!source.in_database || source.path != ".") return engine::invalid_argument(path_ + ": not a Millrace data directory");
    inspect_directory(source, output);
    return absl::OkStatus();
  }

  std::string path_;
  InspectFormat format_ = InspectFormat::text;
};

}  // namespace

std::unique_ptr<Command> make_inspect_command() { return std::make_unique<InspectCommand>(); }

}  // namespace tools
