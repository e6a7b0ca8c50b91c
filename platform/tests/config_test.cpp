#include "platform/config.hpp"

#include <gtest/gtest.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <vector>

namespace purser {
namespace {

const std::string long_secret(32, 'k');

// One start of the process: what it is told at each place, in a folder of its own.
class ConfigTest : public testing::Test {
 protected:
  ConfigTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "purser-config-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~ConfigTest() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) const {
    const std::string path = folder_ / name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  Result<EffectiveConfig> load(std::vector<std::string> arguments, std::map<std::string, std::string> environment = {},
                               const std::string& toml = "") {
    CLI::App app;
    ConfigFlags flags;
    flags.add_to(app);
    if (!toml.empty()) arguments.push_back("--config=" + write("purser.toml", toml));
    std::ranges::reverse(arguments);  // as CLI11 wants them
    app.parse(arguments);
    printing_ = flags.print_config();
    return load_config(flags, [environment](const std::string& name) -> std::optional<std::string> {
      const auto found = environment.find(name);
      return found == environment.end() ? std::nullopt : std::optional(found->second);
    });
  }

  std::string error_of(std::vector<std::string> arguments, std::map<std::string, std::string> environment = {}, const std::string& toml = "") {
    const auto loaded = load(std::move(arguments), std::move(environment), toml);
    return loaded.ok() ? "no error" : loaded.error().detail;
  }

