// An Error on gRPC's wire and back: google.rpc.Status with ErrorInfo (AIP-193), BadRequest where fields broke rules, RetryInfo
// where the Error says when to try again. Between two of our own processes it comes back as it was.
//
// Details travel in HTTP/2 trailers, which common clients take up to 8 KiB of: field errors beyond `field_bytes_max` are left
// out, and ErrorInfo.metadata says how many ("fields_left_out").
#pragma once
#include <grpcpp/support/status.h>

#include <cstddef>
#include <string_view>

#include "kernel/result.hpp"

namespace purser::rpc {

inline constexpr std::string_view error_domain = "purser";
inline constexpr std::size_t field_bytes_max = 3000;

grpc::Status to_status(const Error& error);

// `status` is not OK. Without our details (gRPC itself spoke, or a proxy) the status code decides the kind.
Error to_error(const grpc::Status& status);

// "NOT_FOUND": as gRPC's documents write it.
std::string_view code_text(grpc::StatusCode code);

}  // namespace purser::rpc
