// A subcommand of the `millrace` binary. main.cc holds the table of all.
//
// A command line that is not understood, or that names something unusable, is one line on stderr that names the culprit; the
// exit code is then exit_usage and nothing was touched.
#pragma once

namespace CLI {
class App;
}

namespace tools {

inline constexpr int exit_ok = 0;
inline constexpr int exit_failed = 1;  // it ran, and the answer is no
inline constexpr int exit_usage = 2;

class Command {
 public:
  virtual ~Command() = default;

  // Declares the options. They are stored in this object, and valid, when run() is called.
  virtual void add_options(CLI::App& app) = 0;

  // The exit code.
  virtual int run() = 0;
};

}  // namespace tools
