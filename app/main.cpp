// purser: the one program. `purser --help` lists its commands.
#include <CLI/CLI.hpp>
#include <csignal>

#include "app/commands.hpp"
#include "app/version.hpp"
#include "platform/log.hpp"

int main(int argc, char** argv) {
  CLI::App cli("Purser: orders and payments, never twice.", "purser");
  cli.require_subcommand(1);
  cli.set_version_flag("--version", std::string(purser::app::version));
  // Writing to a closed socket or beyond a size limit is an error to be answered, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  int status = 0;
  const auto commands = purser::app::add_commands(cli, status);
  CLI11_PARSE(cli, argc, argv);
  purser::log::flush();
  return status;
}
