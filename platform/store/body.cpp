#include "platform/store/body.hpp"

#include <exception>

#include "platform/log.hpp"

namespace purser::store {
namespace {

Error unavailable(std::string detail) {
  return {.kind = Kind::unavailable, .code = "store_unavailable", .detail = std::move(detail), .retry_after_seconds = 1};
}

Error internal() { return {.kind = Kind::internal, .code = "internal", .detail = "A transaction failed by our mistake; nothing was changed."}; }

}  // namespace

Error to_error(const Trouble& trouble) {
  log::error("store trouble", {{"cause", static_cast<int>(trouble.cause)}, {"engine", trouble.what()}});
  switch (trouble.cause) {
    case Trouble::Cause::busy:
      return unavailable("Another process holds the database for writing; nothing was changed. Try again, or stop that process.");
    case Trouble::Cause::full:
      return unavailable("The disk or the quota of the database is full; nothing was changed. Free space there, then try again.");
    case Trouble::Cause::io:
      return unavailable("The disk failed under the database; nothing was changed. Look at the disk and the system's log, then try again.");
    case Trouble::Cause::constraint:
      return {.kind = Kind::conflict, .code = "constraint_violated", .detail = "The change contradicts what is stored; nothing was changed."};
    case Trouble::Cause::other:
      break;
  }
  return internal();
}

Outcome failed_with(const Trouble& trouble) {
  const bool busy = trouble.cause == Trouble::Cause::busy;
  return {.ending = busy ? Ending::again : Ending::failed, .error = to_error(trouble), .cause = trouble.cause};
}

Outcome run_once(const Body& body, Tx& tx) {
  try {
    return {.ending = body(tx) ? Ending::kept : Ending::refused};
  } catch (const Trouble& trouble) {
    return failed_with(trouble);
  } catch (const std::exception& thrown) {
    log::error("a transaction body threw", {{"what", thrown.what()}});
  } catch (...) {
    log::error("a transaction body threw", {{"what", "not a std::exception"}});
  }
  return {.ending = Ending::failed, .error = internal()};
}

}  // namespace purser::store
