#include "platform/rpc/grpc_status.hpp"

#include <fmt/format.h>
#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string>

namespace purser::rpc {
namespace {

using grpc::StatusCode;

struct KindRow {
  Kind kind;
  std::string_view name;
  StatusCode code;
};
constexpr KindRow kinds[] = {
    // clang-format off
    {Kind::malformed,        "malformed",        StatusCode::INVALID_ARGUMENT},
    {Kind::unauthenticated,  "unauthenticated",  StatusCode::UNAUTHENTICATED},
    {Kind::forbidden,        "forbidden",        StatusCode::PERMISSION_DENIED},
    {Kind::not_found,        "not_found",        StatusCode::NOT_FOUND},
    {Kind::wrong_method,     "wrong_method",     StatusCode::UNIMPLEMENTED},
    {Kind::too_slow,         "too_slow",         StatusCode::DEADLINE_EXCEEDED},
    {Kind::conflict,         "conflict",         StatusCode::FAILED_PRECONDITION},
    {Kind::stale,            "stale",            StatusCode::ABORTED},
    {Kind::too_large,        "too_large",        StatusCode::RESOURCE_EXHAUSTED},
    {Kind::unsupported,      "unsupported",      StatusCode::INVALID_ARGUMENT},
    {Kind::invalid,          "invalid",          StatusCode::INVALID_ARGUMENT},
    {Kind::rate_limited,     "rate_limited",     StatusCode::RESOURCE_EXHAUSTED},
    {Kind::header_too_large, "header_too_large", StatusCode::RESOURCE_EXHAUSTED},
    {Kind::internal,         "internal",         StatusCode::INTERNAL},
    {Kind::unavailable,      "unavailable",      StatusCode::UNAVAILABLE},
    {Kind::timeout,          "timeout",          StatusCode::DEADLINE_EXCEEDED},
    // clang-format on
};

constexpr bool kinds_in_order() {
  for (std::size_t i = 0; i < std::size(kinds); ++i)
    if (static_cast<std::size_t>(kinds[i].kind) != i) return false;
  return std::size(kinds) == static_cast<std::size_t>(Kind::timeout) + 1;
}
static_assert(kinds_in_order(), "one row a kind, in the order of the enum");

const KindRow& row_of(Kind kind) { return kinds[static_cast<std::size_t>(kind)]; }

// What a status means that came without our details.
struct PlainRow {
  StatusCode status;
  Kind kind;
  const char* code;
};
constexpr PlainRow plain[] = {
    // clang-format off
    {StatusCode::CANCELLED,           Kind::timeout,         "call_cancelled"},
    {StatusCode::UNKNOWN,             Kind::internal,        "internal"},
    {StatusCode::INVALID_ARGUMENT,    Kind::malformed,       "invalid_argument"},
    {StatusCode::DEADLINE_EXCEEDED,   Kind::timeout,         "timeout"},
    {StatusCode::NOT_FOUND,           Kind::not_found,       "not_found"},
    {StatusCode::ALREADY_EXISTS,      Kind::conflict,        "already_exists"},
    {StatusCode::PERMISSION_DENIED,   Kind::forbidden,       "permission_denied"},
    {StatusCode::RESOURCE_EXHAUSTED,  Kind::too_large,       "resource_exhausted"},
    {StatusCode::FAILED_PRECONDITION, Kind::conflict,        "failed_precondition"},
    {StatusCode::ABORTED,             Kind::conflict,        "aborted"},
    {StatusCode::OUT_OF_RANGE,        Kind::invalid,         "out_of_range"},
    {StatusCode::UNIMPLEMENTED,       Kind::wrong_method,    "method_not_served"},
    {StatusCode::INTERNAL,            Kind::internal,        "internal"},
    {StatusCode::UNAVAILABLE,         Kind::unavailable,     "service_unreachable"},
    {StatusCode::DATA_LOSS,           Kind::internal,        "data_loss"},
    {StatusCode::UNAUTHENTICATED,     Kind::unauthenticated, "unauthenticated"},
    // clang-format on
};

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return text;
}
std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

// A retry policy of a client may repeat ABORTED by itself, FAILED_PRECONDITION it may not: only a key still at work is the former.
StatusCode status_code(const Error& error) { return error.code == "idempotency_key_in_use" ? StatusCode::ABORTED : row_of(error.kind).code; }

// "/items/0/unit_price" as "items[0].unit_price".
std::string dotted(std::string_view pointer) {
  std::string path;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const std::string_view token = pointer.substr(0, pointer.find('/'));
    const bool index = !token.empty() && std::ranges::all_of(token, [](char c) { return c >= '0' && c <= '9'; });
    if (index) {
      path += fmt::format("[{}]", token);
    } else {
      if (!path.empty()) path += '.';
      path += token;
    }
    pointer.remove_prefix(token.size());
  }
  return path;
}

