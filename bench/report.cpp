#include "bench/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace purser::bench {
namespace {

constexpr double mib = 1024 * 1024;

std::string load_of(const Phase& phase) { return phase.paced ? fmt::format("{:.0f}/s", phase.target_per_second) : "closed"; }

std::string phase_line(const Phase& phase) {
  const Latencies& latencies = phase.measured.latencies;
  const double batch = phase.commits.value_or(0) > 0 ? phase.transactions.value_or(0) / *phase.commits : 0;
  return fmt::format("  {:<17}{:>8}{:>9.0f}{:>9.2f}{:>9.2f}{:>9.2f}{:>11.3f}{:>9.3f}{:>9.3f}{:>9}{:>8}\n", phase.name, load_of(phase),
                     phase.measured.per_second(), latencies.percentile_ms(50), latencies.percentile_ms(95), latencies.percentile_ms(99),
                     phase.per_thousand(phase.server_cpu_seconds), phase.per_thousand(phase.server_after_cpu_seconds),
                     phase.per_thousand(phase.generator_cpu_seconds), phase.commits ? fmt::format("{:.0f}", *phase.commits) : "-",
                     batch > 0 ? fmt::format("{:.1f}", batch) : "-");
}

std::string error_lines(const Phase& phase) {
  std::string text;
  for (const auto& [what, count] : phase.measured.errors) text += fmt::format("  FAILED  {}: {} × {}\n", phase.name, count, what);
  if (!text.empty()) text += fmt::format("          the first: {}\n", phase.measured.first_error);
  return text;
}

std::string mode_table(const ModeReport& mode) {
  std::string text = fmt::format("  {:<17}{:>8}{:>9}{:>9}{:>9}{:>9}{:>11}{:>9}{:>9}{:>9}{:>8}\n", "", "load", "per s", "p50 ms", "p95 ms", "p99 ms",
                                 "server CPU", "after", "client", "commits", "batch");
  for (const Phase& phase : mode.phases) text += phase_line(phase);
  for (const Phase& phase : mode.phases) text += error_lines(phase);
  text += fmt::format(
      "  CPU in seconds per 1000 requests; after: what the server still did once all were answered (webhooks).\n"
      "  Ready {:.0f} ms after exec. Resident {:.1f} MiB at the start, {:.1f} MiB at the end.\n",
      mode.ready_seconds * 1000, static_cast<double>(mode.resident_start_bytes) / mib, static_cast<double>(mode.resident_end_bytes) / mib);
  return text;
}

std::string own_table(const OwnReport& own) {
  const double checkouts = own.mode.phase("POST /checkout").measured.per_second();
  return fmt::format(
             "Own cost: {} clients; the processor in the server's process, without delay, its ledger in memory (/dev/shm), so that the fsyncs\n"
             "are all ours. Server, processor and load generator share this machine.\n",
             own.mode.clients) +
         mode_table(own.mode) +
         fmt::format(
             "  Ceiling: SQLite's C API, WAL, synchronous=FULL, one thread, prepared inserts, the same disk and indexes. A transaction\n"
             "  holds the rows one checkout left: {}.\n"
             "  {:.0f} checkouts/s before, {:.0f} after the server ran; the better one counts. 1000 take {:.3f} s of CPU, the rest is the disk.\n"
             "  Ratio: {:.0f} / {:.0f} = {:.3f}\n",
             own.transaction, own.before.per_second(), own.after.per_second(), own.ceiling().cpu_per_thousand(), checkouts,
             own.ceiling().per_second(), own.ratio());
}

std::string shop_table(const ShopReport& shop) {
  return fmt::format(
             "A shop: {} clients; the processor over HTTP in a process of its own, every answer {} ms late. Paced: due at random moments\n"
             "(Poisson), latency from when it was due.\n",
             shop.mode.clients, shop.delay_ms) +
         mode_table(shop.mode) +
         fmt::format(
             "  Our own share of the p95 of POST /checkout (p95 less one delay of {} ms, and nothing else):\n"
             "  {:.1f} ms paced; {:.1f} ms in the closed loop, where {} clients that never rest wait mostly for one another.\n",
             shop.delay_ms, shop.own_share_p95_ms(true), shop.own_share_p95_ms(false), shop.mode.clients);
}

// ---- JSON

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      out += '\\', out += c;
    else if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      out += c;
  }
  return out + '"';
}

