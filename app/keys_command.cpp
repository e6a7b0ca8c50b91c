#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "app/commands.hpp"
#include "app/database.hpp"
#include "app/run_task.hpp"
#include "app/secrets.hpp"
#include "app/server_place.hpp"
#include "platform/rpc/keys.hpp"

namespace purser::app {
namespace {

struct KeysFlags {
  ServerPlace place{};
  std::string mode;
  std::string merchant;
  std::string name = "unnamed";
  std::string scope = "merchant";
  std::string which;
};

constexpr const char* shared_options =
    "Also, as of `purser keys`:\n"
    "  --data-dir TEXT             The server's data folder (or PURSER_DATA_DIR; else ./data).\n"
    "  --config TEXT               The server's TOML file (or PURSER_CONFIG).\n"
    "  --mode test|live            The server's if left out (PURSER_MODE, else test).";

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

Result<Config> server_of(const KeysFlags& flags, std::initializer_list<std::string_view> needed) {
  TRY(Config server, settings_of(flags.place, needed));
  if (!flags.mode.empty()) server.mode = flags.mode;
  return server;
}

// The secret the server hashes its keys with: the one it is configured with. Only a server with --dev does without, and keeps one in
// its data folder. A key under any other is one that no server knows, so none is made by a guess.
Result<std::string> key_secret_of(const Config& server) {
  if (!server.key_secret.empty()) return server.key_secret.reveal();
  const auto file = std::filesystem::path(server.data_dir) / "key_secret";
  const bool of_a_dev_server = std::filesystem::exists(file) || !has_database(server.data_dir);
  if (server.mode != "live" && of_a_dev_server) {
    TRY_DONE(make_data_dir(server.data_dir));
    return secret_from(file, 32, system_random());
  }
  const std::string whose = server.mode == "live" ? "A live server" : "The server of " + server.data_dir;
  return Error{.kind = Kind::invalid,
               .code = "key_secret_missing",
               .detail = whose +
                         " is configured with a key_secret, and knows only keys made under it. Give this command the same one: set "
                         "PURSER_KEY_SECRET or PURSER_KEY_SECRET_FILE as the server has it, or name its TOML file with --config."};
}

int create(const KeysFlags& flags) {
  const std::string merchant = flags.merchant.empty() ? make_id<MerchantId>(system_clock().now(), system_random()).text() : flags.merchant;
  if (!MerchantId::parse(merchant)) return fail("--merchant must be a merchant id, \"mer_…\"; leave it out to make a new merchant.");
  const auto server = server_of(flags, {"mode", "key_secret"});
  if (!server.ok()) return fail(server.error().detail);
  const bool from_folder = server->key_secret.empty();
  const auto secret = key_secret_of(*server);
  if (!secret.ok()) return fail(secret.error().detail);
  auto store = open_database(server->data_dir);
  if (!store.ok()) return fail(store.error().detail);
  rpc::KeyRing keys(**store, system_clock(), system_random(), server->mode, *secret);
  auto created = run_task(keys.create(merchant, flags.name, scope_of(flags.scope)));
  if (!created.ok()) return fail(created.error().detail);
  fmt::print("id        {}\nmerchant  {}\nscope     {}\nkey       {}\n\nThis is the only time the key is shown.\n", created->key.id,
             created->key.merchant_id, text(created->key.scope), created->secret);
  if (from_folder) fmt::print("It is for `purser serve --dev` on {}; a server with a key_secret of its own does not know it.\n", server->data_dir);
  return 0;
}

// The keys that are there. Listing and revoking read none of them, so that the secret they are hashed under does not matter.
template <class Use>
int with_keys(const KeysFlags& flags, Use use) {
  const auto server = server_of(flags, {"mode"});
  if (!server.ok()) return fail(server.error().detail);
  auto store = open_existing_database(server->data_dir);
  if (!store.ok()) return fail(store.error().detail);
  rpc::KeyRing keys(**store, system_clock(), system_random(), server->mode, make_secret(32, system_random()));
  return use(keys);
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
  add_place(*keys, flags->place);
  keys->add_option("--mode", flags->mode, "test or live; the server's if left out (PURSER_MODE, else test).")->check(CLI::IsMember({"test", "live"}));
  CLI::App* make = keys->add_subcommand("create", "Make a key and show it, once.");
  make->add_option("--merchant", flags->merchant, "The merchant it belongs to; a new one if left out.");
  make->add_option("--name", flags->name, "What it is for.")->capture_default_str();
  make->add_option("--scope", flags->scope, "readonly, merchant or admin.")
      ->check(CLI::IsMember({"readonly", "merchant", "admin"}))
      ->capture_default_str();
  make->callback([flags, &status] { status = create(*flags); });
  CLI::App* show = keys->add_subcommand("list", "List all keys; their secrets are not kept.");
  show->callback([flags, &status] { status = list(*flags); });
  CLI::App* end = keys->add_subcommand("revoke", "Revoke a key by its id or its first twelve characters.");
  end->add_option("key", flags->which, "key_… or sk_test_abcd")->required();
  for (CLI::App* verb : {make, show, end}) {
    verb->fallthrough();  // the options of all three may stand behind the verb too
    verb->footer(shared_options);
  }
  end->callback([flags, &status] { status = revoke(*flags); });
  return flags;
}

}  // namespace purser::app
