// purser: the one program. `purser --help` lists its commands.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <csignal>

#include "app/commands.hpp"
#include "app/version.hpp"
#include "platform/log.hpp"

namespace {

// The first word that should be a command and is none, with what stands before it: "keys mak". Empty where there is none.
std::string unknown_command(const CLI::App& cli, int argc, char** argv) {
  const CLI::App* at = &cli;
  std::string words;
  for (int i = 1; i < argc && argv[i][0] != '-' && !at->get_subcommands({}).empty(); ++i) {
    words += (words.empty() ? "" : " ") + std::string(argv[i]);
    const auto named = at->get_subcommands([&](const CLI::App* command) { return command->get_name() == argv[i]; });
    if (named.empty()) return words;
    at = named.front();
  }
  return "";
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App cli("Purser: orders and payments, never twice.", "purser");
  cli.require_subcommand(1);
  cli.set_version_flag("--version", std::string(purser::app::version));
  // Writing to a closed socket or beyond a size limit is an error to be answered, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  int status = 0;
  const auto commands = purser::app::add_commands(cli, status);
  if (const std::string words = unknown_command(cli, argc, argv); !words.empty()) {
    fmt::print(stderr, "purser: there is no command \"{}\". `purser --help` lists what there is.\n", words);
    return 2;
  }
  CLI11_PARSE(cli, argc, argv);
  purser::log::flush();
  return status;
}