std::string phase_json(const Phase& phase) {
  const Measured& measured = phase.measured;
  std::string errors;
  for (const auto& [what, count] : measured.errors) errors += fmt::format("{}{}:{}", errors.empty() ? "" : ",", quoted(what), count);
  const auto maybe = [](const std::optional<double>& value) { return value ? fmt::format("{:.0f}", *value) : std::string("null"); };
  return fmt::format(
      R"({{"request":{},"load":"{}","target_per_second":{:.1f},"requests":{},"seconds":{:.3f},"requests_per_second":{:.1f},"p50_ms":{:.3f},)"
      R"("p95_ms":{:.3f},"p99_ms":{:.3f},"server_cpu_seconds_per_1000":{:.4f},"server_cpu_after_seconds_per_1000":{:.4f},)"
      R"("generator_cpu_seconds_per_1000":{:.4f},"settle_seconds":{:.1f},"commits":{},"transactions":{},"errors":{{{}}}}})",
      quoted(phase.name), phase.paced ? "paced" : "closed", phase.target_per_second, measured.requests, measured.seconds, measured.per_second(),
      measured.latencies.percentile_ms(50), measured.latencies.percentile_ms(95), measured.latencies.percentile_ms(99),
      phase.per_thousand(phase.server_cpu_seconds), phase.per_thousand(phase.server_after_cpu_seconds),
      phase.per_thousand(phase.generator_cpu_seconds), phase.settle_seconds, maybe(phase.commits), maybe(phase.transactions), errors);
}

std::string mode_json(const ModeReport& mode) {
  std::string phases;
  for (const Phase& phase : mode.phases) phases += (phases.empty() ? "" : ",") + phase_json(phase);
  return fmt::format(R"("clients":{},"ready_seconds":{:.4f},"resident_start_bytes":{},"resident_end_bytes":{},"phases":[{}])", mode.clients,
                     mode.ready_seconds, mode.resident_start_bytes, mode.resident_end_bytes, phases);
}

std::string own_json(const OwnReport& own) {
  return fmt::format(R"("ratio":{:.4f},"own":{{"checkouts_per_second":{:.1f},"ceiling_checkouts_per_second":{:.1f},)"
                     R"("ceiling_before_per_second":{:.1f},"ceiling_after_per_second":{:.1f},"ceiling_cpu_seconds_per_1000":{:.4f},)"
                     R"("ceiling_transaction":{},{}}})",
                     own.ratio(), own.mode.phase("POST /checkout").measured.per_second(), own.ceiling().per_second(), own.before.per_second(),
                     own.after.per_second(), own.ceiling().cpu_per_thousand(), quoted(own.transaction), mode_json(own.mode));
}

std::string shop_json(const ShopReport& shop) {
  return fmt::format(R"("shop":{{"processor_delay_ms":{},"own_share_p95_paced_ms":{:.3f},"own_share_p95_closed_ms":{:.3f},{}}})", shop.delay_ms,
                     shop.own_share_p95_ms(true), shop.own_share_p95_ms(false), mode_json(shop.mode));
}

bool has_errors(const ModeReport& mode) {
  return std::ranges::any_of(mode.phases, [](const Phase& phase) { return !phase.measured.errors.empty(); });
}

}  // namespace

bool Report::failed() const { return (own && has_errors(own->mode)) || (shop && has_errors(shop->mode)); }

std::string to_table(const Report& report) {
  std::string text;
  if (report.own) text += own_table(*report.own);
  if (report.own && report.shop) text += "\n";
  if (report.shop) text += shop_table(*report.shop);
  return text;
}

std::string to_json(const Report& report) {
  std::string text;
  if (report.own) text += own_json(*report.own);
  if (report.own && report.shop) text += ",";
  if (report.shop) text += shop_json(*report.shop);
  return "{" + text + "}\n";
}

}  // namespace purser::bench
