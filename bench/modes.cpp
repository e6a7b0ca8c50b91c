#include "bench/modes.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <stdexcept>

#include "bench/purser_server.hpp"

namespace purser::bench {
namespace {

using std::chrono::seconds;
constexpr std::size_t kept_ids_max = 20'000;

void say(const std::string& what) { fmt::print(stderr, "  {}\n", what); }

// In memory, so that the processor's own fsync costs the shop nothing: it is a stranger's machine.
class LedgerFolder {
 public:
  LedgerFolder() : path_(fmt::format("/dev/shm/purser-bench-{}", ::getpid())) { std::filesystem::create_directories(path_); }
  LedgerFolder(const LedgerFolder&) = delete;
  LedgerFolder& operator=(const LedgerFolder&) = delete;
  ~LedgerFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// A server, the clients connected to it, and the report that fills as it is measured.
class Session {
 public:
  Session(PurserServer server, const Options& options, std::string name, std::size_t clients)
      : server_(std::move(server)),
        options_(options),
        report_{.name = std::move(name),
                .clients = clients,
                .ready_seconds = server_.ready_seconds(),
                .resident_start_bytes = server_.process().resident_bytes(),
                .phases = {}},
        load_(server_.port(), clients) {}

  PurserServer& server() { return server_; }

  // Unmeasured; what fails here fails the run at once.
  void warm_up(const RequestTemplate& request) {
    say(fmt::format("{}: warming up, {}", report_.name, request.name()));
    const Measured warm = load_.run(request, seconds(options_.warmup_seconds), 0, remember_);
    must_run();
    if (!warm.errors.empty()) throw std::runtime_error(fmt::format("{} fails: {}", request.name(), warm.first_error));
    server_.settle();
  }

  const Phase& measure(const RequestTemplate& request, double per_second = 0) {
    say(fmt::format("{}: {}{}", report_.name, request.name(), per_second > 0 ? fmt::format(", paced at {:.0f}/s", per_second) : ""));
    Phase phase{.name = request.name(), .paced = per_second > 0, .target_per_second = per_second, .measured = {}};
    const auto commits = server_.metric(commits_metric), transactions = server_.metric(transactions_metric);
    const double server_cpu = server_.process().cpu_seconds(), own_cpu = own_cpu_seconds();
    phase.measured = load_.run(request, seconds(options_.seconds), per_second, remember_);
    phase.generator_cpu_seconds = own_cpu_seconds() - own_cpu;
    must_run();
    const double answered_cpu = server_.process().cpu_seconds();
    phase.server_cpu_seconds = answered_cpu - server_cpu;
    phase.settle_seconds = server_.settle();
    phase.server_after_cpu_seconds = server_.process().cpu_seconds() - answered_cpu;
    if (commits) phase.commits = server_.metric(commits_metric).value_or(*commits) - *commits;
    if (transactions) phase.transactions = server_.metric(transactions_metric).value_or(*transactions) - *transactions;
    return report_.phases.emplace_back(std::move(phase));
  }

  RequestTemplate checkout() const { return checkout_request(server_.api_key()); }
  RequestTemplate payment() const { return payment_request(server_.api_key()); }
  RequestTemplate order_read() const { return order_read_request(server_.api_key(), order_ids_); }

  ModeReport end() {
    report_.resident_end_bytes = server_.process().resident_bytes();
    server_.stop();
    return std::move(report_);
  }

 private:
  static constexpr const char* commits_metric = "purser_store_commits_total";
  static constexpr const char* transactions_metric = "purser_store_transactions_total";

  void must_run() {
    Process& process = server_.process();
    if (const std::string ending = process.ending(); ending != "running")
      throw std::runtime_error(fmt::format("the server ended under load: {}. It last wrote:\n{}", ending, process.complaints()));
  }

  PurserServer server_;
  const Options& options_;
  ModeReport report_;
  Load load_;
  std::vector<std::string> order_ids_;
  const Load::OnAnswer remember_ = [this](std::string_view body) {
    if (order_ids_.size() >= kept_ids_max) return;
    if (std::string id = order_id_in(body); !id.empty()) order_ids_.push_back(std::move(id));
  };
};

}  // namespace

const Phase& ModeReport::phase(const std::string& phase_name, bool paced) const {
  const auto found = std::ranges::find_if(phases, [&](const Phase& phase) { return phase.name == phase_name && phase.paced == paced; });
  if (found == phases.end()) throw std::runtime_error("not measured: " + phase_name);
  return *found;
}

double ShopReport::own_share_p95_ms(bool paced) const { return mode.phase("POST /checkout", paced).measured.latencies.percentile_ms(95) - delay_ms; }

OwnReport measure_own(const Options& options, const std::filesystem::path& folder) {
  const LedgerFolder ledger;
  Session session(PurserServer::with_processor_inside(options, folder, ledger.path()), options, "own", options.own_clients);
  const TableCounts empty = count_rows(session.server().database());
  session.warm_up(session.checkout());
  const Sample sample = sample_rows(session.server().database(), empty);
  OwnReport report{.mode = {}, .transaction = sample.description(), .before = {}, .after = {}};
  say("own: the ceiling, first time");
  report.before = measure_ceiling(sample, folder, seconds(options.seconds));
  session.measure(session.checkout());
  session.measure(session.payment());
  session.measure(session.order_read());
  report.mode = session.end();
  say("own: the ceiling, second time");
  report.after = measure_ceiling(sample, folder, seconds(options.seconds));
  return report;
}

ShopReport measure_shop(const Options& options, const std::filesystem::path& folder) {
  const LedgerFolder ledger;
  Session session(PurserServer::with_slow_processor(options, folder, ledger.path()), options, "shop", options.shop_clients);
  session.warm_up(session.checkout());
  const double reached = session.measure(session.checkout()).measured.per_second();
  session.measure(session.checkout(), options.rate_per_second > 0 ? options.rate_per_second : reached / 2);
  session.measure(session.payment());
  session.measure(session.order_read());
  return {.mode = session.end(), .delay_ms = options.delay_ms};
}

}  // namespace purser::bench
