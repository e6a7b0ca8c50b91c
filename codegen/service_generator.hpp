// From one .proto to <path>.purser.hpp and <path>.purser.cpp, in the .proto's namespace:
//   class FooService          the coroutine interface: one pure virtual method for each rpc
//   bind(service)             the service as the faces serve it (platform/rpc/service.hpp)
//   class FooServiceClient    the same interface, answered over a Channel
//   event_prototypes()        the file's event messages, where it has any; calling it links them
// A .proto with neither services nor events gives two files that declare nothing, so that a build knows its outputs beforehand.
#pragma once
#include <google/protobuf/compiler/code_generator.h>
#include <google/protobuf/descriptor.h>

#include <string>

namespace purser::codegen {

// False, and why in `error`, for what cannot be served: a streaming rpc, a service whose file has no message.
bool generate_services(const google::protobuf::FileDescriptor& file, google::protobuf::compiler::GeneratorContext& context, std::string& error);

}  // namespace purser::codegen
