// The wire between an adapter and its processor, for tests: it counts what may have moved money, and breaks where it is told to.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "platform/clock.hpp"
#include "platform/http/client.hpp"

namespace purser::conformance {

// As they stand on the wire, byte by byte.
std::string written(const http::Outbound& request);
std::string written(const http::Response& response);

// What a client makes of a connection that ended after so many bytes of the request: nothing left, or nobody knows.
http::Outcome cut(const http::Outbound& request, std::size_t bytes);
// The same of the reply. It named no length: so what came of the body is all of it, as far as a client can tell.
http::Outcome cut(const http::Response& response, std::size_t bytes);
// What a client makes of a reply, whose request bounds its size.
http::Outcome received(const http::Outbound& request, http::Response response);

struct Exchange {
  http::Outbound request;
  http::Response response;
};

// The real client's manners over any other: time-outs in the clock's time, replies that are cut off or too large.
class Wire final : public http::Client {
 public:
  // Before a request leaves: an outcome in its place. Once it was answered: what arrives of that. `index` counts from break_with().
  using Before = std::function<std::optional<http::Outcome>(std::size_t index, const http::Outbound& request)>;
  using After = std::function<http::Outcome(std::size_t index, const http::Outbound& request, http::Response response)>;

  Wire(std::shared_ptr<http::Client> inner, const Clock& clock, std::function<bool(const http::Outbound&)> moves_money)
      : inner_(std::move(inner)), clock_(clock), moves_money_(std::move(moves_money)) {}

  void break_with(Before before, After after = nullptr);
  void mend() { break_with(nullptr); }
  Task<http::Outcome> send(http::Outbound request) override;

  // Since it was last broken or mended.
  std::size_t asked() const { return asked_; }
  std::size_t money_left() const { return money_left_; }  // requests that may move money, and of which a byte may have left
  const std::vector<Exchange>& exchanges() const { return exchanges_; }
  bool moves_money(const http::Outbound& request) const { return moves_money_(request); }

 private:
  const std::shared_ptr<http::Client> inner_;
  const Clock& clock_;
  const std::function<bool(const http::Outbound&)> moves_money_;
  Before before_;
  After after_;
  std::size_t asked_ = 0, money_left_ = 0;
  std::vector<Exchange> exchanges_;
};

// Answers as was recorded, in that order, but for one exchange. What was not asked then is not answered.
class Replay final : public http::Client {
 public:
  using Bend = std::function<http::Outcome(const Exchange& exchange)>;
  Replay(const std::vector<Exchange>& exchanges, std::size_t bent, Bend bend) : exchanges_(exchanges), bent_(bent), bend_(std::move(bend)) {}
  Task<http::Outcome> send(http::Outbound request) override;

 private:
  const std::vector<Exchange>& exchanges_;
  const std::size_t bent_;
  const Bend bend_;
  std::size_t asked_ = 0;
};

// The JSON text with its value number `at` (in the order of the text, containers too) in place of another; nothing where it has fewer.
std::optional<std::string> with_value(const std::string& json, std::size_t at, std::string_view replacement);
std::string replaced(std::string text, std::string_view from, std::string_view to);  // wherever it stands

}  // namespace purser::conformance
