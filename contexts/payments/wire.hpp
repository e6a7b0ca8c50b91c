// Between the context's own values and its contracts (payments/v1, payments/events/v1).
#pragma once
#include "contexts/payments/rules/payment.hpp"
#include "contexts/payments/rules/plan.hpp"
#include "payments/events/v1/events.pb.h"
#include "payments/result/v1/result.pb.h"
#include "payments/v1/payment.pb.h"

namespace purser::payments {

namespace api = ::payments::v1;
namespace facts = ::payments::events::v1;
namespace plans = ::payments::plan::v1;
namespace results = ::payments::result::v1;

api::Payment to_api(const Payment& payment);
api::Refund to_api(const Payment& payment, const Refund& refund);
api::PaymentError to_api(const Failure& failure);
facts::PaymentFacts facts_of(const Payment& payment);
std::optional<Status> from_api(api::PaymentStatus status);  // nothing for UNSPECIFIED

plans::PaymentPlan to_api(const PaymentPlan& plan);
api::ValidationIssue to_api(const ValidationIssue& issue);

}  // namespace purser::payments
