// Counters, gauges and histograms (prometheus-cpp), named purser_… in base units. No id is ever a label.
#pragma once
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace purser::metrics {

using Labels = std::initializer_list<std::pair<const char*, std::string>>;

class Counter {
 public:
  virtual ~Counter() = default;
  virtual void add(double by = 1) = 0;
};
class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void set(double value) = 0;
  virtual void add(double by) = 0;
};
class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void observe(double value) = 0;
};

// Each call with the same name and labels gives the same instrument, alive as long as the process: keep the reference, do
// not look it up on the hot path. Any thread.
Counter& counter(const std::string& name, const std::string& help, Labels labels = {});
Gauge& gauge(const std::string& name, const std::string& help, Labels labels = {});
// Seconds, with buckets from 0.5 ms to 30 s that include the targets 0.05, 0.1 and 0.9.
Histogram& histogram(const std::string& name, const std::string& help, Labels labels = {});

// The text exposition format of all of them, for GET /metrics.
std::string exposition();

}  // namespace purser::metrics
