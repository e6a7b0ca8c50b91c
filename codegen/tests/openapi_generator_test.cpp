#include "codegen/openapi_generator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "codegen/tests/contract.hpp"

namespace purser::codegen {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* cups = R"(
// Cups: everything about them.
syntax = "proto3";
package cups.v1;
import "google/api/annotations.proto";
import "google/protobuf/any.proto";
import "google/protobuf/timestamp.proto";
import "purser/options/v1/options.proto";

service CupService {
  // Makes a cup. It is empty at first.
  rpc CreateCup(CreateCupRequest) returns (CreateCupResponse) {
    option (google.api.http) = {post: "/cups" body: "*" response_body: "cup"};
    option (purser.options.v1.method) = {scope: SCOPE_MERCHANT mutation: true success_status: 201};
  }
  rpc UpdateCup(UpdateCupRequest) returns (UpdateCupResponse) {
    option (google.api.http) = {put: "/cups/{cup_id}" body: "*" response_body: "cup"};
    option (purser.options.v1.method) = {scope: SCOPE_MERCHANT mutation: true conditional: true};
  }
  rpc GetCup(GetCupRequest) returns (GetCupResponse) {
    option (google.api.http) = {get: "/cups/{cup_id}"};
    option (purser.options.v1.method) = {scope: SCOPE_READONLY};
  }
  rpc ListCups(ListCupsRequest) returns (ListCupsResponse) {
    option (google.api.http) = {get: "/cups" response_body: "cups"};
    option (purser.options.v1.method) = {scope: SCOPE_READONLY list: true};
  }
  rpc Inside(GetCupRequest) returns (GetCupResponse);
}

enum CupColor {
  CUP_COLOR_UNSPECIFIED = 0;
  // Like the sky.
  CUP_COLOR_BLUE = 1;
  CUP_COLOR_DARK_RED = 2;
}
message Spoon { string name = 1 [(purser.options.v1.field) = {required: true max_length: 9 example: "Tea"}]; }
message Cup {
  string id = 1;
  int64 volume = 2;
  bool full = 3;
  CupColor color = 4;
  map<string, string> metadata = 5;
  google.protobuf.Timestamp made_at = 6;
  google.protobuf.Any extra = 7;
  repeated Cup saucers = 8;
  Spoon spoon = 9;
  int64 version = 10;
  optional int32 chips = 11;
}
message CreateCupRequest {
  int64 volume = 1 [(purser.options.v1.field) = {required: true has_minimum: true minimum: 1 maximum: 900 example: "250"}];
  CupColor color = 2;
  repeated Spoon spoons = 3 [(purser.options.v1.field) = {min_items: 1 max_items: 4}];
  string shelf_id = 4 [(purser.options.v1.field) = {id_prefixes: ["shf", "box"] example: "shf_01h455vb4pex5vsknk084sn02q"}];
  string made_by = 5 [(purser.options.v1.field) = {output_only: true}];
  map<string, string> metadata = 6 [(purser.options.v1.field) = {max_items: 5}];
}
message CreateCupResponse { Cup cup = 1; }
message UpdateCupRequest { string cup_id = 1; string note = 2; }
message UpdateCupResponse { Cup cup = 1; }
message GetCupRequest { string cup_id = 1; }
message GetCupResponse { Cup cup = 1; }
message ListCupsRequest { int32 page_size = 1; string page_token = 2; string starting_after = 3; string ending_before = 4; CupColor color = 5; }
message ListCupsResponse { repeated Cup cups = 1; string next_page_token = 2; bool has_more = 3; }
// A cup fell. It is gone.
message CupBroken {
  option (purser.options.v1.event) = {type: "cup.broken" aggregate: "cup"};
  string cup_id = 1;
}
)";

class OpenApi : public testing::Test {
 protected:
  void SetUp() override {
    Contracts contracts;
    Outputs outputs;
    std::string error;
    ASSERT_TRUE(generate_openapi({contracts.add("cups/v1/cups.proto", cups)}, outputs, error)) << error;
    json_ = simdjson::padded_string(outputs.files.at("openapi.json"));
    root_ = parser_.parse(json_);
  }

  // What is at a JSON pointer, as JSON without spaces; "" for nothing.
  std::string at(const std::string& pointer) {
    simdjson::dom::element found;
    return root_.at_pointer(pointer).get(found) == simdjson::SUCCESS ? simdjson::minify(found) : "";
  }
  std::vector<std::string> names(const std::string& pointer) {
    std::vector<std::string> names;
    for (const auto member : root_.at_pointer(pointer).get_object()) names.emplace_back(member.key);
    return names;
  }
  std::vector<std::string> parameters(const std::string& operation) {
    std::vector<std::string> names;
    for (const simdjson::dom::element one : root_.at_pointer(operation + "/parameters").get_array()) {
      std::string_view name;
      if (one["name"].get(name) != simdjson::SUCCESS) name = one["$ref"].get_string();
      names.emplace_back(name.substr(name.rfind('/') + 1));
    }
    return names;
  }

