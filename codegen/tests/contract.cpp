#include "codegen/tests/contract.hpp"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/empty.pb.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/timestamp.pb.h>
#include <gtest/gtest.h>

#include "google/api/annotations.pb.h"
#include "purser/options/v1/options.pb.h"

namespace purser::codegen {
namespace {

class Complaints final : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber, const std::string& message) override {
    ADD_FAILURE() << "line " << line + 1 << ": " << message;
  }
};

}  // namespace

Contracts::Contracts() {
  for (const auto* type : {google::api::HttpRule::descriptor(), options::v1::MethodRules::descriptor(), google::protobuf::Timestamp::descriptor(),
                           google::protobuf::Any::descriptor(), google::protobuf::Empty::descriptor()}) {
    add_known(*type->file());
  }
  add_known(*google::protobuf::DescriptorPool::generated_pool()->FindFileByName("google/api/annotations.proto"));
}

void Contracts::add_known(const google::protobuf::FileDescriptor& file) {
  if (pool_.FindFileByName(file.name()) != nullptr) return;
  for (int i = 0; i < file.dependency_count(); ++i) add_known(*file.dependency(i));
  google::protobuf::FileDescriptorProto proto;
  file.CopyTo(&proto);
  pool_.BuildFile(proto);
}

const google::protobuf::FileDescriptor* Contracts::add(const std::string& path, const std::string& text) {
  google::protobuf::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
  Complaints complaints;
  google::protobuf::io::Tokenizer tokenizer(&stream, &complaints);
  google::protobuf::compiler::Parser parser;
  parser.RecordErrorsTo(&complaints);
  google::protobuf::FileDescriptorProto proto;
  parser.Parse(&tokenizer, &proto);
  proto.set_name(path);
  return pool_.BuildFile(proto);
}

google::protobuf::io::ZeroCopyOutputStream* Outputs::Open(const std::string& path) {
  return new google::protobuf::io::StringOutputStream(&files[path]);  // the caller's, as the interface says
}

}  // namespace purser::codegen
