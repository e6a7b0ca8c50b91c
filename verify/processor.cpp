// Our books against the processor's, charge by charge and refund by refund.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "verify/findings.hpp"

namespace purser::verify {
namespace {

using store::Row;
using store::Tx;

struct Attempt {
  std::string reference, processor_ref, kind, status, processor;
  std::int64_t amount = 0, step = 0;
  Instant created_at{};
  bool gets_money() const { return kind == "AUTHORIZE" || kind == "SALE"; }
  bool is_open() const { return status == "CREATED" || status == "SENT" || status == "REQUIRES_ACTION" || status == "IN_DOUBT"; }
};

struct Payment {
  std::string id, order, status, currency;
  std::int64_t authorized = 0, captured = 0, refunded = 0;
  bool closed = false;
  Instant updated_at{};
  std::vector<Attempt> attempts{};
  std::string subject() const { return order.empty() ? id : order + " " + id; }
  std::int64_t held() const { return closed ? 0 : authorized - captured; }
};

// Each leg of a payment in parts is a step of its whole. Store credit is in our own journal, which is checked by itself.
std::vector<Payment> load(Tx& tx) {
  std::vector<Payment> all;
  tx.query(
      "select p.id, coalesce(w.order_id, w.id, p.order_id), p.status, p.currency, p.authorized, p.captured, p.refunded, p.closed, p.updated_at, "
      "a.reference, a.processor_ref, a.kind, a.status, a.amount, case when p.leg > 0 then p.leg else a.step end, a.created_at, a.processor "
      "from payments p join payment_attempts a on a.payment_id = p.id left join payments w on w.id = p.parent_id order by p.id, a.number",
      [&](const Row& row) {
        if (all.empty() || all.back().id != row.text(0))
          all.push_back({.id = std::string(row.text(0)),
                         .order = std::string(row.text(1)),
                         .status = std::string(row.text(2)),
                         .currency = std::string(row.text(3)),
                         .authorized = row.integer(4),
                         .captured = row.integer(5),
                         .refunded = row.integer(6),
                         .closed = row.integer(7) != 0,
                         .updated_at = row.instant(8)});
        all.back().attempts.push_back({.reference = std::string(row.text(9)),
                                       .processor_ref = std::string(row.text(10)),
                                       .kind = std::string(row.text(11)),
                                       .status = std::string(row.text(12)),
                                       .processor = std::string(row.text(16)),
                                       .amount = row.integer(13),
                                       .step = row.integer(14),
                                       .created_at = row.instant(15)});
      });
  return all;
}

bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}
bool counts(const ProcessorRefund& refund) { return refund.status == "succeeded" || refund.status == "pending"; }

std::int64_t given_back(const ProcessorCharge& charge) {
  std::int64_t sum = 0;
  for (const ProcessorRefund& refund : charge.refunds)
    if (counts(refund)) sum += refund.amount;
  return sum;
}
std::int64_t held(const ProcessorCharge& charge) { return charge.authorized - charge.captured - charge.released; }
bool is_live(const ProcessorCharge& charge) { return held(charge) > 0 || charge.captured - given_back(charge) > 0; }

std::string in_words(const ProcessorCharge& charge) {
  return fmt::format("{} held, {} captured, {} given back, in {}, {}", held(charge), charge.captured, given_back(charge), charge.currency,
                     charge.status);
}

class Comparison {
 public:
  Comparison(std::vector<Payment> payments, const Options& options, Findings& findings)
      : payments_(std::move(payments)), options_(options), findings_(findings) {
    for (const Payment& payment : payments_)
      for (const Attempt& attempt : payment.attempts) {
        by_reference_[attempt.reference] = {&payment, &attempt};
        if (attempt.gets_money() && !attempt.processor_ref.empty()) by_charge_[attempt.processor_ref] = {&payment, &attempt};
      }
  }

  void take(const ProcessorCharge& charge) {
    seen_.insert(charge.processor_ref);
    const Known* known = find(charge);
    if (!known) {
      if (is_live(charge))
        findings_.add(
            "processor_charges_are_booked", charge.processor_ref,
            fmt::format("the processor has a charge ({}) under the reference \"{}\", which no attempt has here", in_words(charge), charge.reference));
      return;
    }
    const auto& [payment, attempt] = *known;
    if (in_flux(*payment)) return;
    if (is_live(charge)) live_[{payment->order.empty() ? payment->id : payment->order, attempt->step}].push_back(charge.processor_ref);
    if (attempt->gets_money() && attempt->status == "SUCCEEDED" && attempt->processor_ref == charge.processor_ref)
      compare(*payment, *attempt, charge);
    else if (is_live(charge))
      unwanted(*payment, *attempt, charge);
  }

