// gRPC's own messages as lines of our log. Idempotent; called before anything of gRPC is made.
#pragma once

namespace purser::rpc {
void route_grpc_log();
}  // namespace purser::rpc
