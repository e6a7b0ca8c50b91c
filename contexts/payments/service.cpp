#include "contexts/payments/service.hpp"

#include <variant>

#include "contexts/payments/policy_enforcer.hpp"
#include "contexts/payments/wire.hpp"
#include "kernel/letters.hpp"
#include "kernel/mutant.hpp"
#include "orders/v1/order_service.purser.hpp"
#include "platform/rpc/idempotency.hpp"

namespace purser::payments {
namespace {

using store::Tx;

Result<Payment> must_find(Tx& tx, const rpc::Call& call, const std::string& payment_or_order_id) {
  auto payment = find_by_either(tx, call.caller.merchant_id, payment_or_order_id);
  if (!payment) return payment_not_found(payment_or_order_id);
  return std::move(*payment);
}

template <class Response>
Response with_payment(const Payment& payment) {
  Response response;
  *response.mutable_payment() = to_api(payment);
  return response;
}

// A leg is its whole's business.
Result<Payment> must_find_whole(Tx& tx, const rpc::Call& call, const std::string& payment_or_order_id) {
  TRY(Payment payment, must_find(tx, call, payment_or_order_id));
  if (!payment.is_leg()) return payment;
  return Error{.kind = Kind::conflict,
               .code = "part_of_a_payment",
               .detail = "This is part " + std::to_string(payment.leg) + " of payment " + payment.parent_id +
                         ": capture, refund or void that one. It is paid, and undone, with all of its parts.",
               .metadata = {{"payment_id", payment.parent_id}, {"step", std::to_string(payment.leg)}}};
}

// What was stored for a command: the payment with its new attempt, or what is to be asked of the legs of a payment in parts.
using Intention = std::variant<Payment, Asked>;

// The first half of a command: the stored answer of an earlier request with its key, or the intention.
template <class Response>
struct Begun {
  std::optional<Response> stored{};
  std::optional<Payment> payment{};
  std::optional<Asked> parts{};
};

// Stores the intention: `decide(tx)` gives it.
template <class Response, class Request, class Decide>
Reply<Begun<Response>> store_intention(Orchestrator& orchestrator, const rpc::Call& call, const Request& request, AttemptId attempt, Decide decide) {
  co_return co_await orchestrator.store().transact([&](Tx& tx) -> Result<Begun<Response>> {
    TRY(auto stored, rpc::begin<Response>(tx, call, request, attempt.text(), orchestrator.book().clock().now()));
    if (stored) return Begun<Response>{.stored = std::move(stored)};
    TRY(Intention intention, decide(tx));
    if (auto* payment = std::get_if<Payment>(&intention)) return Begun<Response>{.payment = std::move(*payment)};
    Asked& parts = std::get<Asked>(intention);
    rpc::pass_work_on(tx, attempt.text(), parts.work_id);
    return Begun<Response>{.parts = std::move(parts)};
  });
}

// The second half: asks the processor and settles. The answer is the one stored under the request's key when its attempt was
// settled, by whomever, so that repeating the request gives the same.
template <class Response, class Present>
Reply<Response> carry_out(Orchestrator& orchestrator, rpc::Call call, Payment payment, AttemptId attempt, Present present) {
  auto settled = co_await orchestrator.carry_out(call, std::move(payment), attempt);
  if (!settled.ok()) co_return std::move(settled).error();
  Response response;
  if (settled->answer && response.ParseFromString(*settled->answer)) co_return response;
  co_return present(settled->payment);
}

// The same of a payment in parts. Where its outcome is not there when the request's time is over, the answer says so, and is the answer.
template <class Response, class Present>
Reply<Response> carry_out_parts(Orchestrator& orchestrator, CompositePayments& composite, rpc::Call call, Asked parts, Present present) {
  const PaymentKey key = parts.key;
  co_await composite.carry_out(call, std::move(parts));
  co_return co_await orchestrator.store().transact([&](Tx& tx) -> Result<Response> {
    Response response;
    if (const auto stored = rpc::stored_answer(tx, call); stored && response.ParseFromString(*stored)) return response;
    const auto whole = find(tx, key.merchant_id, key.payment_id);
    if (!whole) return payment_not_found(key.payment_id);
    response = present(*whole);
    rpc::finish(tx, call, response, orchestrator.book().clock().now());
    return response;
  });
}

// What a request is refused for before it begins, unless it was answered already: then that answer stands, whatever changed since.
template <class Response, class Request>
Reply<Response> answered_or(Orchestrator& orchestrator, rpc::Call call, Request request, Error refusal) {
  CO_TRY(auto stored, co_await orchestrator.store().read([&](Tx& tx) { return rpc::peek(tx, call, request); }));
  if (stored) co_return rpc::parse_stored<Response>(*stored, call);
  co_return refusal;
}

std::string method_of(const std::string& said) { return said.empty() ? "card" : in_lower_case(said); }

std::vector<ValidationIssue> issues_of(const rpc::Call& call) {
  std::vector<ValidationIssue> issues;
  for (const rpc::Repair& repair : call.repairs) issues.push_back({repair.field, repair.code, repair.received, repair.used});
  return issues;
}

// The same policy as for a first attempt; nothing in a retry's own body could mend what it refuses.
Result<Done> may_retry(Tx& tx, const MerchantConfig& config, const Payment& payment, const AttemptId& attempt, Instant now) {
  auto allowed = PaymentPolicyEnforcer::enforce(tx, config.policy, request_of(payment), attempt, now);
  if (allowed.ok()) return allowed;
  for (FieldError& field : allowed.error().fields) field.pointer.clear();
  return allowed;
}

Payment with_plan(Payment payment, const PaymentPlan& plan) {
  payment.candidates = plan.steps.front().candidates;
  payment.plan_why = plan.steps.front().why;
  payment.config_version = plan.config_version;
  return payment;
}

std::vector<Part> parts_of(const google::protobuf::RepeatedPtrField<api::PaymentPart>& asked) {
  std::vector<Part> parts;
  for (const api::PaymentPart& part : asked)
    parts.push_back({.method = method_of(part.method()),
                     .amount = part.has_amount() ? std::optional(part.amount()) : std::nullopt,
                     .payment_method = part.payment_method(),
                     .tokens = {part.processor_tokens().begin(), part.processor_tokens().end()}});
  return parts;
}

// With one method, or in parts that say it themselves.
Result<Done> must_say_how(const api::CreatePaymentRequest& request) {
  const auto both = [](const char* pointer) {
    return invalid(pointer, "not_with_parts", "Each of the parts says this by itself: leave it out here.");
  };
  if (request.parts_size() == 0 && request.payment_method().empty())
    return invalid("/payment_method", "required", "Give the processor's token for what the buyer pays with, or parts that have one each.");
  if (request.parts_size() == 0) return Done{};
  if (!request.payment_method().empty()) return both("/payment_method");
  if (!request.method().empty()) return both("/method");
  if (request.processor_tokens_size() > 0) return both("/processor_tokens");
  return Done{};
}

Money money_of(const ::orders::v1::Order& order) { return {order.total(), *Currency::parse(order.currency())}; }

Result<Done> must_match(const api::CreatePaymentRequest& request, Money total) {
  if (request.has_amount() && request.amount() != total.minor)
    return invalid("/amount", "amount_differs", "The amount is not the order's total of " + to_text(total) + "; leave it out to pay the order.");
  if (!request.currency().empty() && Currency::parse(request.currency()) != total.currency)
    return invalid("/currency", "currency_differs", "The order is in " + std::string(total.currency.code()) + "; leave the currency out.");
  if (total.minor <= 0) return invalid("/order_id", "nothing_to_pay", "The order's total is zero: there is nothing to pay.");
  return Done{};
}

}  // namespace

Reply<Service::Bill> Service::bill_for(rpc::Call call, api::CreatePaymentRequest request) {
  if (request.order_id().empty()) {
    if (!request.has_amount())
      co_return invalid("/amount", "required", "Give the amount to pay in minor units, or the order_id of the order to pay.");
    const auto currency = Currency::parse(request.currency());
    if (!currency) co_return invalid("/currency", "required", "Give the currency of the amount, an ISO 4217 code such as USD.");
    co_return Bill{{request.amount(), *currency}, request.user_id()};
  }
  ::orders::v1::GetOrderRequest get;
  get.set_order_id(request.order_id());
  CO_TRY(const auto found, co_await directory_.get<::orders::v1::OrderService>().GetOrder(call.step("order"), std::move(get)));
  const Money total = money_of(found.order());
  CO_TRY_DONE(must_match(request, total));
  co_return Bill{total, found.order().user_id()};
}

// The payment as it would be, before anybody was asked.
Payment Service::payment_for(const rpc::Call& call, const api::CreatePaymentRequest& request, const Bill& bill) {
  PaymentBook& book = orchestrator_.book();
  const Instant now = book.clock().now();
  const bool manual = request.capture_method() == api::CAPTURE_METHOD_MANUAL;
  return {.id = make_id<PaymentId>(now, book.random()),
          .merchant_id = call.caller.merchant_id,
          .order_id = request.order_id(),
          .user_id = bill.user_id,
          .amount = bill.amount,
          .capture_method = manual ? CaptureMethod::manual : CaptureMethod::automatic,
          .method = method_of(request.method()),
          .payment_method = request.payment_method(),
          .tokens = {request.processor_tokens().begin(), request.processor_tokens().end()},
          .country = in_upper_case(request.country()),
          .card_network = in_lower_case(request.card_network()),
          .client_ip = in_lower_case(request.client_ip()),
          .description = request.description(),
          .return_url = request.return_url(),
          .metadata = {request.metadata().begin(), request.metadata().end()},
          .validation_issues = issues_of(call),
          .created_at = now,
          .updated_at = now};
}

Reply<api::CreatePaymentResponse> Service::CreatePayment(rpc::Call call, api::CreatePaymentRequest request) {
  CO_TRY_DONE(must_say_how(request));
  const auto billed = co_await bill_for(call, request);
  if (!billed.ok()) co_return co_await answered_or<api::CreatePaymentResponse>(orchestrator_, call, request, billed.error());
  PaymentBook& book = orchestrator_.book();
  const Payment fresh = payment_for(call, request, *billed);
  if (request.parts_size() > 0) co_return co_await pay_in_parts(std::move(call), std::move(request), fresh);
  const NewAttempt unrouted = orchestrator_.new_attempt(call);
  if (mutated("reference_saved_after_the_call")) co_await call_unsaved(call, fresh, unrouted);
  CO_TRY(auto begun,
         co_await store_intention<api::CreatePaymentResponse>(orchestrator_, call, request, unrouted.id, [&](Tx& tx) -> Result<Intention> {
           const auto config = orchestrator_.configs().of(tx, fresh.merchant_id);
           TRY_DONE(PaymentPolicyEnforcer::enforce(tx, config->policy, request_of(fresh), unrouted.id, fresh.created_at));
           const PaymentPlan plan = planner_.plan(tx, fresh, *config);
           NewAttempt attempt = unrouted;
           TRY(Route route, orchestrator_.router().first(plan.steps.front()));
           attempt.processor = std::move(route.processor), attempt.why = std::move(route.why);
           const Payment planned = with_plan(fresh, plan);
           TRY(Payment opened, book.open(tx, call, planned, plan, start(planned, attempt, "", planned.created_at)));
           return Intention(std::move(opened));
         }));
  if (begun.stored) co_return std::move(*begun.stored);
  co_return co_await carry_out<api::CreatePaymentResponse>(orchestrator_, call, std::move(*begun.payment), unrouted.id,
                                                           with_payment<api::CreatePaymentResponse>);
}

Reply<api::CreatePaymentResponse> Service::pay_in_parts(rpc::Call call, api::CreatePaymentRequest request, Payment whole) {
  auto shares = share_out(parts_of(request.parts()), whole.amount);
  if (!shares) {
    const PartFault& fault = shares.error();
    co_return co_await answered_or<api::CreatePaymentResponse>(orchestrator_, call, request, invalid(fault.pointer, fault.code, fault.detail));
  }
  whole.goal = Goal::pay;
  whole.method = "parts";
  whole.shares = *std::move(shares);
  const AttemptId work = make_id<AttemptId>(orchestrator_.book().clock().now(), orchestrator_.book().random());
  CO_TRY(auto begun, co_await store_intention<api::CreatePaymentResponse>(orchestrator_, call, request, work, [&](Tx& tx) -> Result<Intention> {
           TRY(Asked asked, composite_.open(tx, call, whole));
           return Intention(std::move(asked));
         }));
  if (begun.stored) co_return std::move(*begun.stored);
  co_return co_await carry_out_parts<api::CreatePaymentResponse>(orchestrator_, composite_, std::move(call), std::move(*begun.parts),
                                                                 with_payment<api::CreatePaymentResponse>);
}

// A planted bug (kernel/mutant.hpp): the processor is asked before anything is stored.
Task<void> Service::call_unsaved(rpc::Call call, Payment fresh, NewAttempt attempt) {
  attempt.processor = orchestrator_.processors().names().front();
  co_await orchestrator_.call_unsaved(call, apply(fresh, *start(fresh, attempt, "", fresh.created_at), fresh.created_at));
}

Reply<api::PlanPaymentResponse> Service::PlanPayment(rpc::Call call, api::PlanPaymentRequest request) {
  api::CreatePaymentRequest as_if;
  as_if.set_order_id(request.order_id());
  if (request.has_amount()) as_if.set_amount(request.amount());
  as_if.set_currency(request.currency());
  as_if.set_method(request.method());
  as_if.set_country(request.country());
  as_if.set_card_network(request.card_network());
  *as_if.mutable_metadata() = request.metadata();
  CO_TRY(const Bill bill, co_await bill_for(call, as_if));
  Payment fresh = payment_for(call, as_if, bill);
  if (request.parts_size() > 0) {
    if (!request.method().empty()) co_return invalid("/method", "not_with_parts", "Each of the parts says this by itself: leave it out here.");
    auto shares = share_out(parts_of(request.parts()), fresh.amount);
    if (!shares) co_return invalid(shares.error().pointer, shares.error().code, shares.error().detail);
    fresh.goal = Goal::pay, fresh.shares = *std::move(shares);
  }
  co_return co_await orchestrator_.store().read([&](Tx& tx) -> Result<api::PlanPaymentResponse> {
    api::PlanPaymentResponse response;
    *response.mutable_plan() = to_api(planner_.plan(tx, fresh, *orchestrator_.configs().of(tx, fresh.merchant_id)));
    for (const ValidationIssue& issue : fresh.validation_issues) *response.add_validation_issues() = to_api(issue);
    return response;
  });
}

Reply<api::RetryPaymentResponse> Service::RetryPayment(rpc::Call call, api::RetryPaymentRequest request) {
  PaymentBook& book = orchestrator_.book();
  NewAttempt attempt = orchestrator_.new_attempt(call);
  CO_TRY(auto begun, co_await store_intention<api::RetryPaymentResponse>(orchestrator_, call, request, attempt.id, [&](Tx& tx) -> Result<Intention> {
           TRY(const Payment payment, must_find_whole(tx, call, request.payment_id()));
           if (payment.is_whole()) return explain(why_not_retried(payment), payment);
           TRY(const Route route, orchestrator_.router().first(plan_of(payment).steps.front()));
           attempt.processor = route.processor, attempt.why = route.why;
           const Instant now = book.clock().now();
           const auto started = start(payment, attempt, request.payment_method(), now);
           if (started) TRY_DONE(may_retry(tx, *orchestrator_.configs().of(tx, payment.merchant_id), payment, attempt.id, now));
           TRY(Payment after, book.change(tx, call, payment, started));
           return Intention(std::move(after));
         }));
  if (begun.stored) co_return std::move(*begun.stored);
  co_return co_await carry_out<api::RetryPaymentResponse>(orchestrator_, call, std::move(*begun.payment), attempt.id,
                                                          with_payment<api::RetryPaymentResponse>);
}

Reply<api::CapturePaymentResponse> Service::CapturePayment(rpc::Call call, api::CapturePaymentRequest request) {
  PaymentBook& book = orchestrator_.book();
  const NewAttempt attempt = orchestrator_.new_attempt(call);
  const CaptureId capture_id = make_id<CaptureId>(book.clock().now(), book.random());
  const auto amount = request.has_amount() ? std::optional(request.amount()) : std::nullopt;
  CO_TRY(
      auto begun, co_await store_intention<api::CapturePaymentResponse>(orchestrator_, call, request, attempt.id, [&](Tx& tx) -> Result<Intention> {
        TRY(const Payment payment, must_find_whole(tx, call, request.payment_id()));
        if (payment.is_whole()) {
          TRY(Asked asked, composite_.capture(tx, call, payment, capture_id, amount, request.final()));
          return Intention(std::move(asked));
        }
        TRY_DONE(orchestrator_.ready(payment));
        TRY(Payment after, book.change(tx, call, payment, start_capture(payment, attempt, capture_id, amount, request.final(), book.clock().now())));
        return Intention(std::move(after));
      }));
  if (begun.stored) co_return std::move(*begun.stored);
  if (begun.parts)
    co_return co_await carry_out_parts<api::CapturePaymentResponse>(orchestrator_, composite_, std::move(call), std::move(*begun.parts),
                                                                    with_payment<api::CapturePaymentResponse>);
  co_return co_await carry_out<api::CapturePaymentResponse>(orchestrator_, call, std::move(*begun.payment), attempt.id,
                                                            with_payment<api::CapturePaymentResponse>);
}

Reply<api::RefundPaymentResponse> Service::RefundPayment(rpc::Call call, api::RefundPaymentRequest request) {
  PaymentBook& book = orchestrator_.book();
  const NewAttempt attempt = orchestrator_.new_attempt(call);
  const RefundId refund_id = make_id<RefundId>(book.clock().now(), book.random());
  const auto amount = request.has_amount() ? std::optional(request.amount()) : std::nullopt;
  std::optional<Payment> stale;
  if (mutated("refund_guard_read_before_the_lock")) {
    CO_TRY(stale, co_await orchestrator_.store().read([&](Tx& tx) -> Result<std::optional<Payment>> {
      TRY(auto found, must_find(tx, call, request.payment_id()));
      return std::optional(std::move(found));
    }));
  }
  CO_TRY(auto begun, co_await store_intention<api::RefundPaymentResponse>(orchestrator_, call, request, attempt.id, [&](Tx& tx) -> Result<Intention> {
           TRY(Payment payment, must_find_whole(tx, call, request.payment_id()));
           if (payment.is_whole()) {
             TRY(Asked asked, composite_.refund(tx, call, payment, refund_id, amount, request.reason()));
             return Intention(std::move(asked));
           }
           TRY_DONE(orchestrator_.ready(payment));
           if (stale) stale->version = payment.version, payment = *stale;
           TRY(Payment after,
               book.change(tx, call, payment, start_refund(payment, attempt, refund_id, amount, request.reason(), book.clock().now())));
           return Intention(std::move(after));
         }));
  if (begun.stored) co_return std::move(*begun.stored);
  const auto present = [&](const Payment& payment) {
    api::RefundPaymentResponse response;
    for (const Refund& refund : payment.refunds)
      if (refund.id == refund_id) *response.mutable_refund() = to_api(payment, refund);
    return response;
  };
  if (begun.parts)
    co_return co_await carry_out_parts<api::RefundPaymentResponse>(orchestrator_, composite_, std::move(call), std::move(*begun.parts), present);
  co_return co_await carry_out<api::RefundPaymentResponse>(orchestrator_, call, std::move(*begun.payment), attempt.id, present);
}

Reply<api::VoidPaymentResponse> Service::VoidPayment(rpc::Call call, api::VoidPaymentRequest request) {
  PaymentBook& book = orchestrator_.book();
  const NewAttempt attempt = orchestrator_.new_attempt(call);
  CO_TRY(auto begun, co_await store_intention<api::VoidPaymentResponse>(orchestrator_, call, request, attempt.id, [&](Tx& tx) -> Result<Intention> {
           TRY(const Payment payment, must_find_whole(tx, call, request.payment_id()));
           if (payment.is_whole()) {
             TRY(Asked asked, composite_.release(tx, call, payment, request.reason()));
             return Intention(std::move(asked));
           }
           TRY_DONE(orchestrator_.ready(payment));
           TRY(Payment after, book.change(tx, call, payment, start_release(payment, attempt, request.reason(), book.clock().now())));
           return Intention(std::move(after));
         }));
  if (begun.stored) co_return std::move(*begun.stored);
  if (begun.parts)
    co_return co_await carry_out_parts<api::VoidPaymentResponse>(orchestrator_, composite_, std::move(call), std::move(*begun.parts),
                                                                 with_payment<api::VoidPaymentResponse>);
  co_return co_await carry_out<api::VoidPaymentResponse>(orchestrator_, call, std::move(*begun.payment), attempt.id,
                                                         with_payment<api::VoidPaymentResponse>);
}

Reply<api::GetPaymentResponse> Service::GetPayment(rpc::Call call, api::GetPaymentRequest request) {
  co_return co_await orchestrator_.store().read([&](Tx& tx) -> Result<api::GetPaymentResponse> {
    TRY(const Payment payment, must_find(tx, call, request.payment_id()));
    return with_payment<api::GetPaymentResponse>(payment);
  });
}

Reply<api::ListPaymentsResponse> Service::ListPayments(rpc::Call call, api::ListPaymentsRequest request) {
  const rpc::Page page = rpc::Page::of(request);
  co_return co_await orchestrator_.store().read([&](Tx& tx) -> Result<api::ListPaymentsResponse> {
    auto payments = list(tx, call.caller.merchant_id, {request.order_id(), from_api(request.status())}, page);
    api::ListPaymentsResponse response;
    response.set_has_more(rpc::settle_page(page, payments));
    for (const Payment& payment : payments) *response.add_payments() = to_api(payment);
    if (response.has_more() && !payments.empty()) response.set_next_page_token(payments.back().id.text());
    return response;
  });
}

Reply<api::GetRefundResponse> Service::GetRefund(rpc::Call call, api::GetRefundRequest request) {
  co_return co_await orchestrator_.store().read([&](Tx& tx) -> Result<api::GetRefundResponse> {
    const auto found = find_refund(tx, call.caller.merchant_id, request.refund_id());
    if (!found)
      return Error{.kind = Kind::not_found,
                   .code = "refund_not_found",
                   .detail = "There is no refund with this id.",
                   .metadata = {{"refund_id", request.refund_id()}}};
    TRY(const Payment payment, must_find(tx, call, found->payment_id));
    api::GetRefundResponse response;
    *response.mutable_refund() = to_api(payment, found->refund);
    return response;
  });
}

}  // namespace purser::payments
