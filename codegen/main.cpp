// protoc-gen-purser: what protoc calls to turn a contract into C++ (--purser_out=DIR) or, with the parameter `openapi`, all
// contracts into one OpenAPI document (--purser_out=openapi:DIR).
#include <google/protobuf/compiler/code_generator.h>
#include <google/protobuf/compiler/plugin.h>

#include "codegen/openapi_generator.hpp"
#include "codegen/service_generator.hpp"

namespace purser::codegen {
namespace {

class Generator final : public google::protobuf::compiler::CodeGenerator {
 public:
  std::uint64_t GetSupportedFeatures() const override { return FEATURE_PROTO3_OPTIONAL; }

  bool Generate(const google::protobuf::FileDescriptor* file, const std::string& parameter, google::protobuf::compiler::GeneratorContext* context,
                std::string* error) const override {
    return GenerateAll({file}, parameter, context, error);
  }

  bool GenerateAll(const std::vector<const google::protobuf::FileDescriptor*>& files, const std::string& parameter,
                   google::protobuf::compiler::GeneratorContext* context, std::string* error) const override {
    if (parameter == "openapi") return generate_openapi(files, *context, *error);
    if (!parameter.empty()) {
      *error = "unknown parameter \"" + parameter + "\": give none for C++, or openapi";
      return false;
    }
    for (const auto* file : files) {
      if (!generate_services(*file, *context, *error)) return false;
    }
    return true;
  }
};

}  // namespace
}  // namespace purser::codegen

int main(int argc, char** argv) {
  const purser::codegen::Generator generator;
  return google::protobuf::compiler::PluginMain(argc, argv, &generator);
}