 private:
  simdjson::padded_string json_;
  simdjson::dom::parser parser_;
  simdjson::dom::element root_;
};

TEST_F(OpenApi, HasThePathsOfTheContractAndTheServersOwn) {
  EXPECT_EQ(at("/openapi"), R"("3.1.0")");
  EXPECT_THAT(names("/paths"), ElementsAre("/cups", "/cups/{cup_id}", "/webhooks/stripe", "/livez", "/readyz", "/healthz", "/health", "/metrics",
                                           "/openapi.json", "/docs"));
  EXPECT_THAT(names("/paths/~1cups"), ElementsAre("post", "get"));
  EXPECT_EQ(at("/tags/0"), R"({"name":"Cups","description":"Cups: everything about them."})");
}

TEST_F(OpenApi, DescribesAMutation) {
  const std::string create = "/paths/~1cups/post";
  EXPECT_EQ(at(create + "/operationId"), R"("createCup")");
  EXPECT_EQ(at(create + "/summary"), R"("Makes a cup")");
  EXPECT_THAT(at(create + "/description"), HasSubstr("It is empty at first."));
  EXPECT_EQ(at(create + "/x-scope"), R"("merchant")");
  EXPECT_THAT(parameters(create), ElementsAre("IdempotencyKey", "Traceparent", "CorrelationId"));
  EXPECT_EQ(at(create + "/responses/201/content/application~1json/schema"), R"({"$ref":"#/components/schemas/Cup"})");
  EXPECT_THAT(names(create + "/responses/201/headers"),
              ElementsAre("Request-Id", "X-Correlation-Id", "ETag", "Location", "Idempotent-Replayed", "RateLimit", "RateLimit-Policy"));
  EXPECT_THAT(names(create + "/responses"),
              ElementsAre("201", "400", "401", "403", "404", "408", "409", "413", "415", "422", "429", "431", "500", "503", "504"));
}

TEST_F(OpenApi, PutsPathFieldsInThePathAlone) {
  const std::string update = "/paths/~1cups~1{cup_id}/put";
  EXPECT_THAT(parameters(update), ElementsAre("cup_id", "IdempotencyKey", "IfMatch", "Traceparent", "CorrelationId"));
  EXPECT_NE(at(update + "/responses/412"), "");
  EXPECT_EQ(at(update + "/requestBody/required"), "false");
  EXPECT_THAT(names("/components/schemas/UpdateCupRequest/properties"), ElementsAre("note"));
}

TEST_F(OpenApi, AnswersTheWholeMessageWithoutResponseBody) {
  EXPECT_EQ(at("/paths/~1cups~1{cup_id}/get/responses/200/content/application~1json/schema"), R"({"$ref":"#/components/schemas/GetCupResponse"})");
  EXPECT_EQ(at("/paths/~1cups~1{cup_id}/get/responses/409"), "");
  EXPECT_EQ(at("/paths/~1cups~1{cup_id}/get/summary"), R"("Get cup")");
}

TEST_F(OpenApi, AsksForPagesTheRestWay) {
  EXPECT_THAT(parameters("/paths/~1cups/get"), ElementsAre("Limit", "starting_after", "ending_before", "color", "Traceparent", "CorrelationId"));
  EXPECT_EQ(at("/components/schemas/CupList/required"), R"(["object","data","has_more","url"])");
  EXPECT_EQ(at("/components/schemas/CupList/properties/data/items"), R"({"$ref":"#/components/schemas/Cup"})");
  EXPECT_EQ(at("/components/schemas/ListCupsResponse"), "");
}

TEST_F(OpenApi, StatesTheRulesOfRequests) {
  const std::string request = "/components/schemas/CreateCupRequest";
  EXPECT_EQ(at(request + "/required"), R"(["volume","spoons"])");
  EXPECT_EQ(at(request + "/additionalProperties"), "false");
  EXPECT_EQ(at(request + "/properties/volume"), R"({"type":"integer","format":"int64","minimum":1,"maximum":900,"examples":[250]})");
  EXPECT_EQ(at(request + "/properties/spoons"), R"({"type":"array","items":{"$ref":"#/components/schemas/SpoonInput"},"minItems":1,"maxItems":4})");
  EXPECT_EQ(at(request + "/properties/shelf_id/pattern"), R"("^(shf|box)_[0-7][0-9a-hjkmnp-tv-z]{25}$")");
  EXPECT_EQ(at(request + "/properties/made_by"), "");
  EXPECT_EQ(at(request + "/properties/metadata/maxProperties"), "5");
  EXPECT_EQ(at("/components/schemas/SpoonInput/properties/name/maxLength"), "9");
  EXPECT_EQ(at("/paths/~1cups/post/requestBody/content/application~1json/example"), R"({"volume":250,"spoons":[{"name":"Tea"}]})");
}

TEST_F(OpenApi, NamesWhatIsAlwaysAnswered) {
  const std::string cup = "/components/schemas/Cup";
  EXPECT_EQ(at(cup + "/required"), R"(["volume","full","version"])");
  EXPECT_EQ(at(cup + "/additionalProperties"), "");
  EXPECT_EQ(at(cup + "/properties/made_at"), R"({"type":"string","format":"date-time"})");
  EXPECT_EQ(at(cup + "/properties/extra"), R"({"type":"object"})");
  EXPECT_EQ(at(cup + "/properties/metadata"), R"({"type":"object","additionalProperties":{"type":"string"}})");
  EXPECT_EQ(at(cup + "/properties/saucers/items"), R"({"$ref":"#/components/schemas/Cup"})");
  EXPECT_EQ(at("/components/schemas/Spoon/properties/name/maxLength"), "");
}

TEST_F(OpenApi, StripsEnumPrefixesAndTheZeroValue) {
  EXPECT_EQ(at("/components/schemas/CupColor/enum"), R"(["BLUE","DARK_RED"])");
  EXPECT_THAT(at("/components/schemas/CupColor/description"), HasSubstr("- `BLUE`: Like the sky."));
}

TEST_F(OpenApi, ListsEventsAsPlannedWebhooks) {
  EXPECT_THAT(names("/webhooks"), ElementsAre("cup.broken"));
  EXPECT_EQ(at("/webhooks/cup.broken/post/x-status"), R"("planned")");
  EXPECT_EQ(at("/webhooks/cup.broken/post/summary"), R"("A cup fell")");
  const std::string body = "/webhooks/cup.broken/post/requestBody/content/application~1cloudevents+json/schema/allOf/1/properties";
  EXPECT_EQ(at(body), R"({"type":{"const":"cup.broken"},"data":{"$ref":"#/components/schemas/CupBroken"}})");
}

std::string generate(const std::vector<const google::protobuf::FileDescriptor*>& files, std::string& error) {
  Outputs outputs;
  return generate_openapi(files, outputs, error) ? outputs.files.at("openapi.json") : "";
}

TEST(OpenApiGenerator, GivesTheSameBytesInWhateverOrderFilesCome) {
  Contracts contracts;
  const auto* one = contracts.add("cups/v1/cups.proto", cups);
  const auto* two = contracts.add("cans/v1/cans.proto", R"(syntax = "proto3"; package cans.v1; import "google/api/annotations.proto";
      service CanService { rpc GetCan(Request) returns (Cup) { option (google.api.http) = {get: "/cans"}; } } message Request {} message Cup {})");
  std::string error;
  const std::string document = generate({one, two}, error);
  EXPECT_EQ(document, generate({two, one}, error));
  EXPECT_THAT(document, HasSubstr("\"cans.v1.Cup\""));  // two packages, one short name
  EXPECT_THAT(document, HasSubstr("\"cups.v1.Cup\""));
}

TEST(OpenApiGenerator, RefusesWhatRestCannotServe) {
  struct Row {
    const char* rule;
    const char* why;
  };
  const Row rows[] = {
      {R"(get: "/cups/{id}")", "{id} in the path is no field"},
      {R"(post: "/cups" body: "name")", "the body of a REST request"},
      {R"(get: "/cups" response_body: "nothing")", "response_body must name a message"},
      {R"(custom: {kind: "HEAD" path: "/cups"})", "a REST method is"},
      {R"(get: "/cups" additional_bindings: {get: "/mugs"})", "additional_bindings"},
  };
  for (const Row& row : rows) {
    Contracts contracts;
    std::string error;
    const auto* file = contracts.add("cups/v1/cups.proto", std::string(R"(syntax = "proto3"; package cups.v1; import "google/api/annotations.proto";
        service CupService { rpc GetCup(Request) returns (Response) { option (google.api.http) = {)") +
                                                               row.rule + R"(}; } } message Request { string name = 1; } message Response {})");
    EXPECT_EQ(generate({file}, error), "") << row.rule;
    EXPECT_THAT(error, HasSubstr(row.why)) << row.rule;
    EXPECT_THAT(error, HasSubstr("cups.v1.CupService.GetCup")) << row.rule;
  }
}

}  // namespace
}  // namespace purser::codegen
