#include "platform/rpc/keys.hpp"

#include <gtest/gtest.h>

#include "platform/store/tests/scratch_store.hpp"

namespace purser::rpc {
namespace {

using store::run_until_done;

class TestClock final : public Clock {
 public:
  Instant at{1'763'720'675'123};
  Instant now() const override { return at; }
  Task<void> sleep(Duration) override { co_return; }
};

class KeysTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::open_sqlite({.file = folder_.database()}, KeyRing::migrations());
    ASSERT_TRUE(opened.ok()) << opened.error().detail;
    store_ = *opened;
    ring_ = make_ring("test", 's');
  }
  std::unique_ptr<KeyRing> make_ring(const std::string& mode, char secret) {
    return std::make_unique<KeyRing>(*store_, clock_, system_random(), mode, std::string(32, secret));
  }
  CreatedKey create(Scope scope = Scope::merchant) { return *run_until_done(io_, ring_->create("mer_1", "till", scope)); }
  Result<Caller> ask(const std::string& key) { return run_until_done(io_, ring_->authenticate(key)); }
  std::vector<ApiKey> list() { return *run_until_done(io_, ring_->list()); }

  store::ScratchFolder folder_;
  boost::asio::io_context io_;
  TestClock clock_;
  std::shared_ptr<store::SqliteStore> store_;
  std::unique_ptr<KeyRing> ring_;
};

TEST_F(KeysTest, AKeySaysWhoseItIs) {
  const auto created = create(Scope::readonly);
  EXPECT_TRUE(created.secret.starts_with("sk_test_"));
  EXPECT_EQ(created.secret.size(), 8u + 43u);
  EXPECT_EQ(created.key.prefix, created.secret.substr(0, 12));
  EXPECT_TRUE(ApiKeyId::parse(created.key.id));
  for (int i = 0; i < 2; ++i) {  // from the store, and from memory
    const auto caller = ask(created.secret);
    ASSERT_TRUE(caller.ok());
    EXPECT_EQ(caller->merchant_id, "mer_1");
    EXPECT_EQ(caller->actor, created.key.id);
    EXPECT_EQ(caller->scope, Scope::readonly);
  }
  EXPECT_NE(create().secret, created.secret);
}

TEST_F(KeysTest, TheSecretIsNowhereInTheDatabase) {
  const auto created = create();
  const auto found = run_until_done(io_, store_->read([&](store::Tx& tx) -> Result<std::int64_t> {
    return *tx.first(
        "select count(*) from api_keys where hash = $1 or name = $1 or prefix = $1 or id = $1", [](const store::Row& row) { return row.integer(0); },
        created.secret);
  }));
  EXPECT_EQ(*found, 0);
  ring_ = make_ring("test", 'x');  // another HMAC key: no stored hash fits any more
  EXPECT_FALSE(ask(created.secret).ok());
}

TEST_F(KeysTest, RefusesWhatIsNoKeyOfThisServer) {
  create();
  for (const std::string& key : {std::string(), std::string("nonsense"), std::string("sk_test_"), std::string("sk_test_") + std::string(43, 'A'),
                                 "sk_test_" + std::string(5000, 'A')}) {
    const auto caller = ask(key);
    ASSERT_FALSE(caller.ok()) << key;
    EXPECT_EQ(caller.error().kind, Kind::unauthenticated);
    EXPECT_EQ(caller.error().code, "unauthenticated");
    if (key.size() > 8) EXPECT_EQ(caller.error().detail.find(key), std::string::npos) << "the answer repeats the key";
  }
  EXPECT_NE(ask("sk_live_x").error().detail.find("live mode"), std::string::npos);
  ring_ = make_ring("live", 's');
  EXPECT_NE(ask("sk_test_x").error().detail.find("test mode"), std::string::npos);
  EXPECT_TRUE(ask(create().secret).ok());
}

TEST_F(KeysTest, ARevokedKeyStopsWithinASecondEverywhere) {
  const auto created = create();
  EXPECT_TRUE(ask(created.secret).ok());
  auto elsewhere = make_ring("test", 's');  // another process on the same database
  EXPECT_TRUE(run_until_done(io_, elsewhere->revoke(created.key.id)).ok());
  clock_.at = clock_.at + milliseconds(999);
  EXPECT_EQ(ask(created.secret).ok(), false) << "an old answer is renewed at half its life by whoever asks next";
  clock_.at = clock_.at + milliseconds(1);
  EXPECT_NE(ask(created.secret).error().detail.find("revoked"), std::string::npos);
}

TEST_F(KeysTest, RevokingHereStopsItAtOnce) {
  const auto created = create();
  EXPECT_TRUE(ask(created.secret).ok());
  EXPECT_TRUE(run_until_done(io_, ring_->revoke(created.key.prefix)).ok());
  EXPECT_FALSE(ask(created.secret).ok());
  EXPECT_TRUE(run_until_done(io_, ring_->revoke(created.key.id)).ok()) << "twice is no mistake";
  EXPECT_EQ(list().at(0).revoked_at, clock_.at);
  EXPECT_EQ(run_until_done(io_, ring_->revoke("key_nobody")).error().kind, Kind::not_found);
}

TEST_F(KeysTest, RemembersAnswersForASecond) {
  const auto created = create();
  EXPECT_TRUE(ask(created.secret).ok());
  const auto drop = [&] {
    return run_until_done(io_, store_->transact([](store::Tx& tx) -> Result<Done> {
      tx.exec("delete from api_keys");
      return Done{};
    }));
  };
  ASSERT_TRUE(drop().ok());
  clock_.at = clock_.at + milliseconds(499);
  EXPECT_TRUE(ask(created.secret).ok()) << "it was looked up again";
  clock_.at = clock_.at + milliseconds(501);
  EXPECT_FALSE(ask(created.secret).ok());
}

TEST_F(KeysTest, NotesItsUseOnceAMinute) {
  const auto created = create();
  EXPECT_EQ(list().at(0).last_used_at, std::nullopt);
  const Instant first = clock_.at;
  EXPECT_TRUE(ask(created.secret).ok());
  EXPECT_EQ(list().at(0).last_used_at, first);
  clock_.at = first + seconds(59);
  EXPECT_TRUE(ask(created.secret).ok());
  EXPECT_EQ(list().at(0).last_used_at, first);
  clock_.at = first + seconds(60);
  EXPECT_TRUE(ask(created.secret).ok());
  EXPECT_EQ(list().at(0).last_used_at, first + seconds(60));
}

TEST_F(KeysTest, ListsThemInTheOrderTheyWereMade) {
  const auto first = create();
  clock_.at = clock_.at + seconds(1);
  const auto second = create(Scope::admin);
  const auto keys = list();
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0].id, first.key.id);
  EXPECT_EQ(keys[1].id, second.key.id);
  EXPECT_EQ(keys[1].scope, Scope::admin);
  EXPECT_EQ(keys[1].name, "till");
}

}  // namespace
}  // namespace purser::rpc
