// The sandbox payment processor: it charges nobody, keeps an honest ledger of what it did, and lies about it on request. It has a face
// for each payment processor whose wire protocol it speaks: Stripe's under /v1, and those that faces.cpp lists.
//
// An object, not a process: time, chance, the store and the outbound wire are its caller's. All its state but the settings
// and the fault rules is in the store, and nothing is answered before the store has committed it; each request is one
// transaction. Any thread may call it. README.md lists the faults and the test payment methods.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "platform/clock.hpp"
#include "platform/http/client.hpp"
#include "platform/random.hpp"
#include "platform/store/store.hpp"

namespace purser::sandbox {

// What belongs to one face alone.
struct FaceSettings {
  std::string secret_key{};                  // empty: any of the processor's test keys is accepted
  std::string webhook_url{};                 // empty: events are kept, not delivered
  std::string webhook_secret{};              // as the processor's dashboard shows it
  std::vector<std::string> webhook_types{};  // the event types delivered; empty: all
};

struct Options {
  std::string secret_key{};  // of Stripe's face, like the three about webhooks below
  std::string public_url{};  // where a browser reaches it; empty: http:// and the request's Host
  std::string webhook_url{};
  std::string webhook_secret{};
  std::vector<std::string> webhook_types{};
  Duration webhook_timeout{10'000};
  Duration delay{0};                            // before each answer, as a real processor takes its time
  Duration timeout{60'000};                     // how long the timeout_… faults keep a client waiting
  Duration visibility_lag{60'000};              // an intent younger than this is not found by search
  Duration settles_after{2'000};                // `processing`, slow refunds and whatever is only received at first come to their end
  std::map<std::string, FaceSettings> faces{};  // of the faces but Stripe's, by name
};
FaceSettings settings_of(const Options& options, std::string_view face);

class Sandbox {
 public:
  virtual ~Sandbox() = default;
  // Answers each face's API under its prefix, control calls under /_sandbox and a page at /. The handler keeps the sandbox alive.
  // The response header "purser-sandbox-cut: <n>" asks the server to send the first n bytes only and to close (README.md).
  virtual http::Handler handler() = 0;
  // Delivers webhooks and ends what is processing, until stop(). Attempts under way are waited for.
  virtual Task<void> run() = 0;
  virtual void stop() = 0;
};

// The ports must outlive the sandbox. Without a client no webhook is delivered. The store must have migrations() applied.
std::shared_ptr<Sandbox> make(store::Store& store, Clock& clock, Random& random, std::shared_ptr<http::Client> client, Options options = {});

std::vector<store::Migration> migrations();

}  // namespace purser::sandbox
