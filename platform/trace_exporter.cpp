#include "platform/trace_exporter.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <exception>
#include <mutex>

#include "platform/log.hpp"
#include "platform/metrics.hpp"

namespace purser::trace {
namespace {

namespace asio = boost::asio;
using Timer = asio::steady_timer;

metrics::Counter& dropped(const char* reason) {
  return metrics::counter("purser_trace_spans_dropped_total", "Spans that never reached the collector.", {{"reason", reason}});
}

// Why the collector did not take a batch; nothing if it did.
std::optional<std::string> failure_of(const http::Response& response) {
  if (response.status >= 200 && response.status < 300) return std::nullopt;
  return "status " + std::to_string(response.status);
}
std::optional<std::string> failure_of(const http::NotSent& end) { return end.reason; }
std::optional<std::string> failure_of(const http::InDoubt& end) { return end.reason; }

// Waits until the time is up or the timer is cancelled, which are the same to everyone here.
Task<void> wait(std::shared_ptr<Timer> timer) {
  boost::system::error_code ignored;
  co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

// The queue is everyone's, under its mutex. The rest belongs to the strand: run(), finish() and both timers.
class Pipeline final : public OtlpExporter, public std::enable_shared_from_this<Pipeline> {
 public:
  Pipeline(asio::any_io_executor executor, std::shared_ptr<http::Client> client, ExporterOptions options)
      : strand_(asio::make_strand(executor)),
        client_(std::move(client)),
        options_(std::move(options)),
        tick_(std::make_shared<Timer>(strand_)),
        ended_(std::make_shared<Timer>(strand_, Timer::time_point::max())) {
    while (options_.endpoint.ends_with('/')) options_.endpoint.pop_back();
  }

  void start() { asio::co_spawn(strand_, run(shared_from_this()), asio::detached); }

  void record(Span span) override {
    if (!span.context.sampled) return;
    {
      const std::lock_guard lock(mutex_);
      if (!closed_ && queue_.size() < options_.queue_spans_max) {
        queue_.push_back(std::move(span));
        return;
      }
    }
    dropped_unqueued_.add();
  }

  Task<void> stop() override { co_await asio::co_spawn(strand_, finish(shared_from_this()), asio::use_awaitable); }

 private:
  static Task<void> run(std::shared_ptr<Pipeline> self) {
    for (bool last = false; !last;) {
      self->tick_->expires_after(std::chrono::milliseconds(self->options_.every.ms));
      if (!self->stopping_) co_await wait(self->tick_);
      co_await self->send_all();
      last = self->stopping_;
    }
    self->close();
    self->has_ended_ = true;
    self->ended_->cancel();
  }

  static Task<void> finish(std::shared_ptr<Pipeline> self) {
    self->stopping_ = true;
    self->tick_->cancel();
    if (!self->has_ended_) co_await wait(self->ended_);
  }

  // Gives up at the first failure: behind a collector that is down every further batch would only wait as well.
  Task<void> send_all() {
    for (std::vector<Span> batch = take(); !batch.empty(); batch = take()) {
      const auto failure = co_await send(batch);
      tell(failure);
      if (failure) {
        dropped_unsent_.add(static_cast<double>(batch.size()));
        co_return;
      }
      exported_.add(static_cast<double>(batch.size()));
    }
  }

  Task<std::optional<std::string>> send(const std::vector<Span>& batch) {
    http::Outbound request{.method = "POST", .url = options_.endpoint + "/v1/traces"};
    request.headers.set("Content-Type", "application/json");
    request.body = otlp_json(batch, options_.service_version);
    request.connect_timeout = request.total_timeout = options_.timeout;
    try {
      const http::Outcome outcome = co_await client_->send(std::move(request));
      co_return std::visit([](const auto& end) { return failure_of(end); }, outcome);
    } catch (const std::exception& trouble) {
      co_return trouble.what();
    }
  }

  // Once when it begins to fail and once when it works again, not at every batch.
  void tell(const std::optional<std::string>& failure) {
    if (failure && !failing_) log::warn("spans are not exported", {{"endpoint", options_.endpoint}, {"reason", *failure}});
    if (!failure && failing_) log::info("spans are exported again", {{"endpoint", options_.endpoint}});
    failing_ = failure.has_value();
  }

  std::vector<Span> take() {
    const std::lock_guard lock(mutex_);
    const auto count = static_cast<std::ptrdiff_t>(std::min(queue_.size(), options_.batch_spans_max));
    std::vector<Span> batch(std::make_move_iterator(queue_.begin()), std::make_move_iterator(queue_.begin() + count));
    queue_.erase(queue_.begin(), queue_.begin() + count);
    return batch;
  }

  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    dropped_unsent_.add(static_cast<double>(queue_.size()));
    queue_.clear();
  }

  asio::strand<asio::any_io_executor> strand_;
  std::shared_ptr<http::Client> client_;
  ExporterOptions options_;
  std::shared_ptr<Timer> tick_, ended_;
  bool stopping_ = false, has_ended_ = false, failing_ = false;

  std::mutex mutex_;
  std::deque<Span> queue_;
  bool closed_ = false;

  metrics::Counter& dropped_unqueued_ = dropped("queue_full");
  metrics::Counter& dropped_unsent_ = dropped("not_taken");
  metrics::Counter& exported_ = metrics::counter("purser_trace_spans_exported_total", "Spans the collector took.");
};

}  // namespace

std::shared_ptr<OtlpExporter> start_otlp_exporter(asio::any_io_executor executor, std::shared_ptr<http::Client> client, ExporterOptions options) {
  auto pipeline = std::make_shared<Pipeline>(std::move(executor), std::move(client), std::move(options));
  pipeline->start();
  return pipeline;
}

}  // namespace purser::trace
