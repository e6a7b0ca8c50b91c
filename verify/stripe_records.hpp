// What Stripe (or what speaks like it) says it did, read from its lists of PaymentIntents and Refunds: API version 2024-06-20, pages of
// a hundred, newest first. Reads only; an adapter of its own, so that a mistake of the one that charges is not repeated here.
#pragma once
#include <functional>
#include <optional>

#include "platform/clock.hpp"
#include "platform/http/client.hpp"
#include "verify/verify.hpp"

namespace purser::verify {

struct StripeAccess {
  std::string base_url = "https://api.stripe.com";
  std::string secret_key;
  std::string api_version = "2024-06-20";
  Duration connect_timeout = seconds(5);
  Duration total_timeout = seconds(30);
  int tries_max = 8;  // of each page, while the processor is busy (429), failing (5xx) or not to be reached
};

// Told after every page.
struct Progress {
  std::string_view list;  // "payment intents", "refunds"
  std::size_t records = 0;
};

// Every charge since then, or every one there is, with its refunds. An Error where a page cannot be had: then nothing is known.
// Client and clock must outlive the task.
Reply<std::vector<ProcessorCharge>> read_stripe_records(http::Client& client, Clock& clock, StripeAccess access, std::optional<Instant> since,
                                                        std::function<void(Progress)> told);

}  // namespace purser::verify