std::string field_key(std::size_t index) { return fmt::format("purser_field_{}", index); }

// The violation in BadRequest, as every client knows it; its code and pointer, which have no place there, in ErrorInfo.
void add_fields(const std::vector<FieldError>& fields, google::rpc::ErrorInfo& info, google::rpc::BadRequest& bad) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const FieldError& field = fields[i];
    bytes += field_key(i).size() + 2 * field.pointer.size() + field.detail.size() + field.code.size() + 12;
    if (bytes > field_bytes_max) {
      (*info.mutable_metadata())["fields_left_out"] = fmt::to_string(fields.size() - i);
      return;
    }
    auto& violation = *bad.add_field_violations();
    violation.set_field(dotted(field.pointer));
    violation.set_description(field.detail);
    (*info.mutable_metadata())[field_key(i)] = field.code + " " + field.pointer;
  }
}

std::vector<FieldError> take_fields(google::rpc::ErrorInfo& info, const google::rpc::BadRequest& bad) {
  std::vector<FieldError> fields;
  for (int i = 0; i < bad.field_violations_size(); ++i) {
    const auto found = info.mutable_metadata()->find(field_key(static_cast<std::size_t>(i)));
    if (found == info.mutable_metadata()->end()) continue;
    const std::string both = found->second;
    const std::size_t space = std::min(both.find(' '), both.size() - 1);
    fields.push_back({.pointer = both.substr(space + 1), .detail = bad.field_violations(i).description(), .code = both.substr(0, space)});
    info.mutable_metadata()->erase(found);
  }
  return fields;
}

Error plain_error(const grpc::Status& status) {
  const auto row = std::ranges::find(plain, status.error_code(), &PlainRow::status);
  if (row == std::end(plain)) return {.kind = Kind::internal, .code = "internal", .detail = status.error_message()};
  return {.kind = row->kind, .code = row->code, .detail = status.error_message()};
}

}  // namespace

grpc::Status to_status(const Error& error) {
  google::rpc::ErrorInfo info;
  info.set_reason(upper(error.code));
  info.set_domain(std::string(error_domain));
  info.mutable_metadata()->insert(error.metadata.begin(), error.metadata.end());
  info.mutable_metadata()->insert({"code", error.code});
  (*info.mutable_metadata())["purser_kind"] = row_of(error.kind).name;
  google::rpc::BadRequest bad;
  add_fields(error.fields, info, bad);

  google::rpc::Status details;
  details.set_code(status_code(error));
  details.set_message(error.detail);
  details.add_details()->PackFrom(info);
  if (bad.field_violations_size() > 0) details.add_details()->PackFrom(bad);
  if (error.retry_after_seconds) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_seconds(*error.retry_after_seconds);
    details.add_details()->PackFrom(retry);
  }
  return {status_code(error), error.detail, details.SerializeAsString()};
}

Error to_error(const grpc::Status& status) {
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad;
  google::rpc::RetryInfo retry;
  if (status.error_details().empty() || !details.ParseFromString(status.error_details())) return plain_error(status);
  for (const auto& detail : details.details()) {
    if (detail.UnpackTo(&info) || detail.UnpackTo(&bad)) continue;
    detail.UnpackTo(&retry);
  }
  const auto kind = std::ranges::find(kinds, (*info.mutable_metadata())["purser_kind"], &KindRow::name);
  if (info.domain() != error_domain || kind == std::end(kinds)) return plain_error(status);

  Error error{.kind = kind->kind, .code = lower(info.reason()), .detail = details.message()};
  error.fields = take_fields(info, bad);
  error.metadata = {info.metadata().begin(), info.metadata().end()};
  error.metadata.erase("purser_kind");
  const auto code = error.metadata.find("code");
  if (code != error.metadata.end() && code->second == error.code) error.metadata.erase(code);
  if (retry.has_retry_delay()) error.retry_after_seconds = static_cast<int>(retry.retry_delay().seconds());
  return error;
}

std::string_view code_text(grpc::StatusCode code) {
  static constexpr std::array<std::string_view, 17> names = {
      "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
      "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
      "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
      "DATA_LOSS", "UNAUTHENTICATED"};
  const auto index = static_cast<std::size_t>(code);
  return index < names.size() ? names[index] : "UNKNOWN";
}

}  // namespace purser::rpc
