#include "platform/rpc/grpc_log.hpp"

#include <grpc/support/log.h>

#include <mutex>

#include "platform/log.hpp"

namespace purser::rpc {
namespace {

// What gRPC calls an error (a peer that hung up, a port that is taken) is news to us, not yet a fault of this process.
void write(gpr_log_func_args* args) {
  const auto level = args->severity == GPR_LOG_SEVERITY_ERROR ? log::Level::warn : log::Level::debug;
  log::write(level, "grpc", {{"text", args->message}, {"file", args->file}, {"line", args->line}});
}

}  // namespace

void route_grpc_log() {
  static std::once_flag once;
  std::call_once(once, [] { gpr_set_log_function(write); });
}

}  // namespace purser::rpc
