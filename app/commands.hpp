// The program's commands. Each is a file of its own: what it takes, what it does, what it prints.
#pragma once
#include <memory>
#include <vector>

namespace CLI {
class App;
}

namespace purser::app {

// Adds all commands to `cli`; the one that runs sets `status`, the exit code. What they parse into lives in the result.
std::vector<std::shared_ptr<void>> add_commands(CLI::App& cli, int& status);

std::shared_ptr<void> add_serve(CLI::App& cli, int& status);
std::shared_ptr<void> add_sandbox(CLI::App& cli, int& status);
std::shared_ptr<void> add_keys(CLI::App& cli, int& status);
std::shared_ptr<void> add_events(CLI::App& cli, int& status);
std::shared_ptr<void> add_verify(CLI::App& cli, int& status);
std::shared_ptr<void> add_explain(CLI::App& cli, int& status);

}  // namespace purser::app
