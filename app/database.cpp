#include "app/database.hpp"

#include <sys/stat.h>

#include "contexts/orders/migrations.hpp"
#include "contexts/payments/migrations.hpp"
#include "platform/events/outbox.hpp"
#include "platform/rpc/idempotency.hpp"
#include "platform/rpc/keys.hpp"

namespace purser::app {

std::vector<store::Migration> all_migrations() {
  std::vector<store::Migration> all;
  const auto add = [&](std::vector<store::Migration> some) {
    for (store::Migration& migration : some) all.push_back(std::move(migration));
  };
  add(rpc::KeyRing::migrations());
  add(rpc::idempotency_migrations());
  add(events::Outbox::migrations());
  add(orders::migrations());
  add(payments::migrations());
  return all;
}

Result<Done> make_data_dir(const std::filesystem::path& data_dir) {
  std::error_code error;
  const bool fresh = std::filesystem::create_directories(data_dir, error);
  if (error) return Error{.kind = Kind::unavailable, .code = "data_dir", .detail = "Cannot make " + data_dir.string() + ": " + error.message() + "."};
  if (fresh) ::chmod(data_dir.c_str(), S_IRWXU);
  return Done{};
}

Result<std::shared_ptr<store::SqliteStore>> open_database(const std::filesystem::path& data_dir) {
  TRY_DONE(make_data_dir(data_dir));
  return store::open_sqlite({.file = data_dir / "purser.db"}, all_migrations());
}

}  // namespace purser::app
