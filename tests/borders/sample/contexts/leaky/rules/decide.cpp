// Rules that include what can do I/O.
#include "platform/store/store.hpp"
namespace purser::leaky { int decide() { return store::commit(); } }
