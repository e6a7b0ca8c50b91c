#include "platform/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <memory>
#include <mutex>
#include <string_view>

#include "kernel/assert.hpp"

namespace purser::metrics {
namespace {

class PrometheusCounter final : public Counter {
 public:
  explicit PrometheusCounter(prometheus::Counter& counter) : counter_(counter) {}
  void add(double by) override { counter_.Increment(by); }

 private:
  prometheus::Counter& counter_;
};

class PrometheusGauge final : public Gauge {
 public:
  explicit PrometheusGauge(prometheus::Gauge& gauge) : gauge_(gauge) {}
  void set(double value) override { gauge_.Set(value); }
  void add(double by) override { gauge_.Increment(by); }

 private:
  prometheus::Gauge& gauge_;
};

class PrometheusHistogram final : public Histogram {
 public:
  explicit PrometheusHistogram(prometheus::Histogram& histogram) : histogram_(histogram) {}
  void observe(double value) override { histogram_.Observe(value); }

 private:
  prometheus::Histogram& histogram_;
};

const prometheus::Histogram::BucketBoundaries& bucket_bounds() {
  static const prometheus::Histogram::BucketBoundaries bounds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.9, 2, 5, 10, 30};
  return bounds;
}

// Our faces of the instruments, found again by name and labels.
template <class Instrument>
using Faces = std::map<std::pair<std::string, prometheus::Labels>, std::unique_ptr<Instrument>>;

struct Instruments {
  std::mutex mutex;
  prometheus::Registry registry;
  Faces<Counter> counters;
  Faces<Gauge> gauges;
  Faces<Histogram> histograms;
};

// Never destroyed: threads and other static objects may count until the very end.
Instruments& instruments() {
  static auto* all = new Instruments;
  return *all;
}

// Names are literals of ours; a wrong one is a bug that the first run of its code shows.
void check_name(std::string_view name, std::string_view help) {
  PURSER_ASSERT(name.starts_with("purser_"));
  PURSER_ASSERT(!help.empty());
}

template <class Instrument, class Make>
Instrument& find_or_make(Faces<Instrument>& faces, const std::string& name, Labels labels, Make make) {
  const std::lock_guard lock(instruments().mutex);
  prometheus::Labels key(labels.begin(), labels.end());
  auto& face = faces[{name, key}];
  if (!face) face = make(instruments().registry, key);
  return *face;
}

}  // namespace

Counter& counter(const std::string& name, const std::string& help, Labels labels) {
  check_name(name, help);
  PURSER_ASSERT(name.ends_with("_total"));
  return find_or_make(instruments().counters, name, labels, [&](prometheus::Registry& registry, const prometheus::Labels& key) {
    return std::make_unique<PrometheusCounter>(prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add(key));
  });
}

Gauge& gauge(const std::string& name, const std::string& help, Labels labels) {
  check_name(name, help);
  return find_or_make(instruments().gauges, name, labels, [&](prometheus::Registry& registry, const prometheus::Labels& key) {
    return std::make_unique<PrometheusGauge>(prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add(key));
  });
}

Histogram& histogram(const std::string& name, const std::string& help, Labels labels) {
  check_name(name, help);
  PURSER_ASSERT(name.ends_with("_seconds"));
  return find_or_make(instruments().histograms, name, labels, [&](prometheus::Registry& registry, const prometheus::Labels& key) {
    return std::make_unique<PrometheusHistogram>(prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add(key, bucket_bounds()));
  });
}

std::string exposition() { return prometheus::TextSerializer().Serialize(instruments().registry.Collect()); }

}  // namespace purser::metrics
