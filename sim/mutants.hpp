// The planted bugs that the simulator must catch: those that stand in the code (kernel/mutant.hpp), and those that are planted in the
// ports below it. One is switched on for a whole process, before its first seed.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/store/sqlite_connection.hpp"

namespace purser::sim {

struct Mutant {
  std::string_view name;
  std::string_view bug;
};
std::span<const Mutant> all_mutants();
bool switch_on(std::string_view name);  // false where there is none of this name

// A transaction that leaves out what it writes to one table, to write it in a transaction of its own after the commit.
class DivertingTx final : public store::Tx {
 public:
  DivertingTx(store::Connection& connection, std::string_view table) : connection_(connection), table_(table) {}
  std::int64_t run(std::string_view sql, std::span<const store::Value> values, const std::function<void(const store::Row&)>& each) override;
  // Writes what was left out. Each statement that fails is lost, as it would be.
  void write_the_rest();

 private:
  struct Statement {
    std::string sql;
    std::vector<store::Value> values;
    std::vector<std::string> texts{};  // what the values look at
  };
  bool already_claimed(std::string_view sql, std::span<const store::Value> values);

  store::Connection& connection_;
  std::string_view table_;
  std::vector<Statement> left_out_;
};

// The table whose rows the mutant that is on diverts; "" where it diverts none.
std::string_view diverted_table();

}  // namespace purser::sim
