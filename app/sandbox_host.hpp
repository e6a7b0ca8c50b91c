// Hosts the sandbox processor: its own database, its own port.
#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <filesystem>
#include <memory>

#include "platform/http/server.hpp"
#include "platform/store/sqlite_store.hpp"
#include "sandbox/sandbox.hpp"

namespace purser::app {

class SandboxHost {
 public:
  // Opens `data_dir`/sandbox.db. Not yet listening: handler() may be called in this process.
  static Result<std::unique_ptr<SandboxHost>> open(const std::filesystem::path& data_dir, std::shared_ptr<http::Client> client,
                                                   sandbox::Options options);

  http::Handler handler() { return sandbox_->handler(); }
  // What time brings (late refunds, webhooks): begun once it is known where webhooks go, for what is settled before is told to nobody.
  void run(boost::asio::any_io_executor executor);
  // Answers from now on. Throws std::system_error where the port is taken.
  void start(boost::asio::any_io_executor executor, std::uint16_t port);
  std::uint16_t port() const { return server_ ? server_->port() : 0; }
  // Each face to `url` and its own name: http://127.0.0.1:8080/webhooks/ + stripe.
  Task<void> send_webhooks_to(std::string url);
  Task<void> stop(Duration grace);

 private:
  std::shared_ptr<store::SqliteStore> store_;
  std::shared_ptr<sandbox::Sandbox> sandbox_;
  std::shared_ptr<http::Server> server_;
};

}  // namespace purser::app
