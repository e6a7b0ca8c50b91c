// Secrets the program makes for itself under the data folder, each in a file of mode 0600.
#pragma once
#include <filesystem>
#include <string>

#include "kernel/result.hpp"
#include "platform/random.hpp"

namespace purser::app {

// The file's text; made of `bytes` random bytes on the first call.
Result<std::string> secret_from(const std::filesystem::path& file, std::size_t bytes, Random& random);
Result<Done> write_secret(const std::filesystem::path& file, const std::string& text);
std::string read_secret(const std::filesystem::path& file);  // "" where there is none

}  // namespace purser::app
