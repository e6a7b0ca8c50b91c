#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>

#include "app/commands.hpp"
#include "app/run_task.hpp"
#include "app/server_place.hpp"
#include "app/snapshot.hpp"
#include "platform/clock.hpp"
#include "platform/config.hpp"
#include "platform/http/curl_client.hpp"
#include "platform/json/json_writer.hpp"
#include "verify/stripe_records.hpp"
#include "verify/verify.hpp"

namespace purser::app {
namespace {

constexpr int clean = 0, violated = 1, unchecked = 2;
constexpr std::size_t shown_max = 20;            // of each check; --json shows all
constexpr Duration clocks_differ = minutes(10);  // the processor's from ours

struct VerifyFlags {
  ServerPlace place{};
  std::string processor;
  std::string stripe_base_url;  // empty: the server's
  std::string settled_within = "25h";
  std::string since;
  bool at_rest = false;
  bool shared_account = false;
  bool json = false;
};

// Everything a report tells.
struct Found {
  verify::Extent extent;
  std::vector<verify::Violation> violations;
  std::optional<std::size_t> charges;  // at the processor
  std::size_t foreign = 0;             // of those, left out
  std::int64_t took_ms = 0;
};

int fail(const std::string& detail) {
  fmt::print(stderr, "purser verify: {}\n", detail);
  return unchecked;
}

Error cannot(std::string code, std::string detail) { return {.kind = Kind::unavailable, .code = std::move(code), .detail = std::move(detail)}; }

// "25h", "90m", "30s", "2d", "0".
std::optional<Duration> parse_duration(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || count < 0 || count > 100'000) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit.empty()) return count == 0 ? std::optional(seconds(0)) : std::nullopt;
  if (unit == "s") return seconds(count);
  if (unit == "m") return minutes(count);
  if (unit == "h") return hours(count);
  return unit == "d" ? std::optional(hours(24 * count)) : std::nullopt;
}

// A day, or a moment.
std::optional<Instant> parse_since(const std::string& text) { return parse_rfc3339(text.size() == 10 ? text + "T00:00:00Z" : text); }

// ---- the processor's records

Result<verify::StripeAccess> stripe_account(const VerifyFlags& flags) {
  TRY(const Config server, settings_of(flags.place, {"stripe_base_url", "stripe_secret_key"}));
  if (server.stripe_secret_key.empty())
    return cannot(
        "stripe_secret_key",
        "Set PURSER_STRIPE_SECRET_KEY (or …_FILE), or name the server's TOML file with --config: without a key the processor shows nothing.");
  return verify::StripeAccess{.base_url = flags.stripe_base_url.empty() ? server.stripe_base_url : flags.stripe_base_url,
                              .secret_key = server.stripe_secret_key.reveal()};
}

// Long work tells how far it is, where somebody watches.
void tell(verify::Progress progress) {
  if (::isatty(STDERR_FILENO) == 0) return;
  fmt::print(stderr, "\rreading the processor's {}: {}\033[K", progress.list, progress.records);
}
void tell_no_more() {
  if (::isatty(STDERR_FILENO) != 0) fmt::print(stderr, "\r\033[K");
}

Result<std::vector<verify::ProcessorCharge>> read_charges(const VerifyFlags& flags, std::optional<Instant> since) {
  TRY(const verify::StripeAccess account, stripe_account(flags));
  const auto client = http::make_curl_client();
  std::optional<Instant> from;
  if (since) from = *since - clocks_differ;
  auto charges = run_task(verify::read_stripe_records(*client, system_clock(), account, from, tell));
  tell_no_more();
  return charges;
}

// ---- the report

std::int64_t count_of(const Found& found, std::string_view check) { return std::ranges::count(found.violations, check, &verify::Violation::check); }

template <class Each>
void for_each_check(const Found& found, Each each) {
  for (const verify::Check& check : verify::book_checks()) each(check);
  if (!found.charges) return;
  for (const verify::Check& check : verify::processor_checks()) each(check);
}

void print_violations(const Found& found) {
  for_each_check(found, [&](const verify::Check& check) {
    std::size_t shown = 0;
    for (const verify::Violation& violation : found.violations) {
      if (violation.check != check.name || ++shown > shown_max) continue;
      fmt::print("\n{}\n  about   {}\n  found   {}\n  remedy  {}\n", violation.check, violation.subject, violation.detail, violation.remedy);
    }
    if (shown > shown_max) fmt::print("\n{}: {} more, with --json\n", check.name, shown - shown_max);
  });
}

void print_report(const Found& found) {
  const verify::Extent& extent = found.extent;
  fmt::print("Looked at {} orders ({} changes), {} payments ({} attempts), {} events, {} idempotency keys", extent.orders, extent.changes,
             extent.payments, extent.attempts, extent.events, extent.keys);
  if (found.charges) fmt::print(", {} charges at the processor", *found.charges);
  if (found.foreign > 0) fmt::print(" ({} more are not ours)", found.foreign);
  fmt::print(", in {} ms.\n\n", found.took_ms);
  for_each_check(found, [&](const verify::Check& check) {
    const std::int64_t count = count_of(found, check.name);
    fmt::print("  {:<36} {}\n", check.name, count == 0 ? "OK" : fmt::format("{} violation{}", count, count == 1 ? "" : "s"));
  });
  print_violations(found);
  if (found.violations.empty())
    fmt::print("\nNo violations.\n");
  else
    fmt::print("\n{} violation{}.\n", found.violations.size(), found.violations.size() == 1 ? "" : "s");
}

void print_json(const Found& found) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("clean").boolean(found.violations.empty());
  json.key("looked_at").begin_object();
  json.key("orders").integer(found.extent.orders).key("order_changes").integer(found.extent.changes).key("payments").integer(found.extent.payments);
  json.key("attempts").integer(found.extent.attempts).key("events").integer(found.extent.events).key("idempotency_keys").integer(found.extent.keys);
  if (found.charges) json.key("processor_charges").integer(static_cast<std::int64_t>(*found.charges));
  json.end_object().key("took_ms").integer(found.took_ms).key("checks").begin_array();
  for_each_check(found, [&](const verify::Check& check) {
    json.begin_object()
        .key("check")
        .string(check.name)
        .key("asks")
        .string(check.asks)
        .key("violations")
        .integer(count_of(found, check.name))
        .end_object();
  });
  json.end_array().key("violations").begin_array();
  for (const verify::Violation& violation : found.violations) {
    json.begin_object().key("check").string(violation.check).key("subject").string(violation.subject);
    json.key("detail").string(violation.detail).key("remedy").string(violation.remedy).end_object();
  }
  json.end_array().end_object();
  fmt::print("{}\n", out);
}

// ---- the command

// The processor first: whatever it shows was asked for before, so that the snapshot taken afterwards knows of it.
Result<Found> look(const VerifyFlags& flags, Duration settled_within, std::optional<Instant> since) {
  Found found;
  TRY(const Config server, settings_of(flags.place));
  TRY_DONE(in_snapshot(server.data_dir, [](store::Tx&) {}));
  const Instant began = system_clock().now();
  std::vector<verify::ProcessorCharge> charges;
  if (!flags.processor.empty()) {
    TRY(charges, read_charges(flags, since));
    if (flags.shared_account) found.foreign = std::erase_if(charges, [](const auto& charge) { return charge.reference.empty(); });
    found.charges = charges.size();
  }
  TRY_DONE(in_snapshot(server.data_dir, [&](store::Tx& tx) {
    verify::Options options{.now = system_clock().now(), .at_rest = flags.at_rest, .settled_within = settled_within};
    found.extent = verify::extent_of(tx);
    found.violations = verify::check_books(tx, options);
    if (!found.charges) return;
    options.now = began;
    options.since = since.value_or(Instant{});
    const auto more = verify::compare_with_processor(tx, charges, options);
    found.violations.insert(found.violations.end(), more.begin(), more.end());
  }));
  found.took_ms = (system_clock().now() - began).ms;
  return found;
}

int verify_books(const VerifyFlags& flags) {
  const auto settled_within = parse_duration(flags.settled_within);
  if (!settled_within) return fail("--settled-within takes a number and a unit, such as 25h, 90m or 0.");
  std::optional<Instant> since;
  if (!flags.since.empty() && !(since = parse_since(flags.since)))
    return fail("--since takes a day or a moment: 2026-11-21, or 2026-11-21T10:00:00Z.");
  const auto found = look(flags, *settled_within, since);
  if (!found.ok()) return fail(found.error().detail);
  if (flags.json)
    print_json(*found);
  else
    print_report(*found);
  return found->violations.empty() ? clean : violated;
}

}  // namespace

