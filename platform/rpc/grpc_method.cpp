#include "platform/rpc/grpc_method.hpp"

#include <fmt/format.h>

#include <exception>

#include "platform/log.hpp"
#include "platform/rpc/grpc_status.hpp"
#include "platform/rpc/idempotency_key.hpp"
#include "platform/rpc/validate.hpp"
#include "purser/options/v1/options.pb.h"

namespace purser::rpc {
namespace {

using google::protobuf::FieldDescriptor;

const options::v1::MethodRules& rules_of(const Method& method) { return method.descriptor->options().GetExtension(options::v1::method); }

// A contract that names no scope is served to nobody but administrators.
Scope scope_of(const Method& method) {
  const int scope = rules_of(method).scope();
  return scope == options::v1::SCOPE_UNSPECIFIED ? Scope::admin : static_cast<Scope>(scope);
}

std::string_view scope_text(Scope scope) {
  switch (scope) {
    case Scope::readonly:
      return "readonly";
    case Scope::merchant:
      return "merchant";
    case Scope::admin:
      return "admin";
  }
  return "unknown";
}

std::string name_of(const Method& method) { return fmt::format("{}/{}", method.descriptor->service()->full_name(), method.descriptor->name()); }

// The version of the resource an answer holds: its own `version`, or that of the one message it consists of.
std::optional<std::int64_t> version_of(const Message& message, bool look_inside = true) {
  const auto* descriptor = message.GetDescriptor();
  const auto* version = descriptor->FindFieldByName("version");
  if (version != nullptr && version->cpp_type() == FieldDescriptor::CPPTYPE_INT64 && !version->is_repeated())
    return message.GetReflection()->GetInt64(message, version);
  if (!look_inside || descriptor->field_count() != 1) return std::nullopt;
  const auto* only = descriptor->field(0);
  if (only->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || only->is_repeated()) return std::nullopt;
  return version_of(message.GetReflection()->GetMessage(message, only), false);
}

Error no_idempotency_key() {
  return {.kind = Kind::malformed,
          .code = "idempotency_key_missing",
          .detail = "This method changes something: send metadata idempotency-key, a new one for each operation, the same for its repetitions."};
}

Error unreadable(const Method& method) {
  return {.kind = Kind::malformed,
          .code = "malformed_message",
          .detail = fmt::format("The request is not a {}.", method.descriptor->input_type()->full_name())};
}

// What failed inside is for the log; a client learns that it was us.
Error internal_error(std::string code) {
  return {.kind = Kind::internal, .code = std::move(code), .detail = "Something went wrong on our side. It was logged under the request-id."};
}

}  // namespace

GrpcMethod::GrpcMethod(Method method, KeyRing& keys, Clock& clock, Random& random, trace::Exporter* exporter)
    : method_(std::move(method)),
      keys_(keys),
      clock_(clock),
      random_(random),
      exporter_(exporter),
      name_(name_of(method_)),
      path_("/" + name_),
      scope_(scope_of(method_)),
      mutation_(rules_of(method_).mutation()),
      duration_(metrics::histogram("purser_grpc_request_duration_seconds", "Time from a gRPC request to its answer.", {{"method", name_}})) {}

Result<Done> GrpcMethod::check_rate(const Caller& caller) const {
  RateLimiter& limiter = keys_.limiter();
  if (!limiter.on()) return Done();
  const auto standing = limiter.take(caller.actor, clock_.now());
  if (!standing.allowed) return rate_limited(standing);
  return Done();
}

Result<Done> GrpcMethod::check_scope(const Caller& caller) const {
  if (caller.scope >= scope_) return Done();
  const std::string needed(scope_text(scope_)), had(scope_text(caller.scope));
  return Error{.kind = Kind::forbidden,
               .code = "insufficient_scope",
               .detail = fmt::format("This needs a key of scope {}; yours has {}.", needed, had),
               .metadata = {{"needed", needed}, {"had", had}}};
}

Reply<MessagePtr> GrpcMethod::handle(std::shared_ptr<GrpcRequest> request) {
  const Metadata& metadata = request->metadata;
  Call& call = request->call;
  CO_TRY_DONE(refuse_card_numbers(metadata));
  CO_TRY(std::string api_key, read_api_key(metadata));
  CO_TRY(call.caller, co_await keys_.authenticate(std::move(api_key)));
  CO_TRY_DONE(check_rate(call.caller));
  CO_TRY_DONE(check_scope(call.caller));
  CO_TRY(auto key, idempotency_key(metadata));
  if (mutation_ && !key) co_return no_idempotency_key();
  call.idempotency_key = std::move(key).value_or("");
  CO_TRY(call.if_match, if_match(metadata));
  MessagePtr message = method_.new_request();
  if (!message->ParseFromString(request->message)) co_return unreadable(method_);
  note_subjects(*message, request->subjects);
  CO_TRY_DONE(validate(*message));
  co_return co_await method_.invoke(call, std::move(message));
}

Reply<MessagePtr> GrpcMethod::handle_guarded(std::shared_ptr<GrpcRequest> request) {
  std::string what;
  try {
    co_return co_await handle(request);
  } catch (const std::exception& thrown) {
    what = thrown.what();
  } catch (...) {
    what = "not a std::exception";
  }
  co_return Error{.kind = Kind::internal, .code = "internal", .detail = what};
}

Task<GrpcAnswer> GrpcMethod::answer(std::shared_ptr<GrpcRequest> request) {
  const Instant begin = clock_.now();
  auto reply = co_await handle_guarded(request);
  GrpcAnswer answer{.message = std::string(), .replayed = request->call.notes->replayed};
  if (reply.ok()) {
    note_subjects(**reply, request->subjects);
    answer.version = version_of(**reply);
    answer.message = (*reply)->SerializeAsString();
  } else if (reply.error().kind == Kind::internal) {
    const Error& error = reply.error();
    log::error("handler failed", {{"method", name_}, {"request_id", request->call.request_id}, {"code", error.code}, {"error", error.detail}});
    answer.message = internal_error(error.code);
  } else {
    answer.message = std::move(reply).error();
  }
  tell(*request, answer, begin);
  co_return answer;
}

// The line and the span of a request whose handler has ended, whether or not its client was still waiting.
void GrpcMethod::tell(const GrpcRequest& request, const GrpcAnswer& answer, Instant begin) const {
  const Instant end = clock_.now();
  const bool ok = answer.message.ok();
  const std::string_view status = code_text(ok ? grpc::StatusCode::OK : to_status(answer.message.error()).error_code());
  const bool failed = !ok && answer.message.error().is_fault();
  log::write(failed ? log::Level::warn : log::Level::info, "grpc request",
             {{"method", name_},
              {"status", status},
              {"code", ok ? std::string() : answer.message.error().code},
              {"duration_ms", (end - begin).ms},
              {"peer", request.peer},
              {"request_id", request.call.request_id},
              {"correlation_id", request.call.correlation_id},
              {"trace_id", request.call.trace.trace_id_text()},
              {"merchant_id", request.call.caller.merchant_id},
              {"order_id", request.subjects.order_id},
              {"payment_id", request.subjects.payment_id}});
  if (exporter_ != nullptr) exporter_->record(make_span(request, status, failed, begin, end));
}

trace::Span GrpcMethod::make_span(const GrpcRequest& request, std::string_view status, bool failed, Instant begin, Instant end) const {
  trace::Span span{.context = request.call.trace, .name = name_, .kind = trace::SpanKind::server, .begin = begin, .end = end};
  const auto parent = trace::parse_traceparent(request.metadata.find(names::traceparent).value_or(""));
  if (parent) span.parent_span_id = parent->span_id;
  span.failed = failed;
  span.attributes = {{"rpc.system", "grpc"},
                     {"rpc.method", name_},
                     {"rpc.response.status_code", std::string(status)},
                     {"purser.request_id", request.call.request_id},
                     {"purser.correlation_id", request.call.correlation_id}};
  if (!request.subjects.order_id.empty()) span.attributes.emplace_back("purser.order_id", request.subjects.order_id);
  if (!request.subjects.payment_id.empty()) span.attributes.emplace_back("purser.payment_id", request.subjects.payment_id);
  return span;
}

void GrpcMethod::count(int status_code, std::chrono::steady_clock::duration took) {
  const auto code = static_cast<grpc::StatusCode>(status_code);
  auto& slot = counters_.at(static_cast<std::size_t>(status_code));
  metrics::Counter* counter = slot.load(std::memory_order_acquire);
  if (counter == nullptr) {
    counter = &metrics::counter("purser_grpc_requests_total", "gRPC requests by method and status code.",
                                {{"method", name_}, {"code", std::string(code_text(code))}});
    slot.store(counter, std::memory_order_release);
  }
  counter->add();
  duration_.observe(std::chrono::duration<double>(took).count());
}

}  // namespace purser::rpc
