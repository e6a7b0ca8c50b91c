// The disk of a simulated process, which survives its crashes, and the store over it. One SQLite database in memory, kept from seed to
// seed with its prepared statements and emptied in between.
#pragma once
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "platform/store/sqlite_connection.hpp"
#include "platform/store/store.hpp"
#include "sim/weather.hpp"
#include "sim/world.hpp"

namespace purser::sim {

class Disk {
 public:
  explicit Disk(const std::vector<store::Migration>& migrations);
  void wipe();
  store::Connection& connection() { return *connection_; }

 private:
  std::unique_ptr<store::Connection> connection_;
  std::vector<std::string> wipes_;
};

// What a store does wrong now; shared by the runs of its process.
struct DiskTrouble {
  bool full = false;
};

class SimStore final : public store::Store {
 public:
  // `committed` is told of every commit, while nothing else happens: it may look at the disk.
  SimStore(Process& process, Disk& disk, const Weather& weather, const DiskTrouble& trouble, std::function<void()> committed);

 protected:
  Task<std::optional<Error>> run(bool writes, Step step) override;

 private:
  std::optional<Error> write(const Step& step);
  std::optional<Error> read(const Step& step);

  Process& process_;
  Disk& disk_;
  const Weather& weather_;
  const DiskTrouble& trouble_;
  std::function<void()> committed_;
  Chance chance_;
};

}  // namespace purser::sim