std::shared_ptr<void> add_verify(CLI::App& cli, int& status) {
  auto flags = std::make_shared<VerifyFlags>();
  CLI::App* command = cli.add_subcommand("verify", "Check the books, also while the server runs: 0 clean, 1 violations, 2 could not check.");
  add_place(*command, flags->place);
  command->add_option("--processor", flags->processor, "Compare with this processor's own records too: stripe.")->check(CLI::IsMember({"stripe"}));
  command->add_option("--stripe-base-url", flags->stripe_base_url,
                      "Stripe, or what speaks like it; the server's if left out. Its key: PURSER_STRIPE_SECRET_KEY, or …_FILE.");
  command->add_option("--since", flags->since, "Compare only charges from then on: 2026-11-21, or 2026-11-21T10:00:00Z.");
  command->add_flag("--shared-account", flags->shared_account, "Charges without a reference of Purser's are another system's: leave them out.");
  command->add_option("--settled-within", flags->settled_within, "How long something may be under way: 25h, 90m, 0.")->capture_default_str();
  command->add_flag("--at-rest", flags->at_rest, "Nothing may be under way: for a server that is stopped and was drained.");
  command->add_flag("--json", flags->json, "The report as JSON, every violation in it.");
  command->callback([flags, &status] { status = verify_books(*flags); });
  return flags;
}

}  // namespace purser::app
