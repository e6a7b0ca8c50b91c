#include "bench/ceiling.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace purser::bench {
namespace {

class CeilingTest : public testing::Test {
 protected:
  CeilingTest() {
    std::filesystem::create_directories(folder_);
    database_ = open_database(file_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    execute(database_.get(),
            "create table orders (id text primary key, note blob, total integer);"
            "create table order_items (order_id text, position integer, primary key (order_id, position));"
            "create table webhook_inbox (id text);"
            "create unique index orders_total on orders (total);"
            "insert into orders values ('old', null, -1)");
  }
  ~CeilingTest() override { std::filesystem::remove_all(folder_); }

  Sample after_checkouts(int count) {
    const TableCounts before = count_rows(file_);
    execute(database_.get(), "begin");
    for (int checkout = 0; checkout < count; ++checkout) {
      execute(database_.get(), "insert into orders select printf('ord_%04d', count(*)), x'00ff', count(*) from orders");
      execute(database_.get(), "insert into order_items select max(id), 1 from orders union all select max(id), 2 from orders");
      execute(database_.get(), "insert into webhook_inbox values ('evt')");
    }
    execute(database_.get(), "commit");
    return sample_rows(file_, before);
  }

  std::filesystem::path folder_ = std::filesystem::temp_directory_path() / ("purser-ceiling-test-" + std::to_string(::getpid()));
  std::filesystem::path file_ = folder_ / "purser.db";
  Database database_;
};

TEST_F(CeilingTest, TheSampleHoldsWhatTheCheckoutsWroteAndNothingElse) {
  const Sample sample = after_checkouts(3);
  EXPECT_EQ(sample.checkouts, 3u);
  EXPECT_EQ(sample.description(), "order_items 2, orders 1");
  EXPECT_EQ(std::get<std::string>(sample.tables[1].rows[0][0]), "ord_0001");
  EXPECT_EQ(std::get<Blob>(sample.tables[1].rows[0][1]).bytes, std::string("\0\xff", 2));
}

TEST_F(CeilingTest, WritesWholeCheckoutsForTheTimeGiven) {
  const Sample sample = after_checkouts(200);
  const Ceiling ceiling = measure_ceiling(sample, folder_, std::chrono::seconds(1));
  EXPECT_GT(ceiling.checkouts, 0u);
  EXPECT_GE(ceiling.seconds, 1.0);
  EXPECT_LT(ceiling.seconds, 30.0);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "ceiling.db"));
}

TEST_F(CeilingTest, ADatabaseWithoutCheckoutsIsRefused) { EXPECT_THROW(sample_rows(file_, count_rows(file_)), std::runtime_error); }

}  // namespace
}  // namespace purser::bench
