// From all contracts to one OpenAPI 3.1 document, openapi.json: what the REST face (platform/rpc/rest.hpp) serves, taken from
// google.api.http, the options of purser/options/v1 and the comments. The same contracts give the same bytes.
#pragma once
#include <google/protobuf/compiler/code_generator.h>
#include <google/protobuf/descriptor.h>

#include <string>
#include <vector>

namespace purser::codegen {

// False, and why in `error`, for a contract whose REST face cannot be described: a body other than "*", a path parameter that is
// no field of the request, a list without its repeated field.
bool generate_openapi(const std::vector<const google::protobuf::FileDescriptor*>& files, google::protobuf::compiler::GeneratorContext& context,
                      std::string& error);

}  // namespace purser::codegen
