// The `millrace` binary: one subcommand per use. A command line that it does not understand is one line on stderr and exit
// code 2.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <string>

#include "engine/base/build_info.h"
#include "tools/cli/command.h"
#include "tools/inspect/inspect.h"
#include "tools/load/load.h"
#include "tools/serve/serve.h"
#include "tools/sink/sink.h"
#include "tools/sql/sql.h"

namespace tools {
namespace {

struct Subcommand {
  const char* name;
  const char* description;
  std::unique_ptr<Command> (*make)();
};

constexpr std::array subcommands = {
    Subcommand{"inspect", "show what stands in a data directory or in one of its files", make_inspect_command},
    Subcommand{"load", "send generated rows to a server and check that they can be read back", make_load_command},
    Subcommand{"serve", "run the server", make_serve_command},
    Subcommand{"sink", "receive rows and forget them: what the machine can do at best", make_sink_command},
    Subcommand{"sql", "answer a query on the files of a data directory, or ask a running server", make_sql_command},
};

int usage_error(const CLI::App& app, const std::string& message) {
  const std::vector<CLI::App*> chosen = app.get_subcommands();
  const std::string name = chosen.empty() ? "millrace" : "millrace " + chosen.front()->get_name();
  std::fputs(fmt::format("{0}: {1} ({0} --help lists what there is)\n", name, message).c_str(), stderr);
  return exit_usage;
}

int run(int argc, char** argv) {
  CLI::App app{"Millrace: time-series rows in over the wire, durable, out as column files", "millrace"};
  app.set_version_flag("--version", "millrace " + std::string(engine::version()));
  app.require_subcommand(0, 1);
  std::map<std::string, std::unique_ptr<Command>> commands;
  for (const Subcommand& subcommand : subcommands) {
    std::unique_ptr<Command>& command = commands[subcommand.name];
    command = subcommand.make();
    command->add_options(*app.add_subcommand(subcommand.name, subcommand.description));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    return usage_error(app, error.what());
  }
  if (app.get_subcommands().empty()) return usage_error(app, "a subcommand is missing");
  return commands[app.get_subcommands().front()->get_name()]->run();
}

}  // namespace
}  // namespace tools

int main(int argc, char** argv) { return tools::run(argc, argv); }
