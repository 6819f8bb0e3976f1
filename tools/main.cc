// The `millrace` binary: one subcommand per use. A command line that it does not understand is one line on stderr and exit code 2.
#include <CLI/CLI.hpp>
#include <cstdio>

namespace {

constexpr int usage_error_exit_code = 2;

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Millrace: time-series rows in over the wire, durable, out as column files", "millrace"};
  app.set_version_flag("--version", "millrace " MILLRACE_VERSION);
  app.require_subcommand(1);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    std::fprintf(stderr, "millrace: %s\n", error.what());
    return usage_error_exit_code;
  }
  return 0;
}
