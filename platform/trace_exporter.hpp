// Sends spans to an OpenTelemetry collector: OTLP/HTTP as JSON, in batches, at `<endpoint>/v1/traces`. Tracing is allowed to
// lose spans and nothing else: record() costs a lock and a push, a full queue drops, a batch the collector did not take is
// not tried again, and every lost span is counted in purser_trace_spans_dropped_total.
#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <memory>
#include <string>

#include "platform/async.hpp"
#include "platform/http/client.hpp"
#include "platform/trace.hpp"

namespace purser::trace {

struct ExporterOptions {
  std::string endpoint;  // "http://127.0.0.1:4318", with or without a slash at its end
  std::string service_version;
  std::size_t queue_spans_max = 16'384;
  std::size_t batch_spans_max = 512;
  Duration every = seconds(1);    // between two looks at the queue; each look sends all of it
  Duration timeout = seconds(5);  // one POST
};

class OtlpExporter : public Exporter {
 public:
  // Sends what is queued and ends the exporter; at most one POST's time-out longer than the collector takes. What is recorded
  // afterwards is dropped. Await it before the executor stops; asking twice is harmless.
  virtual Task<void> stop() = 0;
};

// Starts at once, as a coroutine on `executor`, which may be a pool of threads.
std::shared_ptr<OtlpExporter> start_otlp_exporter(boost::asio::any_io_executor executor, std::shared_ptr<http::Client> client,
                                                  ExporterOptions options);

}  // namespace purser::trace
