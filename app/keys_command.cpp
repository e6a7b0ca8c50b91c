#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "app/commands.hpp"
#include "app/database.hpp"
#include "app/run_task.hpp"
#include "app/secrets.hpp"
#include "platform/config.hpp"
#include "platform/rpc/keys.hpp"

namespace purser::app {
namespace {

struct KeysFlags {
  std::string data_dir = "./data";
  std::string mode = "test";
  std::string merchant;
  std::string name = "unnamed";
  std::string scope = "merchant";
  std::string which;
};

int fail(const std::string& detail) {
  fmt::print(stderr, "purser keys: {}\n", detail);
  return 1;
}

std::string_view text(rpc::Scope scope) {
  switch (scope) {
    case rpc::Scope::readonly:
      return "readonly";
    case rpc::Scope::merchant:
      return "merchant";
    case rpc::Scope::admin:
      return "admin";
  }
  return "";
}

rpc::Scope scope_of(const std::string& text) {
  if (text == "admin") return rpc::Scope::admin;
  return text == "readonly" ? rpc::Scope::readonly : rpc::Scope::merchant;
}

// The secret the server hashes its keys with: from the environment, as the server takes it, else from the data folder.
Result<std::string> server_secret(const KeysFlags& flags) {
  const Environment environment = process_environment();
  if (const auto secret = environment("PURSER_KEY_SECRET")) return *secret;
  if (const auto file = environment("PURSER_KEY_SECRET_FILE")) return read_secret(*file);
  return secret_from(std::filesystem::path(flags.data_dir) / "key_secret", 32, system_random());
}

// The key ring over the database in the data folder, under the same secret as the server's.
template <class Use>
int with_keys(const KeysFlags& flags, Use use) {
  auto store = open_database(flags.data_dir);
  if (!store.ok()) return fail(store.error().detail);
  auto secret = server_secret(flags);
  if (!secret.ok()) return fail(secret.error().detail);
  if (secret->size() < 32) return fail("the key secret has " + std::to_string(secret->size()) + " characters; it must have at least 32.");
  rpc::KeyRing keys(**store, system_clock(), system_random(), flags.mode, *secret);
  return use(keys);
}

int create(const KeysFlags& flags) {
  return with_keys(flags, [&](rpc::KeyRing& keys) {
    const std::string merchant = flags.merchant.empty() ? make_id<MerchantId>(system_clock().now(), system_random()).text() : flags.merchant;
    if (!MerchantId::parse(merchant)) return fail("--merchant must be a merchant id, \"mer_…\"; leave it out to make a new merchant.");
    auto created = run_task(keys.create(merchant, flags.name, scope_of(flags.scope)));
    if (!created.ok()) return fail(created.error().detail);
    fmt::print("id        {}\nmerchant  {}\nscope     {}\nkey       {}\n\nThis is the only time the key is shown.\n", created->key.id,
               created->key.merchant_id, text(created->key.scope), created->secret);
    return 0;
  });
}

int list(const KeysFlags& flags) {
  return with_keys(flags, [&](rpc::KeyRing& keys) {
    auto all = run_task(keys.list());
    if (!all.ok()) return fail(all.error().detail);
    fmt::print("{:<31} {:<31} {:<13} {:<9} {:<25} {:<25} {}\n", "ID", "MERCHANT", "KEY", "SCOPE", "CREATED", "REVOKED", "NAME");
    for (const rpc::ApiKey& key : *all)
      fmt::print("{:<31} {:<31} {:<13} {:<9} {:<25} {:<25} {}\n", key.id, key.merchant_id, key.prefix + "…", text(key.scope), rfc3339(key.created_at),
                 key.revoked_at ? rfc3339(*key.revoked_at) : "-", key.name);
    return 0;
  });
}

int revoke(const KeysFlags& flags) {
  return with_keys(flags, [&](rpc::KeyRing& keys) {
    auto revoked = run_task(keys.revoke(flags.which));
    if (!revoked.ok()) return fail(revoked.error().detail);
    fmt::print("Revoked. A running server refuses it within a second.\n");
    return 0;
  });
}

}  // namespace

std::shared_ptr<void> add_keys(CLI::App& cli, int& status) {
  auto flags = std::make_shared<KeysFlags>();
  CLI::App* keys = cli.add_subcommand("keys", "Create, list and revoke API keys; works while the server runs.");
  keys->require_subcommand(1);
  keys->add_option("--data-dir", flags->data_dir, "The server's data folder.")->envname("PURSER_DATA_DIR")->capture_default_str();
  keys->add_option("--mode", flags->mode, "test or live.")->check(CLI::IsMember({"test", "live"}))->capture_default_str();
  CLI::App* make = keys->add_subcommand("create", "Make a key and show it, once.");
  make->add_option("--merchant", flags->merchant, "The merchant it belongs to; a new one if left out.");
  make->add_option("--name", flags->name, "What it is for.")->capture_default_str();
  make->add_option("--scope", flags->scope, "readonly, merchant or admin.")
      ->check(CLI::IsMember({"readonly", "merchant", "admin"}))
      ->capture_default_str();
  make->fallthrough();  // --data-dir and --mode may stand behind the verb too
  make->callback([flags, &status] { status = create(*flags); });
  CLI::App* show = keys->add_subcommand("list", "List all keys; their secrets are not kept.");
  show->fallthrough();
  show->callback([flags, &status] { status = list(*flags); });
  CLI::App* end = keys->add_subcommand("revoke", "Revoke a key by its id or its first twelve characters.");
  end->add_option("key", flags->which, "key_… or sk_test_abcd")->required();
  end->fallthrough();
  end->callback([flags, &status] { status = revoke(*flags); });
  return flags;
}

}  // namespace purser::app
