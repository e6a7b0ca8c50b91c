#include "app/sandbox_host.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "app/database.hpp"
#include "platform/json/json_writer.hpp"
#include "platform/log.hpp"
#include "platform/rpc/rest.hpp"
#include "sandbox/face.hpp"

namespace purser::app {

Result<std::unique_ptr<SandboxHost>> SandboxHost::open(const std::filesystem::path& data_dir, std::shared_ptr<http::Client> client,
                                                       sandbox::Options options) {
  TRY_DONE(make_data_dir(data_dir));
  auto host = std::make_unique<SandboxHost>();
  TRY(host->store_, store::open_sqlite({.file = data_dir / "sandbox.db", .readers = 1}, sandbox::migrations()));
  host->sandbox_ = sandbox::make(*host->store_, system_clock(), system_random(), std::move(client), std::move(options));
  return host;
}

void SandboxHost::start(boost::asio::any_io_executor executor, std::uint16_t port) {
  server_ = http::listen(executor, "127.0.0.1", port, sandbox_->handler(), [](const Error& error) { return rpc::problem(error, "", ""); },
                         {.allow_cut = true});
}

void SandboxHost::run(boost::asio::any_io_executor executor) { boost::asio::co_spawn(executor, sandbox_->run(), boost::asio::detached); }

Task<void> SandboxHost::send_webhooks_to(std::string url) {
  http::Request settings{.method = "POST", .target = "/_sandbox/settings"};
  JsonWriter json(settings.body);
  json.begin_object().key("webhook_url").string(url + "stripe").key("faces").begin_object();
  for (const sandbox::Face* face : sandbox::faces())
    if (face != &sandbox::stripe_face())
      json.key(face->name()).begin_object().key("webhook_url").string(url + std::string(face->name())).end_object();
  json.end_object().end_object();
  const http::Response response = co_await sandbox_->handler()(std::move(settings));
  if (response.status != 200) log::error("the sandbox refused its settings", {{"status", response.status}});
}

Task<void> SandboxHost::stop(Duration grace) {
  sandbox_->stop();
  if (server_) co_await server_->drain(grace);
}

}  // namespace purser::app
