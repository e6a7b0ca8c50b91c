// Uses another context behind its back.
namespace purser::honest { int secret(); }
namespace purser::thief { int steal() { return honest::secret(); } }
