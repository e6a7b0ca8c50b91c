// What platform offers.
#pragma once
namespace purser::store {
struct Migration { const char *owner, *name, *sql; };
int commit();
}
