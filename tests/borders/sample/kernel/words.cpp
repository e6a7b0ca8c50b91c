namespace purser { int word() { return 1; } }
