// A disk that fails when told to: SQLite's own file layer with a switch in front of it, the default one while it lives.
#pragma once
#include <sqlite3.h>

#include <atomic>
#include <cstdint>

namespace purser::store {

class FaultyDisk {
 public:
  enum class Fault : std::uint8_t { none, full, sync_fails };

  FaultyDisk();
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;
  ~FaultyDisk();

  void set(Fault fault);  // any thread

 private:
  sqlite3_vfs layer_;
};

}  // namespace purser::store