  // After all charges.
  void end() {
    for (const Payment& payment : payments_)
      for (const Attempt& attempt : payment.attempts)
        if (attempt.gets_money() && attempt.status == "SUCCEEDED" && attempt.processor == options_.processor &&
            attempt.created_at >= options_.since && !in_flux(payment) && !seen_.contains(attempt.processor_ref))
          findings_.add("our_charges_are_at_the_processor", fmt::format("{} {}", payment.subject(), attempt.reference),
                        fmt::format("a payment that is {} over {} {} rests on the charge \"{}\", which the processor does not have", payment.status,
                                    attempt.amount, payment.currency, attempt.processor_ref));
    for (const auto& [step, charges] : live_)
      if (charges.size() > 1)
        findings_.add("one_live_charge_per_order_step", fmt::format("{} {}", step.first, fmt::join(charges, " ")),
                      fmt::format("{} charges hold or keep money for step {}", charges.size(), step.second));
  }

 private:
  using Known = std::pair<const Payment*, const Attempt*>;

  const Known* find(const ProcessorCharge& charge) const {
    if (const auto known = by_reference_.find(charge.reference); known != by_reference_.end()) return &known->second;
    const auto known = by_charge_.find(charge.processor_ref);
    return known == by_charge_.end() ? nullptr : &known->second;
  }

  bool in_flux(const Payment& payment) const {
    if (options_.at_rest) return false;
    if (payment.updated_at >= options_.now) return true;
    return std::ranges::any_of(
        payment.attempts, [&](const Attempt& attempt) { return attempt.is_open() && attempt.created_at > options_.now - options_.settled_within; });
  }

  void compare(const Payment& payment, const Attempt& attempt, const ProcessorCharge& charge) {
    const std::string subject = fmt::format("{} {}", payment.subject(), charge.processor_ref);
    if (charge.reference != attempt.reference)
      findings_.add("charge_amounts_are_equal", subject,
                    fmt::format("the processor has the charge under the reference \"{}\", we under {}", charge.reference, attempt.reference));
    if (held(charge) != payment.held() || charge.captured != payment.captured || !same_word(charge.currency, payment.currency))
      findings_.add("charge_amounts_are_equal", subject,
                    fmt::format("the payment is {} with {} held, {} captured, {} given back, in {}; the processor says {}", payment.status,
                                payment.held(), payment.captured, payment.refunded, payment.currency, in_words(charge)));
    compare_refunds(payment, subject, charge);
  }

  void compare_refunds(const Payment& payment, const std::string& subject, const ProcessorCharge& charge) {
    std::map<std::string_view, const Attempt*> ours;
    for (const Attempt& attempt : payment.attempts)
      if (attempt.kind == "REFUND") ours[attempt.reference] = &attempt;
    for (const ProcessorRefund& refund : charge.refunds) {
      const auto found = ours.find(refund.reference);
      const Attempt* booked = found == ours.end() ? nullptr : found->second;
      if (booked && booked->status == "SUCCEEDED" && (refund.status != "succeeded" || refund.amount != booked->amount))
        findings_.add(
            "refunds_are_equal", fmt::format("{} {}", subject, refund.id),
            fmt::format("we gave back {} ({}), the processor says {} of {}", booked->amount, booked->reference, refund.status, refund.amount));
      else if ((!booked || booked->status != "SUCCEEDED") && counts(refund))
        findings_.add("refunds_are_equal", fmt::format("{} {}", subject, refund.id),
                      fmt::format("the processor gave back {} under the reference \"{}\", which is {} here", refund.amount, refund.reference,
                                  booked ? booked->status : "unknown"));
      if (booked) ours.erase(found);
    }
    for (const auto& [reference, attempt] : ours)
      if (attempt->status == "SUCCEEDED")
        findings_.add("refunds_are_equal", fmt::format("{} {}", subject, reference),
                      fmt::format("we gave back {}, of which the processor knows nothing", attempt->amount));
  }

  // It holds or keeps money for an attempt that has no right to it (any more).
  void unwanted(const Payment& payment, const Attempt& attempt, const ProcessorCharge& charge) {
    const std::string subject = fmt::format("{} {}", payment.subject(), charge.processor_ref);
    if (attempt.gets_money() && attempt.is_open())
      findings_.add("processor_charges_are_booked", subject,
                    fmt::format("the processor has a charge ({}) for the attempt {}, which is still {} here", in_words(charge), attempt.reference,
                                attempt.status));
    else
      findings_.add("stray_charges_are_reversed", subject,
                    fmt::format("a charge ({}) stands for the attempt {}, which is {} here with the charge \"{}\"", in_words(charge),
                                attempt.reference, attempt.status, attempt.processor_ref));
  }

  std::vector<Payment> payments_;
  const Options& options_;
  Findings& findings_;
  std::map<std::string, Known, std::less<>> by_reference_, by_charge_;
  std::map<std::pair<std::string, std::int64_t>, std::vector<std::string>> live_;  // by order and step
  std::set<std::string, std::less<>> seen_;
};

}  // namespace

std::vector<Violation> compare_with_processor(Tx& tx, std::span<const ProcessorCharge> charges, const Options& options) {
  Findings findings;
  Comparison comparison(load(tx), options, findings);
  for (const ProcessorCharge& charge : charges) comparison.take(charge);
  comparison.end();
  return findings.take();
}

}  // namespace purser::verify
