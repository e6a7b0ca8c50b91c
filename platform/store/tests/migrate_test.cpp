#include "platform/store/migrate.hpp"

#include "platform/store/tests/scratch_store.hpp"

namespace purser::store {
namespace {

const Migration first{"orders", "0001_orders", "create table orders (id integer primary key); insert into orders (id) values (1)"};
const Migration second{"orders", "0002_total", "alter table orders add column total integer; update orders set total = 5"};
const Migration other{"payments", "0001_payments", "create table payments (id integer primary key)"};

class MigrateTest : public ::testing::Test {
 protected:
  Result<std::shared_ptr<SqliteStore>> open(const std::vector<Migration>& migrations) {
    return open_sqlite({.file = folder_.database()}, migrations);
  }

  std::string applied() {
    Connection connection(folder_.database(), Connection::Mode::read_write, 1000);
    std::string names;
    connection.query("select owner, name from schema_migrations order by owner, name",
                     [&](const Row& row) { names += std::string(row.text(0)) + "/" + std::string(row.text(1)) + " "; });
    return names;
  }

  ScratchFolder folder_;
};

TEST_F(MigrateTest, AppliesOnceAndOnlyWhatIsMissing) {
  ASSERT_TRUE(open({first}));  // as if killed before the second
  EXPECT_EQ(applied(), "orders/0001_orders ");
  ASSERT_TRUE(open({first, second, other}));
  ASSERT_TRUE(open({first, second, other}));
  EXPECT_EQ(applied(), "orders/0001_orders orders/0002_total payments/0001_payments ");
  Connection connection(folder_.database(), Connection::Mode::read_only, 1000);
  EXPECT_EQ(connection.first("select total from orders", [](const Row& row) { return row.integer(0); }), 5);
}

TEST_F(MigrateTest, RefusesAChangedText) {
  ASSERT_TRUE(open({first, other}));
  const auto opened = open({{first.owner, first.name, first.sql + " "}, other, second});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, "migration_changed");
  EXPECT_NE(opened.error().detail.find("orders/0001_orders"), std::string::npos);
  EXPECT_EQ(applied(), "orders/0001_orders payments/0001_payments ") << "nothing is applied beside it";
}

TEST_F(MigrateTest, RefusesADatabaseOfANewerBinary) {
  ASSERT_TRUE(open({first, second}));
  const auto opened = open({first, other});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, "migration_unknown");
  EXPECT_NE(opened.error().detail.find("orders/0002_total"), std::string::npos);
  EXPECT_EQ(applied(), "orders/0001_orders orders/0002_total ");
}

TEST_F(MigrateTest, AFailedOneLeavesNothingBehind) {
  const Migration broken{"orders", "0002_broken", "create table half (id integer); insert into absent (id) values (1)"};
  const auto opened = open({first, broken});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, "migration_failed");
  EXPECT_NE(opened.error().detail.find("orders/0002_broken"), std::string::npos);
  EXPECT_EQ(applied(), "orders/0001_orders ");
  Connection connection(folder_.database(), Connection::Mode::read_only, 1000);
  EXPECT_FALSE(connection.first("select 1 from sqlite_master where name = 'half'", [](const Row& row) { return row.integer(0); }));
}

}  // namespace
}  // namespace purser::store
