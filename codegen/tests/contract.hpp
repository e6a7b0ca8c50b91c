// A contract given as text, and what the generators write for it.
#pragma once
#include <google/protobuf/compiler/code_generator.h>
#include <google/protobuf/descriptor.h>

#include <map>
#include <string>

namespace purser::codegen {

// .proto texts, which may import google/api/annotations.proto, purser's options, and Timestamp, Any and Empty.
class Contracts {
 public:
  Contracts();
  const google::protobuf::FileDescriptor* add(const std::string& path, const std::string& text);

 private:
  void add_known(const google::protobuf::FileDescriptor& file);

  google::protobuf::DescriptorPool pool_;
};

// Keeps what is written, by path.
class Outputs final : public google::protobuf::compiler::GeneratorContext {
 public:
  google::protobuf::io::ZeroCopyOutputStream* Open(const std::string& path) override;
  std::map<std::string, std::string> files;
};

}  // namespace purser::codegen
