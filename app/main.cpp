// purser: the one program. `purser --help` lists its commands.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "app/commands.hpp"
#include "app/version.hpp"
#include "platform/log.hpp"

int main(int argc, char** argv) {
  CLI::App cli("Purser: orders and payments, never twice.", "purser");
  cli.require_subcommand(1);
  cli.set_version_flag("--version", std::string(purser::app::version));
  int status = 0;
  const auto commands = purser::app::add_commands(cli, status);
  CLI11_PARSE(cli, argc, argv);
  purser::log::flush();
  return status;
}
