#include "codegen/service_generator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codegen/tests/contract.hpp"

namespace purser::codegen {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Generated {
  bool ok;
  std::string error;
  std::map<std::string, std::string> files;
};

Generated generate(const std::string& text) {
  Contracts contracts;
  const auto* file = contracts.add("cups/v1/cups.proto", text);
  Outputs outputs;
  std::string error;
  const bool ok = file != nullptr && generate_services(*file, outputs, error);
  return {ok, error, outputs.files};
}

constexpr const char* head = R"(syntax = "proto3"; package cups.v1; message Request {} message Response {} )";

TEST(ServiceGenerator, RefusesStreams) {
  for (const char* rpc : {"rpc Watch(Request) returns (stream Response);", "rpc Watch(stream Request) returns (Response);"}) {
    const auto got = generate(std::string(head) + "service CupService { " + rpc + " }");
    EXPECT_FALSE(got.ok) << rpc;
    EXPECT_THAT(got.error, HasSubstr("cups.v1.CupService.Watch is a streaming rpc")) << rpc;
    EXPECT_TRUE(got.files.empty()) << rpc;
  }
}

TEST(ServiceGenerator, RefusesAServiceWithoutMessagesOfItsOwn) {
  const auto got = generate(R"(syntax = "proto3"; package cups.v1; import "google/protobuf/empty.proto";
      service CupService { rpc Wash(google.protobuf.Empty) returns (google.protobuf.Empty); })");
  EXPECT_FALSE(got.ok);
  EXPECT_THAT(got.error, HasSubstr("in its own file"));
}

TEST(ServiceGenerator, WritesBothFilesEvenForNothing) {
  const auto got = generate(R"(syntax = "proto3"; package cups.v1; message Cup {})");
  ASSERT_TRUE(got.ok) << got.error;
  ASSERT_EQ(got.files.size(), 2U);
  EXPECT_THAT(got.files.at("cups/v1/cups.purser.hpp"), Not(HasSubstr("namespace")));
  EXPECT_THAT(got.files.at("cups/v1/cups.purser.cpp"), HasSubstr("#include \"cups/v1/cups.purser.hpp\""));
}

TEST(ServiceGenerator, CarriesCommentsOver) {
  const auto got = generate(std::string(head) + R"(
      // Keeps cups.
      service CupService {
        // Washes one,
        //
        // and dries it.
        rpc Wash(Request) returns (Response);
      })");
  ASSERT_TRUE(got.ok) << got.error;
  const std::string& header = got.files.at("cups/v1/cups.purser.hpp");
  EXPECT_THAT(header, HasSubstr("// Keeps cups.\nclass CupService {"));
  EXPECT_THAT(header, HasSubstr("  // Washes one,\n  //\n  // and dries it.\n  virtual ::purser::Reply<Response> Wash("));
}

}  // namespace
}  // namespace purser::codegen
