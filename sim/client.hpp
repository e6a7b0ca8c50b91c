// A client of the shop as careful clients are: it repeats a request under its key until it is answered, however long that takes or for
// as long as its patience lasts, and it remembers what it was told.
#pragma once
#include <simdjson.h>

#include <memory>
#include <optional>
#include <string>

#include "platform/http/client.hpp"
#include "sim/memory.hpp"
#include "sim/weather.hpp"
#include "sim/world.hpp"

namespace purser::sim {

// An answer that was read; status 0 where none came within the client's patience.
class Answer {
 public:
  Answer() = default;
  Answer(int status, std::string body);
  int status() const { return status_; }
  bool ok() const { return status_ >= 200 && status_ < 300; }
  std::string text(std::string_view pointer) const;  // "" where there is none
  std::int64_t integer(std::string_view pointer) const;
  std::string code() const { return text("/code"); }
  const std::string& body() const { return body_; }

 private:
  int status_ = 0;
  std::string body_;
  std::shared_ptr<simdjson::dom::parser> parser_;
  simdjson::dom::element document_;
};

struct Ask {
  std::string method = "POST";
  std::string path{};
  std::string body{};
  std::string key{};
  Duration patience = minutes(10);
};

class ShopClient {
 public:
  ShopClient(Process& process, std::shared_ptr<http::Client> wire, Memory& memory, const Tuning& tuning, std::string api_key)
      : process_(process),
        wire_(std::move(wire)),
        memory_(memory),
        tuning_(tuning),
        api_key_(std::move(api_key)),
        chance_(process.world().chance().fork("clients")) {}

  Task<Answer> ask(Ask ask);
  // The buyer at the processor's own page.
  Task<void> authenticate(std::string url, bool approve);
  std::string new_key() { return "key-" + std::to_string(++keys_); }
  Chance& chance() { return chance_; }
  Process& process() { return process_; }
  // From now on every client is patient: what was begun is brought to its end.
  void be_patient() { patient_ = true; }
  std::int64_t asked() const { return asked_; }

 private:
  Task<std::optional<http::Response>> once(const Ask& ask);
  void learn(const Ask& ask, const Answer& answer);

  Process& process_;
  std::shared_ptr<http::Client> wire_;
  Memory& memory_;
  const Tuning& tuning_;
  std::string api_key_;
  Chance chance_;
  bool patient_ = false;
  std::int64_t keys_ = 0, asked_ = 0;
};

}  // namespace purser::sim
