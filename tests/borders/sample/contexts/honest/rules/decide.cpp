#include "kernel/words.hpp"
namespace purser::honest { int decide() { return word(); } }
