// The server under measurement, and for the shop mode the sandbox processor beside it, as processes of their own on free ports and in
// a fresh folder.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "bench/options.hpp"
#include "bench/process.hpp"

namespace purser::bench {

class PurserServer {
 public:
  // The processor inside the server's process, without a delay; its ledger in `ledger`.
  static PurserServer with_processor_inside(const Options& options, const std::filesystem::path& folder, const std::filesystem::path& ledger);
  // The processor over HTTP; every answer waits options.delay_ms.
  static PurserServer with_slow_processor(const Options& options, const std::filesystem::path& folder, const std::filesystem::path& ledger);

  std::uint16_t port() const { return port_; }
  const std::string& api_key() const { return api_key_; }
  double ready_seconds() const { return ready_seconds_; }  // from exec to the first 200 of /readyz
  std::filesystem::path database() const { return data_ / "purser.db"; }
  Process& process() { return *server_; }
  // Of /metrics, summed over its labels; nothing if it is not there.
  std::optional<double> metric(const std::string& name) const;
  // Waits until nobody is at work any more (webhooks, events): the seconds that took, at most `settle_seconds_max`.
  double settle();
  void stop();

  static constexpr double settle_seconds_max = 60;

 private:
  explicit PurserServer(std::filesystem::path data) : data_(std::move(data)) {}
  void await_ready();

  std::filesystem::path data_;
  std::unique_ptr<Process> sandbox_, server_;
  std::uint16_t port_ = 0;
  std::string api_key_;
  double ready_seconds_ = 0;
};

}  // namespace purser::bench
