// Rules that do I/O without including it.
namespace purser::store { int commit(); }
namespace purser::heavy { int decide() { return store::commit(); } }
