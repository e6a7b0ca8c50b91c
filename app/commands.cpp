#include "app/commands.hpp"

namespace purser::app {

std::vector<std::shared_ptr<void>> add_commands(CLI::App& cli, int& status) {
  return {add_serve(cli, status),  add_sandbox(cli, status), add_keys(cli, status),
          add_events(cli, status), add_verify(cli, status),  add_explain(cli, status)};
}

}  // namespace purser::app
