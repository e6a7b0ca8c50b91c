// One running Purser: a shop over the real ports, and the faces it answers on. The only place that knows the deployment's shape.
#pragma once
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "app/database.hpp"
#include "app/sandbox_host.hpp"
#include "app/shop.hpp"
#include "platform/config.hpp"
#include "platform/http/client.hpp"
#include "platform/job_runner.hpp"
#include "platform/rpc/grpc_face.hpp"
#include "platform/store/probe.hpp"
#include "platform/trace_exporter.hpp"

namespace purser::app {

struct NodeOptions {
  bool sandbox_in_process = false;    // the processor is called directly, without a wire: for measuring our own cost
  std::filesystem::path sandbox_dir;  // where the sandbox keeps its ledger; empty: the data folder
};

class Node {
 public:
  // Opens the database and builds everything; only the sandbox listens yet. Throws std::system_error where its port is taken.
  static Result<std::unique_ptr<Node>> build(boost::asio::io_context& io, EffectiveConfig config, NodeOptions options);
  ~Node();

  // Finishes what was begun before, then listens. Throws std::system_error where a port is taken.
  Reply<Done> start();
  // Readiness off, no new work, what is in flight to its end.
  Task<void> stop();

  std::uint16_t http_port() const { return http_->port(); }
  std::uint16_t grpc_port() const { return grpc_->port(); }
  std::uint16_t sandbox_port() const { return sandbox_ ? sandbox_->port() : 0; }
  const Config& config() const { return config_; }
  rpc::KeyRing& keys() { return shop_->keys(); }
  const rpc::Directory& directory() const { return shop_->directory(); }

 private:
  Node(boost::asio::io_context& io, Config config) : io_(io), config_(std::move(config)) {}
  Result<Done> open_stores(const EffectiveConfig& effective, const NodeOptions& options);
  void open_shop();
  Reply<Done> ready();
  void listen();

  boost::asio::io_context& io_;
  Config config_;
  std::unique_ptr<DataLock> lock_;
  std::shared_ptr<store::SqliteStore> store_;
  std::unique_ptr<store::Probe> probe_;
  std::string key_secret_;
  std::shared_ptr<http::Client> client_;          // to collectors and merchants
  std::shared_ptr<http::Client> processor_wire_;  // to the processor
  std::unique_ptr<SandboxHost> sandbox_;
  std::shared_ptr<trace::OtlpExporter> exporter_;
  std::unique_ptr<Shop> shop_;
  std::shared_ptr<JobRunner> jobs_;
  std::shared_ptr<http::Server> http_;
  std::unique_ptr<rpc::GrpcServer> grpc_;
  bool draining_ = false;
};

}  // namespace purser::app
