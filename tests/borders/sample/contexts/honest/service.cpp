#include "platform/store/store.hpp"
namespace purser::honest { int decide(); int secret() { return decide() + store::commit(); } }
