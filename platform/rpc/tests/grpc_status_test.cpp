#include "platform/rpc/grpc_status.hpp"

#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <gtest/gtest.h>

namespace purser::rpc {
namespace {

using grpc::StatusCode;

template <class Detail>
std::optional<Detail> detail_of(const grpc::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  for (const auto& any : details.details()) {
    Detail detail;
    if (any.UnpackTo(&detail)) return detail;
  }
  return std::nullopt;
}

TEST(GrpcStatus, BringsEveryErrorBackAsItWas) {
  const Error errors[] = {
      {.kind = Kind::not_found, .code = "order_not_found", .detail = "There is no such order."},
      {.kind = Kind::conflict, .code = "illegal_transition", .detail = "No.", .metadata = {{"state", "EXPIRED"}, {"allowed", ""}}},
      {.kind = Kind::conflict, .code = "odd", .detail = "Ünï ☂", .metadata = {{"code", "another"}, {"kind", "of"}}},
      {.kind = Kind::unavailable, .code = "store_unavailable", .detail = "", .retry_after_seconds = 7},
      {.kind = Kind::rate_limited, .code = "rate_limited", .detail = "Slower.", .retry_after_seconds = 0},
      {.kind = Kind::conflict, .code = "idempotency_key_in_use", .detail = "Still running."},
      invalid({{"/items/0/unit_price", "must be at least 0", "too_small"}, {"", "must not be empty", "required"}, {"/a~1b/~0", "x", "y"}}),
  };
  for (const Error& error : errors) EXPECT_EQ(to_error(to_status(error)), error) << error.code;
}

TEST(GrpcStatus, GivesEveryKindACode) {
  struct Row {
    Kind kind;
    StatusCode want;
  };
  const Row rows[] = {
      // clang-format off
      {Kind::malformed,        StatusCode::INVALID_ARGUMENT},
      {Kind::unauthenticated,  StatusCode::UNAUTHENTICATED},
      {Kind::forbidden,        StatusCode::PERMISSION_DENIED},
      {Kind::not_found,        StatusCode::NOT_FOUND},
      {Kind::wrong_method,     StatusCode::UNIMPLEMENTED},
      {Kind::too_slow,         StatusCode::DEADLINE_EXCEEDED},
      {Kind::conflict,         StatusCode::FAILED_PRECONDITION},
      {Kind::stale,            StatusCode::ABORTED},
      {Kind::too_large,        StatusCode::RESOURCE_EXHAUSTED},
      {Kind::unsupported,      StatusCode::INVALID_ARGUMENT},
      {Kind::invalid,          StatusCode::INVALID_ARGUMENT},
      {Kind::rate_limited,     StatusCode::RESOURCE_EXHAUSTED},
      {Kind::header_too_large, StatusCode::RESOURCE_EXHAUSTED},
      {Kind::internal,         StatusCode::INTERNAL},
      {Kind::unavailable,      StatusCode::UNAVAILABLE},
      {Kind::timeout,          StatusCode::DEADLINE_EXCEEDED},
      // clang-format on
  };
  for (const Row& row : rows) {
    const Error error{.kind = row.kind, .code = "some_code", .detail = "why"};
    EXPECT_EQ(to_status(error).error_code(), row.want) << code_text(row.want);
    EXPECT_EQ(to_error(to_status(error)).kind, row.kind) << code_text(row.want);
  }
}

TEST(GrpcStatus, SpeaksToForeignClientsInGooglesTerms) {
  Error error = invalid("/items/10/unit_price", "too_small", "must be at least 0");
  error.metadata["limit"] = "0";
  error.retry_after_seconds = 3;
  const grpc::Status status = to_status(error);
  EXPECT_EQ(status.error_message(), "must be at least 0");

  const auto info = detail_of<google::rpc::ErrorInfo>(status);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->reason(), "VALIDATION_FAILED");
  EXPECT_EQ(info->domain(), "purser");
  EXPECT_EQ(info->metadata().at("code"), "validation_failed");
  EXPECT_EQ(info->metadata().at("limit"), "0");

  const auto bad = detail_of<google::rpc::BadRequest>(status);
  ASSERT_TRUE(bad);
  ASSERT_EQ(bad->field_violations_size(), 1);
  EXPECT_EQ(bad->field_violations(0).field(), "items[10].unit_price");
  EXPECT_EQ(bad->field_violations(0).description(), "must be at least 0");

  const auto retry = detail_of<google::rpc::RetryInfo>(status);
  ASSERT_TRUE(retry);
  EXPECT_EQ(retry->retry_delay().seconds(), 3);
}

TEST(GrpcStatus, LeavesOutFieldsThatNoTrailerCouldHold) {
  std::vector<FieldError> fields;
  for (int i = 0; i < 500; ++i) fields.push_back({"/items/" + std::to_string(i) + "/sku", "is required", "required"});
  const grpc::Status status = to_status(invalid(fields));
  EXPECT_LT(status.error_details().size() * 4 / 3, 7u << 10);

  const Error back = to_error(status);
  ASSERT_GT(back.fields.size(), 10u);
  EXPECT_TRUE(std::equal(back.fields.begin(), back.fields.end(), fields.begin()));
  EXPECT_EQ(back.metadata.at("fields_left_out"), std::to_string(500 - back.fields.size()));
}

TEST(GrpcStatus, ReadsWhatOthersSay) {
  EXPECT_EQ(to_error({StatusCode::UNAVAILABLE, "connection refused"}),
            (Error{.kind = Kind::unavailable, .code = "service_unreachable", .detail = "connection refused"}));
  EXPECT_EQ(to_error({StatusCode::DEADLINE_EXCEEDED, "late"}).kind, Kind::timeout);
  EXPECT_EQ(to_error({StatusCode::CANCELLED, ""}).kind, Kind::timeout);
  EXPECT_EQ(to_error({StatusCode::NOT_FOUND, "no", "not a google.rpc.Status \xff"}).kind, Kind::not_found);

  google::rpc::ErrorInfo info;
  info.set_reason("SOMETHING");
  info.set_domain("elsewhere.example");
  google::rpc::Status details;
  details.add_details()->PackFrom(info);
  EXPECT_EQ(to_error({StatusCode::ABORTED, "no", details.SerializeAsString()}), (Error{.kind = Kind::conflict, .code = "aborted", .detail = "no"}));
}

}  // namespace
}  // namespace purser::rpc
