#include "platform/store/tests/faulty_disk.hpp"

namespace purser::store {
namespace {

std::atomic<FaultyDisk::Fault> current = FaultyDisk::Fault::none;
sqlite3_vfs* real_layer = nullptr;

// The real file's bytes follow right behind.
struct File {
  sqlite3_file base;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

sqlite3_file* real(sqlite3_file* file) { return reinterpret_cast<File*>(file)->real(); }

int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 at) {
  if (current == FaultyDisk::Fault::full) return SQLITE_FULL;
  return real(file)->pMethods->xWrite(real(file), bytes, size, at);
}

int sync(sqlite3_file* file, int flags) {
  if (current == FaultyDisk::Fault::sync_fails) return SQLITE_IOERR_FSYNC;
  return real(file)->pMethods->xSync(real(file), flags);
}

const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = [](sqlite3_file* f) { return real(f)->pMethods->xClose(real(f)); },
    .xRead = [](sqlite3_file* f, void* bytes, int size, sqlite3_int64 at) { return real(f)->pMethods->xRead(real(f), bytes, size, at); },
    .xWrite = write,
    .xTruncate = [](sqlite3_file* f, sqlite3_int64 size) { return real(f)->pMethods->xTruncate(real(f), size); },
    .xSync = sync,
    .xFileSize = [](sqlite3_file* f, sqlite3_int64* size) { return real(f)->pMethods->xFileSize(real(f), size); },
    .xLock = [](sqlite3_file* f, int level) { return real(f)->pMethods->xLock(real(f), level); },
    .xUnlock = [](sqlite3_file* f, int level) { return real(f)->pMethods->xUnlock(real(f), level); },
    .xCheckReservedLock = [](sqlite3_file* f, int* held) { return real(f)->pMethods->xCheckReservedLock(real(f), held); },
    .xFileControl = [](sqlite3_file* f, int what, void* arg) { return real(f)->pMethods->xFileControl(real(f), what, arg); },
    .xSectorSize = [](sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); },
    .xDeviceCharacteristics = [](sqlite3_file* f) { return real(f)->pMethods->xDeviceCharacteristics(real(f)); },
    .xShmMap = [](sqlite3_file* f, int page, int size, int extend,
                  void volatile** at) { return real(f)->pMethods->xShmMap(real(f), page, size, extend, at); },
    .xShmLock = [](sqlite3_file* f, int offset, int n, int flags) { return real(f)->pMethods->xShmLock(real(f), offset, n, flags); },
    .xShmBarrier = [](sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); },
    .xShmUnmap = [](sqlite3_file* f, int remove) { return real(f)->pMethods->xShmUnmap(real(f), remove); },
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

int open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* flags_out) {
  const int code = real_layer->xOpen(real_layer, name, real(file), flags, flags_out);
  file->pMethods = real(file)->pMethods == nullptr ? nullptr : &methods;
  return code;
}

}  // namespace

FaultyDisk::FaultyDisk() {
  real_layer = sqlite3_vfs_find(nullptr);
  layer_ = *real_layer;
  layer_.zName = "faulty";
  layer_.pNext = nullptr;
  layer_.szOsFile = static_cast<int>(sizeof(File)) + real_layer->szOsFile;
  layer_.xOpen = open;
  set(Fault::none);
  sqlite3_vfs_register(&layer_, 1);
}

FaultyDisk::~FaultyDisk() {
  sqlite3_vfs_unregister(&layer_);
  sqlite3_vfs_register(real_layer, 1);
}

void FaultyDisk::set(Fault fault) { current = fault; }

}  // namespace purser::store