  std::filesystem::path folder_;
  bool printing_ = false;
};

TEST_F(ConfigTest, DefaultsAreAllowedByTheirOwnTable) {
  const auto loaded = load({"--dev"});
  ASSERT_TRUE(loaded.ok()) << loaded.error().detail;
  EXPECT_TRUE(loaded->config.dev);
  EXPECT_EQ(loaded->config.http_port, 8080);
  EXPECT_TRUE(loaded->is_default("http_port"));
  EXPECT_FALSE(loaded->is_default("dev"));

  // What is printed is a file that is taken back, but for the secret that is not there.
  std::string printed = print_config(*loaded);
  printed.insert(printed.find("key_secret = "), "# ");
  const auto again = load({}, {}, printed);
  ASSERT_TRUE(again.ok()) << again.error().detail;
  EXPECT_FALSE(again->is_default("http_port"));
}

TEST_F(ConfigTest, TheStrongestSourceDecides) {
  struct Row {
    const char* why;
    bool in_flag, in_environment, in_file;
    std::uint16_t want;
    Origin::Source source;
  };
  using enum Origin::Source;
  const Row rows[] = {
      // clang-format off
      {"all three",             true,  true,  true,  1001, flag},
      {"flag, environment",     true,  true,  false, 1001, flag},
      {"flag, file",            true,  false, true,  1001, flag},
      {"flag",                  true,  false, false, 1001, flag},
      {"environment, file",     false, true,  true,  1002, environment},
      {"environment",           false, true,  false, 1002, environment},
      {"file",                  false, false, true,  1003, file},
      {"none",                  false, false, false, 8080, built_in},
      // clang-format on
  };
  for (const Row& row : rows) {
    std::vector<std::string> arguments{"--dev"};
    std::map<std::string, std::string> variables;
    if (row.in_flag) arguments.insert(arguments.end(), {"--http-port", "1001"});
    if (row.in_environment) variables["PURSER_HTTP_PORT"] = "1002";
    const auto loaded = load(arguments, variables, row.in_file ? "http_port = 1003\n" : "# empty\n");
    ASSERT_TRUE(loaded.ok()) << row.why << loaded.error().detail;
    EXPECT_EQ(loaded->config.http_port, row.want) << row.why;
    EXPECT_EQ(loaded->origins.at("http_port").source, row.source) << row.why;
  }
}

TEST_F(ConfigTest, EveryKindOfFieldComesFromEverySource) {
  const auto by_flag =
      load({"--dev=false", "--data-dir=/a", "--drain-seconds=1", "--otlp-endpoint=http://[::1]:4318"}, {{"PURSER_KEY_SECRET", long_secret}});
  ASSERT_TRUE(by_flag.ok()) << by_flag.error().detail;
  EXPECT_FALSE(by_flag->config.dev);
  EXPECT_EQ(by_flag->config.data_dir, "/a");
  EXPECT_EQ(by_flag->config.drain_seconds, 1);
  EXPECT_EQ(by_flag->config.otlp_endpoint, "http://[::1]:4318");
  EXPECT_EQ(by_flag->config.key_secret.reveal(), long_secret);

  const auto by_file = load({}, {}, "dev = true\ndata_dir = \"/b\"\ndrain_seconds = 2\nstripe_secret_key = \"sk_test_x\"\n");
  ASSERT_TRUE(by_file.ok()) << by_file.error().detail;
  EXPECT_TRUE(by_file->config.dev);
  EXPECT_EQ(by_file->config.data_dir, "/b");
  EXPECT_EQ(by_file->config.drain_seconds, 2);
  EXPECT_EQ(by_file->config.stripe_secret_key.reveal(), "sk_test_x");

  const auto by_environment = load({}, {{"PURSER_DEV", "1"}, {"PURSER_DATA_DIR", "/c"}, {"PURSER_DRAIN_SECONDS", "3"}});
  ASSERT_TRUE(by_environment.ok()) << by_environment.error().detail;
  EXPECT_TRUE(by_environment->config.dev);
  EXPECT_EQ(by_environment->config.data_dir, "/c");
  EXPECT_EQ(by_environment->config.drain_seconds, 3);
}

TEST_F(ConfigTest, TheFileMayBeNamedByTheEnvironment) {
  const auto loaded = load({"--dev"}, {{"PURSER_CONFIG", write("other.toml", "http_port = 7\n")}});
  ASSERT_TRUE(loaded.ok()) << loaded.error().detail;
  EXPECT_EQ(loaded->config.http_port, 7);
  EXPECT_TRUE(load({"--dev"}, {{"PURSER_CONFIG", write("empty.toml", "")}}).ok());
}

TEST_F(ConfigTest, SecretsComeFromFilesAtEverySource) {
  const std::string path = write("secret", long_secret + "\r\n");
  const auto check = [&](const Result<EffectiveConfig>& loaded) {
    ASSERT_TRUE(loaded.ok()) << loaded.error().detail;
    EXPECT_EQ(loaded->config.key_secret.reveal(), long_secret);
  };
  check(load({"--key-secret-file", path}));
  check(load({}, {{"PURSER_KEY_SECRET_FILE", path}}));
  check(load({}, {}, "key_secret_file = \"" + path + "\"\n"));
  check(load({"--key-secret-file", path}, {{"PURSER_KEY_SECRET", std::string(40, 'e')}}));

  EXPECT_NE(error_of({"--key-secret-file", "/nowhere/at/all"}).find("key_secret: the file /nowhere/at/all cannot be read"), std::string::npos);
  EXPECT_NE(error_of({}, {{"PURSER_KEY_SECRET", long_secret}, {"PURSER_KEY_SECRET_FILE", path}}).find("key_secret is given twice"),
            std::string::npos);
  EXPECT_THROW((void)load({"--key-secret", long_secret}), CLI::ParseError);  // a flag is everyone's to read
}

TEST_F(ConfigTest, SecretsAreNeverPrinted) {
  const auto loaded = load({"--print-config", "--dev"}, {{"PURSER_KEY_SECRET", long_secret}, {"PURSER_STRIPE_WEBHOOK_SECRET", "whsec_hidden"}});
  ASSERT_TRUE(loaded.ok());
  EXPECT_TRUE(printing_);
  const std::string text = print_config(*loaded);
  EXPECT_EQ(text.find(long_secret), std::string::npos);
  EXPECT_EQ(text.find("hidden"), std::string::npos);

  const toml::table printed = toml::parse(text);
  EXPECT_EQ(printed["key_secret"].value<std::string>(), "[set]");
  EXPECT_EQ(printed["stripe_webhook_secret"].value<std::string>(), "[set]");
  EXPECT_EQ(printed["stripe_secret_key"].value<std::string>(), "");
  EXPECT_EQ(printed["http_port"].value<int>(), 8080);
  EXPECT_NE(text.find("# environment PURSER_KEY_SECRET\n"), std::string::npos);
  EXPECT_NE(text.find("# flag --dev\n"), std::string::npos);
  EXPECT_NE(text.find("# default\n"), std::string::npos);
}

TEST_F(ConfigTest, SecretsAreNotRepeatedInErrors) {
  const std::map<std::string, std::string> environment{{"PURSER_KEY_SECRET", "tooshort1"}, {"PURSER_STRIPE_SECRET_KEY", "has space2"}};
  const std::string detail = error_of({}, environment, "stripe_webhook_secret = 12345\n");
  for (const char* field : {"key_secret", "stripe_secret_key", "stripe_webhook_secret"}) EXPECT_NE(detail.find(field), std::string::npos) << field;
  for (const char* value : {"tooshort1", "space2", "12345"}) EXPECT_EQ(detail.find(value), std::string::npos) << value;
}

TEST_F(ConfigTest, EachBadValueNamesItsFieldItselfAndWhatIsAllowed) {
  struct Row {
    const char *flag, *value, *field;
  };
  const Row rows[] = {
      // clang-format off
      {"data-dir",                        "",                              "data_dir"},
      {"mode",                            "Live",                          "mode"},
      {"log-level",                       "trace",                         "log_level"},
      {"http-address",                    "localhost",                     "http_address"},
      {"grpc-address",                    "127.0.0.256",                   "grpc_address"},
      {"http-port",                       "65536",                         "http_port"},
      {"http-port",                       "-1",                            "http_port"},
      {"http-port",                       "80 ",                           "http_port"},
      {"http-port",                       "8o80",                          "http_port"},
      {"http-port",                       "",                              "http_port"},
      {"http-port",                       "99999999999999999999",          "http_port"},
      {"grpc-port",                       "1.5",                           "grpc_port"},
      {"sandbox-port",                    "+1",                            "sandbox_port"},
      {"header-bytes-max",                "1023",                          "header_bytes_max"},
      {"body-bytes-max",                  "67108865",                      "body_bytes_max"},
      {"connections-max",                 "0",                             "connections_max"},
      {"request-timeout-ms",              "0",                             "request_timeout_ms"},
      {"idle-timeout-ms",                 "0",                             "idle_timeout_ms"},
      {"write-timeout-ms",                "0",                             "write_timeout_ms"},
      {"requests-per-minute",             "-1",                            "requests_per_minute"},
      {"drain-seconds",                   "3601",                          "drain_seconds"},
      {"order-expiry-seconds",            "0",                             "order_expiry_seconds"},
      {"requires-action-timeout-seconds", "0",                             "requires_action_timeout_seconds"},
      {"idempotency-retention-hours",     "23",                            "idempotency_retention_hours"},
      {"stripe-base-url",                 "",                              "stripe_base_url"},
      {"stripe-base-url",                 "api.stripe.com",                "stripe_base_url"},
      {"stripe-base-url",                 "ftp://api.stripe.com",          "stripe_base_url"},
      {"stripe-base-url",                 "http://",                       "stripe_base_url"},
      {"stripe-base-url",                 "http://:80",                    "stripe_base_url"},
      {"stripe-base-url",                 "http://host:70000",             "stripe_base_url"},
      {"stripe-base-url",                 "http://host:",                  "stripe_base_url"},
      {"stripe-base-url",                 "http://user:pass@host",         "stripe_base_url"},
      {"stripe-base-url",                 "http://host/?q",                "stripe_base_url"},
      {"stripe-base-url",                 "http://ho st",                  "stripe_base_url"},
      {"stripe-api-version",              "2024-6-20",                     "stripe_api_version"},
      {"stripe-api-version",              "2024-06-20.",                   "stripe_api_version"},
      {"processor-connect-timeout-ms",    "0",                             "processor_connect_timeout_ms"},
      {"processor-total-timeout-ms",      "300001",                        "processor_total_timeout_ms"},
      {"processor-requests-per-second",   "0",                             "processor_requests_per_second"},
      {"otlp-endpoint",                   "127.0.0.1:4318",                "otlp_endpoint"},
      // clang-format on
  };
  for (const Row& row : rows) {
    const std::string flag = std::string("--") + row.flag, why = flag + "=" + row.value;
    std::string variable = std::string("PURSER_") + row.field;
    std::ranges::transform(variable, variable.begin(), [](char c) { return static_cast<char>(std::toupper(c)); });
    const auto loaded = load({"--dev"}, {{variable, row.value}});
    ASSERT_FALSE(loaded.ok()) << why;
    ASSERT_EQ(loaded.error().fields.size(), 1U) << why << loaded.error().detail;
    EXPECT_EQ(loaded.error().kind, Kind::invalid);
    EXPECT_EQ(loaded.error().fields[0].pointer, std::string("/") + row.field) << why;
    const std::string want = std::string(row.field) + ": \"" + row.value + "\" is not allowed (environment " + variable + "); allowed: ";
    EXPECT_TRUE(loaded.error().detail.starts_with(want)) << loaded.error().detail;
    if (*row.value != '\0') EXPECT_NE(error_of({"--dev", why}).find("(flag " + flag + ")"), std::string::npos) << why << error_of({"--dev", why});
  }
  EXPECT_NE(error_of({}, {{"PURSER_DEV", "maybe"}}).find("dev: \"maybe\" is not allowed"), std::string::npos);
}

TEST_F(ConfigTest, BoundsThemselvesAreAllowed) {
  for (const char* good :
       {"--http-port=0", "--http-port=65535", "--idempotency-retention-hours=24", "--http-address=::1", "--otlp-endpoint=http://h/",
        "--stripe-api-version=2025-03-31.basil", "--stripe-base-url=http://127.0.0.1:12111", "--drain-seconds=0"})
    EXPECT_EQ(error_of({"--dev", good}), "no error") << good;
  EXPECT_EQ(error_of({"--dev"}, {{"PURSER_OTLP_ENDPOINT", ""}}), "no error");
}

TEST_F(ConfigTest, TheFileIsReadStrictly) {
  struct Row {
    const char *why, *toml, *want;
  };
  const Row rows[] = {
      // clang-format off
      {"misspelt",             "htp_port = 1",                "unknown key htp_port"},
      {"the nearest",          "htp_port = 1",                "the nearest known one is http_port"},
      {"flag's spelling",      "http-port = 1",               "the nearest known one is http_port"},
      {"a table",              "[http]\nport = 1",            "unknown key http "},
      {"no secret's file",     "http_port_file = \"x\"",      "unknown key http_port_file"},
      {"number as text",       "http_port = \"80\"",          "http_port: "},
      {"number as fraction",   "http_port = 80.0",            "http_port: "},
      {"text as number",       "mode = 1",                    "mode: \"1\" is not allowed"},
      {"truth as text",        "dev = \"true\"",              "dev: "},
      {"out of bounds",        "\n\nhttp_port = 70000",       "http_port: \"70000\" is not allowed (file "},
      {"the line",             "\n\nhttp_port = 70000",       ", line 3); allowed: a whole number from 0 to 65535"},
      {"path as number",       "key_secret_file = 1",         "key_secret_file"},
      {"twice",                "mode = \"test\"\nmode = \"test\"", "is not TOML: line 2"},
      {"not TOML",             "mode",                        "is not TOML: line 1"},
      // clang-format on
  };
  for (const Row& row : rows) {
    const std::string detail = error_of({"--dev"}, {}, row.toml);
    EXPECT_NE(detail.find(row.want), std::string::npos) << row.why << ": " << detail;
  }
  EXPECT_NE(error_of({"--dev", "--config=/nowhere.toml"}).find("/nowhere.toml cannot be read"), std::string::npos);
  EXPECT_NE(error_of({"--dev", "--config=" + folder_.string()}).find("cannot be read"), std::string::npos);
}

TEST_F(ConfigTest, AWrongValueIsToldEvenWhereAStrongerSourceHidesIt) {
  EXPECT_NE(error_of({"--dev", "--http-port=1"}, {}, "http_port = 70000").find("http_port"), std::string::npos);
}

TEST_F(ConfigTest, EverythingWrongIsToldAtOnce) {
  const auto loaded = load({"--mode=x"}, {{"PURSER_HTTP_PORT", "y"}}, "colour = \"z\"");
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().fields.size(), 3U);
  EXPECT_EQ(std::ranges::count(loaded.error().detail, '\n'), 2);
}

TEST_F(ConfigTest, ContradictionsAreRefused) {
  struct Row {
    const char* why;
    std::vector<std::string> arguments;
    std::map<std::string, std::string> environment;
    const char* want;
  };
  const std::pair<const std::string, std::string> key{"PURSER_KEY_SECRET", long_secret};
  const Row rows[] = {
      // clang-format off
      {"live and dev",          {"--dev", "--mode=live"}, {key},                                               "dev is for trying things out"},
      {"live key in test",      {},                       {key, {"PURSER_STRIPE_SECRET_KEY", "sk_live_1"}},    "real cards would be charged"},
      {"restricted live key",   {},                       {key, {"PURSER_STRIPE_SECRET_KEY", "rk_live_1"}},    "real cards would be charged"},
      {"test key in live",      {"--mode=live"},          {key, {"PURSER_STRIPE_SECRET_KEY", "sk_test_1"}},    "nothing would be charged"},
      {"connect beyond total", {"--processor-total-timeout-ms=1999"}, {key},                                  "more than processor_total_timeout_ms"},
      {"no key secret",         {},                       {},                                                  "key_secret is not set"},
      {"live with its key",     {"--mode=live"},          {key, {"PURSER_STRIPE_SECRET_KEY", "sk_live_1"}},    "no error"},
      {"test with its key",     {},                       {key, {"PURSER_STRIPE_SECRET_KEY", "sk_test_1"}},    "no error"},
      {"printed secret",        {"--dev"},                {{"PURSER_STRIPE_SECRET_KEY", "[set]"}},             "stripe_secret_key"},
      // clang-format on
  };
  for (const Row& row : rows) EXPECT_NE(error_of(row.arguments, row.environment).find(row.want), std::string::npos) << row.why;
}

// A command beside the server sees what the server sees, and asks for nothing that only the server needs.
TEST_F(ConfigTest, SettingsAreTheServersWithoutItsChecks) {
  const std::string file =
      write("purser.toml", "mode = \"live\"\ndata_dir = \"/of/the/file\"\nkey_secret_file = \"" + write("secret", long_secret + "\r\n") + "\"\n");
  const std::string other = write("other.toml", "data_dir = \"/of/the/other\"\n");
  const auto load = [](const std::string& named, std::map<std::string, std::string> environment) {
    constexpr std::string_view needed[] = {"data_dir", "mode", "key_secret"};
    return load_settings(
        named,
        [environment](const std::string& name) -> std::optional<std::string> {
          const auto found = environment.find(name);
          return found == environment.end() ? std::nullopt : std::optional(found->second);
        },
        needed);
  };
  const auto bare = load("", {});
  ASSERT_TRUE(bare.ok());
  EXPECT_TRUE(bare->config.key_secret.empty());
  EXPECT_EQ(bare->config.data_dir, "./data");
  const auto live = load("", {{"PURSER_CONFIG", file}});
  ASSERT_TRUE(live.ok());
  EXPECT_EQ(live->config.mode, "live");
  EXPECT_EQ(live->config.data_dir, "/of/the/file");
  EXPECT_EQ(live->config.key_secret.reveal(), long_secret);
  EXPECT_EQ(load("", {{"PURSER_CONFIG", file}, {"PURSER_DATA_DIR", "/of/the/environment"}})->config.data_dir, "/of/the/environment");
  EXPECT_EQ(load(other, {{"PURSER_CONFIG", file}})->config.data_dir, "/of/the/other");
  EXPECT_NE(load("", {{"PURSER_KEY_SECRET", "short"}}).error().detail.find("key_secret"), std::string::npos);
  EXPECT_TRUE(load("", {{"PURSER_HTTP_PORT", "none"}, {"PURSER_STRIPE_SECRET_KEY_FILE", "/is/not/there"}}).ok());
  EXPECT_FALSE(load("/is/not/there.toml", {}).ok());
}

}  // namespace
}  // namespace purser
