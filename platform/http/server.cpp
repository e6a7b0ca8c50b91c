// One coroutine a connection, on a strand of its own: it reads a request, awaits the handler, writes the answer, and so on.
// Deadlines cost no timer a request: each connection states when its patience ends, and one sweep over all of them looks.
#include "platform/http/server.hpp"

#include <algorithm>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <charconv>
#include <chrono>
#include <exception>
#include <mutex>
#include <system_error>
#include <unordered_set>

#include "platform/http/response_head.hpp"
#include "platform/log.hpp"

namespace purser::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace parsing = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using SteadyClock = std::chrono::steady_clock;

constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t target_bytes_max = 8 << 10;
constexpr std::size_t first_read_bytes = 4 << 10, read_bytes_max = 64 << 10;  // doubled while a client fills them
constexpr std::size_t idle_bytes_max = 16 << 10;                              // a connection that waits gives a larger buffer back
constexpr std::size_t turned_away_max = 64;                                   // connections beyond the cap that are told so, at one time
constexpr auto linger_for = std::chrono::seconds(1);                          // for the client to read our last answer
constexpr auto accept_pause = std::chrono::milliseconds(100);
constexpr SteadyClock::time_point never = SteadyClock::time_point::max();

std::chrono::milliseconds chrono(Duration length) { return std::chrono::milliseconds(length.ms); }

Error refused(Kind kind, const char* code, const char* detail) { return {.kind = kind, .code = code, .detail = detail}; }

// Beast reads the wire; this keeps what a handler is given, and refuses what two parsers could read in two ways.
class RequestParser : public parsing::basic_parser<true> {
 public:
  explicit RequestParser(const Limits& limits) : header_bytes_max_(limits.header_bytes_max) {
    header_limit(static_cast<std::uint32_t>(std::min<std::size_t>(limits.header_bytes_max, UINT32_MAX)));
    body_limit(limits.body_bytes_max);
    eager(true);
  }

  Request take() { return std::move(request_); }
  bool is_head() const { return request_.method == "HEAD"; }
  bool is_http10() const { return http10_; }
  // True once: the client waits for our word before it sends its body.
  bool asks_to_continue() { return is_header_done() && !is_done() && std::exchange(expects_continue_, false); }

 private:
  using Text = beast::string_view;
  static std::string_view view(Text text) { return {text.data(), text.size()}; }

  void on_request_impl(parsing::verb, Text method, Text target, int version, error_code& error) override {
    if (target.size() > target_bytes_max) error = parsing::error::header_limit;
    request_.method = view(method);
    request_.target = view(target);
    http10_ = version == 10;
    header_bytes_ = method.size() + target.size() + 12;
  }

  void on_field_impl(parsing::field name, Text name_text, Text value, error_code& error) override {
    // Trailers follow the body; nothing here waits for them, and merged into the header they could forge it.
    if (header_done_) return;
    header_bytes_ += name_text.size() + value.size() + 4;
    if (header_bytes_ > header_bytes_max_) error = parsing::error::header_limit;
    hosts_ += name == parsing::field::host;
    lengths_ += name == parsing::field::content_length;
    if (name == parsing::field::transfer_encoding) ++encodings_, only_chunked_ = beast::iequals(value, "chunked");
    if (name == parsing::field::expect) expects_continue_ = beast::iequals(value, "100-continue") && !http10_;
    request_.headers.add(view(name_text), view(value));
  }

  // RFC 9112 sections 3.2 and 6.1. A length beside an encoding, or an encoding we do not undo, is how one request is smuggled
  // inside another.
  void on_header_impl(error_code& error) override {
    header_done_ = true;
    if (hosts_ > 1 || (hosts_ == 0 && !http10_)) error = parsing::error::bad_field;
    if (lengths_ > 1) error = parsing::error::multiple_content_length;
    if (encodings_ > 0 && (encodings_ > 1 || lengths_ > 0 || http10_ || !only_chunked_)) error = parsing::error::bad_transfer_encoding;
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
    // What is announced is not yet sent: memory is given as bytes arrive.
    if (length) request_.body.reserve(std::min<std::uint64_t>(*length, read_bytes_max));
  }
  std::size_t on_body_impl(Text bytes, error_code&) override {
    request_.body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_chunk_header_impl(std::uint64_t, Text, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text bytes, error_code& error) override { return on_body_impl(bytes, error); }
  void on_finish_impl(error_code&) override {}
  void on_response_impl(int, Text, int, error_code&) override {}

  std::size_t header_bytes_max_;
  std::size_t header_bytes_ = 0;
  int hosts_ = 0, lengths_ = 0, encodings_ = 0;
  bool http10_ = false, header_done_ = false, only_chunked_ = false, expects_continue_ = false;
  Request request_;
};

class Connection;

// What the connections share with the listening socket; outlives the Server for as long as one of them is open.
class Hub : public std::enable_shared_from_this<Hub> {
 public:
  Hub(asio::any_io_executor on, Handler answer, RefusalWriter write_refusal, Limits bounds);

  void open(const std::string& address, std::uint16_t at);
  void close(Connection& connection);
  Response refuse(Error error) const;
  static Task<void> accept(std::shared_ptr<Hub> self);
  static Task<void> sweep(std::shared_ptr<Hub> self);
  static Task<void> drain(std::shared_ptr<Hub> self, Duration grace);
  void abandon();

  const asio::any_io_executor executor;
  const Handler handler;
  const RefusalWriter refusal_writer;
  const Limits limits;
  std::uint16_t port = 0;
  const asio::any_io_executor strand;  // the acceptor and the timers below belong to it
  std::atomic<bool> draining = false;
  std::atomic<std::size_t> served = 0, in_flight = 0, turned_away = 0;

 private:
  template <class Step>
  void on_each(Step step);
  void admit(tcp::socket socket);
  bool empty();

  tcp::acceptor acceptor_;
  asio::steady_timer pause_, sweep_timer_, drained_;
  bool stopped_ = false;
  std::mutex mutex_;
  std::unordered_set<Connection*> connections_;
};

enum class Phase : std::uint8_t { idle, reading, handling, writing, lingering };

// All of it runs on the strand of its socket, but for deadline(), which the sweep reads.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Hub> hub, tcp::socket socket, bool turned_away)
      : turned_away(turned_away),
        hub_(std::move(hub)),
        socket_(std::move(socket)),
        buffer_(std::max(hub_->limits.header_bytes_max, read_bytes_max) + read_bytes_max) {}
  ~Connection() { hub_->close(*this); }

  static Task<void> serve(std::shared_ptr<Connection> self);
  static Task<void> turn_away(std::shared_ptr<Connection> self);

  asio::any_io_executor executor() { return socket_.get_executor(); }
  SteadyClock::time_point deadline() const { return SteadyClock::time_point(SteadyClock::duration(deadline_.load(std::memory_order_relaxed))); }
  void expire();
  void leave_if_idle();
  void close_now();

  const bool turned_away;

 private:
  enum class Arrival : std::uint8_t { whole, gone };

  Task<bool> exchange();
  Task<Result<Arrival>> receive();
  Task<error_code> read_some();
  Task<Response> respond(Request request);
  Task<bool> answer(Response response, Persistence persistence, bool with_body);
  Task<bool> break_off(std::string_view bytes);
  Task<bool> write(std::string_view bytes);
  Task<void> linger();
  std::optional<Error> parse();
  Error refusal(error_code error) const;
  void configure();
  bool has_unread() const;
  void enter(Phase phase, SteadyClock::time_point until);

  std::shared_ptr<Hub> hub_;
  tcp::socket socket_;
  beast::flat_buffer buffer_;
  std::optional<RequestParser> parser_;
  std::string peer_, out_;
  std::atomic<SteadyClock::rep> deadline_ = never.time_since_epoch().count();
  std::size_t body_wire_bytes_ = 0, read_bytes_ = first_read_bytes;
  Phase phase_ = Phase::idle;
  bool timed_out_ = false;
  bool answered_ = false;
};

// ---- a connection

Task<void> Connection::serve(std::shared_ptr<Connection> self) {
  self->configure();
  while (co_await self->exchange()) {}
  if (self->answered_) co_await self->linger();
  self->close_now();
}

Task<void> Connection::turn_away(std::shared_ptr<Connection> self) {
  self->configure();
  const Error full = refused(Kind::unavailable, "too_many_connections", "The server has no room for another connection. Try again soon.");
  if (co_await self->answer(self->hub_->refuse(full), Persistence::close, true)) co_await self->linger();
  self->close_now();
}

// One request and its answer; false once the connection is to end.
Task<bool> Connection::exchange() {
  const Result<Arrival> arrival = co_await receive();
  if (!arrival) {
    co_await answer(hub_->refuse(arrival.error()), Persistence::close, !parser_->is_head());
    co_return false;
  }
  if (*arrival == Arrival::gone) co_return false;

  const bool with_body = !parser_->is_head(), keep = parser_->keep_alive(), http10 = parser_->is_http10();
  Request request = parser_->take();
  request.peer = peer_;
  enter(Phase::handling, never);
  ++hub_->in_flight;
  Response response = co_await respond(std::move(request));
  const bool close = !keep || hub_->draining || response.headers.find("Connection") == "close";
  const bool sent = co_await answer(std::move(response), close ? Persistence::close : http10 ? Persistence::stated : Persistence::implied, with_body);
  --hub_->in_flight;
  co_return sent && !close && !hub_->draining;
}

// Reads until the parser has a whole request. Gone: the client left, or said nothing for too long.
Task<Result<Connection::Arrival>> Connection::receive() {
  parser_.emplace(hub_->limits);
  body_wire_bytes_ = 0;
  timed_out_ = answered_ = false;
  const auto now = SteadyClock::now();
  if (buffer_.size() > 0) {
    enter(Phase::reading, now + chrono(hub_->limits.request_timeout));
  } else {
    if (buffer_.capacity() > idle_bytes_max) buffer_.shrink_to_fit(), read_bytes_ = first_read_bytes;
    enter(Phase::idle, now + chrono(hub_->limits.idle_timeout));
    if (hub_->draining && !has_unread()) co_return Arrival::gone;
  }

  const Error late = refused(Kind::too_slow, "request_too_slow", "The request did not arrive in time.");
  for (;;) {
    if (auto wrong = parse()) co_return std::move(*wrong);
    if (parser_->is_done()) co_return Arrival::whole;
    if (timed_out_) co_return late;
    if (parser_->asks_to_continue() && !co_await write("HTTP/1.1 100 Continue\r\n\r\n")) co_return Arrival::gone;
    if (const error_code error = co_await read_some(); error) {
      if (timed_out_) co_return late;
      co_return Arrival::gone;
    }
    if (phase_ == Phase::idle) enter(Phase::reading, SteadyClock::now() + chrono(hub_->limits.request_timeout));
  }
}

Task<error_code> Connection::read_some() {
  const std::size_t size = std::min(read_bytes_, buffer_.max_size() - buffer_.size());
  auto [error, count] = co_await socket_.async_read_some(buffer_.prepare(size), as_tuple);
  buffer_.commit(count);
  if (count == size) read_bytes_ = std::min(2 * read_bytes_, read_bytes_max);
  co_return error;
}

// Feeds the parser what has arrived. Without an error it is done, or needs more than the buffer held.
std::optional<Error> Connection::parse() {
  // One empty line before a request is forgiven (RFC 9112 section 2.2).
  if (!parser_->got_some() && beast::string_view(static_cast<const char*>(buffer_.data().data()), buffer_.size()).starts_with("\r\n"))
    buffer_.consume(2);
  while (buffer_.size() > 0 && !parser_->is_done()) {
    error_code error;
    const std::size_t used = parser_->put(buffer_.data(), error);
    buffer_.consume(used);
    if (parser_->is_header_done()) body_wire_bytes_ += used;
    if (error && error != parsing::error::need_more) return refusal(error);
    // Bytes that are no body (chunk sizes, extensions, trailers) are bounded too.
    if (body_wire_bytes_ > 8 * hub_->limits.body_bytes_max + 2 * read_bytes_max) return refusal(parsing::error::body_limit);
    if (buffer_.size() == buffer_.max_size()) return refusal(parsing::error::header_limit);
    if (error) break;
  }
  return std::nullopt;
}

Error Connection::refusal(error_code error) const {
  if (error == parsing::error::body_limit) return refused(Kind::too_large, "body_too_large", "The request body is larger than this server takes.");
  if (error == parsing::error::header_limit)
    return refused(Kind::header_too_large, "header_too_large", "The request line or header is larger than this server takes.");
  return refused(Kind::malformed, "malformed_request", "The request is not well-formed HTTP/1.1.");
}

// The handler is never cancelled, even where nobody is left to read its answer: it may be charging a card.
Task<Response> Connection::respond(Request request) {
  try {
    co_return co_await hub_->handler(std::move(request));
  } catch (const std::exception& thrown) {
    log::error("a request handler threw", {{"error", thrown.what()}});
  } catch (...) {
    log::error("a request handler threw", {{"error", "not a std::exception"}});
  }
  co_return hub_->refuse(refused(Kind::internal, "internal_error", "The server made a mistake. It was logged."));
}

Task<bool> Connection::answer(Response response, Persistence persistence, bool with_body) {
  answered_ = true;
  out_.clear();
  append_head(out_, response, persistence);
  if (!with_body || !may_have_body(response.status)) response.body.clear();
  const auto cut = hub_->limits.allow_cut ? response.headers.find("purser-sandbox-cut") : std::nullopt;
  const bool together = cut || response.body.size() <= read_bytes_max;
  if (together) out_ += response.body;
  if (cut) co_return co_await break_off(*cut);
  if (!co_await write(out_)) co_return false;
  co_return together || co_await write(response.body);
}

// Sends the beginning of the answer and ends the connection, without the courtesy of lingering.
Task<bool> Connection::break_off(std::string_view bytes) {
  std::size_t kept = 0;
  std::from_chars(bytes.data(), bytes.data() + bytes.size(), kept);
  out_.resize(std::min(out_.size(), kept));
  answered_ = false;
  if (!out_.empty()) co_await write(out_);
  co_return false;
}

// What the kernel takes at once costs no trip through the event loop; the rest waits for the reader.
Task<bool> Connection::write(std::string_view bytes) {
  error_code error;
  const std::size_t count = socket_.write_some(asio::buffer(bytes), error);
  if (error && error != asio::error::would_block && error != asio::error::try_again) co_return false;
  if (!error) bytes.remove_prefix(count);
  if (bytes.empty()) co_return true;

  const Phase before = phase_;
  const auto until = deadline();
  enter(Phase::writing, SteadyClock::now() + chrono(hub_->limits.write_timeout));
  auto [failed, written] = co_await asio::async_write(socket_, asio::buffer(bytes), as_tuple);
  enter(before, until);
  co_return !failed;
}

// Closing while bytes of the client are unread resets the connection, and the reset can overtake our answer: so say that no
// more will come, and wait a little for the client to leave first.
Task<void> Connection::linger() {
  error_code error;
  socket_.shutdown(tcp::socket::shutdown_send, error);
  enter(Phase::lingering, SteadyClock::now() + linger_for);
  while (!error) {
    buffer_.clear();
    error = co_await read_some();
  }
}

void Connection::configure() {
  error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
  if (const auto remote = socket_.remote_endpoint(ignored); !ignored) {
    const auto address = remote.address();
    const bool mapped = address.is_v6() && address.to_v6().is_v4_mapped();
    peer_ = mapped ? asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string() : address.to_string();
  }
}

void Connection::enter(Phase phase, SteadyClock::time_point until) {
  phase_ = phase;
  deadline_.store(until.time_since_epoch().count(), std::memory_order_relaxed);
}

void Connection::expire() {
  if (SteadyClock::now() < deadline()) return;
  if (phase_ != Phase::reading) return close_now();
  timed_out_ = true;
  enter(Phase::reading, never);
  error_code ignored;
  socket_.cancel(ignored);
}

// A request that has reached our socket is still answered while draining.
bool Connection::has_unread() const {
  error_code ignored;
  return socket_.available(ignored) > 0;
}

void Connection::leave_if_idle() {
  if (phase_ == Phase::idle && !has_unread()) close_now();
}

void Connection::close_now() {
  error_code ignored;
  socket_.close(ignored);
}

// ---- the hub

Hub::Hub(asio::any_io_executor on, Handler answer, RefusalWriter write_refusal, Limits bounds)
    : executor(std::move(on)),
      handler(std::move(answer)),
      refusal_writer(std::move(write_refusal)),
      limits(bounds),
      strand(asio::make_strand(executor)),
      acceptor_(strand),
      pause_(strand),
      sweep_timer_(strand),
      drained_(strand) {}

void Hub::open(const std::string& address, std::uint16_t at) {
  error_code error;
  const tcp::endpoint endpoint(asio::ip::make_address(address, error), at);
  if (!error) acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) throw std::system_error(error, "cannot listen on " + address + " port " + std::to_string(at));
  port = acceptor_.local_endpoint().port();
}

Task<void> Hub::accept(std::shared_ptr<Hub> self) {
  while (self->acceptor_.is_open()) {
    auto [error, socket] = co_await self->acceptor_.async_accept(asio::any_io_executor(asio::make_strand(self->executor)), as_tuple);
    if (!error) {
      self->admit(std::move(socket));
    } else if (self->acceptor_.is_open() && error != asio::error::connection_aborted) {
      // Out of descriptors, as a rule: the waiting connection stays in the queue, so trying at once would only spin.
      log::warn("cannot accept a connection", {{"error", error.message()}});
      self->pause_.expires_after(accept_pause);
      co_await self->pause_.async_wait(as_tuple);
    }
  }
}

void Hub::admit(tcp::socket socket) {
  const bool full = served >= limits.connections_max;
  if (full && turned_away >= turned_away_max) return;
  auto connection = std::make_shared<Connection>(shared_from_this(), std::move(socket), full);
  {
    const std::lock_guard lock(mutex_);
    connections_.insert(connection.get());
    ++(full ? turned_away : served);
  }
  const auto on = connection->executor();
  asio::co_spawn(on, full ? Connection::turn_away(connection) : Connection::serve(connection),
                 [hub = shared_from_this(), connection](std::exception_ptr thrown) {
                   if (thrown) log::error("a connection ended by an exception");
                   connection->close_now();
                   hub->close(*connection);
                   if (hub->draining)
                     asio::post(hub->strand, [hub] {
                       if (hub->empty()) hub->drained_.cancel();
                     });
                 });
}

void Hub::close(Connection& connection) {
  const std::lock_guard lock(mutex_);
  if (connections_.erase(&connection) > 0) --(connection.turned_away ? turned_away : served);
}

bool Hub::empty() {
  const std::lock_guard lock(mutex_);
  return connections_.empty();
}

// Calls step(connection) for each connection, on its own strand.
template <class Step>
void Hub::on_each(Step step) {
  std::vector<std::shared_ptr<Connection>> open;
  {
    const std::lock_guard lock(mutex_);
    open.reserve(connections_.size());
    for (Connection* connection : connections_)
      if (auto alive = connection->weak_from_this().lock()) open.push_back(std::move(alive));
  }
  for (auto& connection : open) {
    const auto on = connection->executor();
    asio::post(on, [connection = std::move(connection), step] { step(*connection); });
  }
}

Task<void> Hub::sweep(std::shared_ptr<Hub> self) {
  const std::int64_t shortest = std::min({self->limits.request_timeout.ms, self->limits.idle_timeout.ms, self->limits.write_timeout.ms});
  const auto period = std::chrono::milliseconds(std::clamp<std::int64_t>(shortest / 8, 5, 500));
  while (!self->stopped_) {
    self->sweep_timer_.expires_after(period);
    co_await self->sweep_timer_.async_wait(as_tuple);
    std::vector<std::shared_ptr<Connection>> late;
    {
      const std::lock_guard lock(self->mutex_);
      const auto now = SteadyClock::now();
      for (Connection* connection : self->connections_)
        if (now >= connection->deadline())
          if (auto alive = connection->weak_from_this().lock()) late.push_back(std::move(alive));
    }
    for (const auto& connection : late) asio::post(connection->executor(), [connection] { connection->expire(); });
  }
}

Task<void> Hub::drain(std::shared_ptr<Hub> self, Duration grace) {
  if (!self->draining.exchange(true)) {
    self->drained_.expires_after(chrono(grace));
    error_code ignored;
    self->acceptor_.close(ignored);
    self->pause_.cancel();
    self->on_each([](Connection& connection) { connection.leave_if_idle(); });
  }
  while (!self->empty() && SteadyClock::now() < self->drained_.expiry()) co_await self->drained_.async_wait(as_tuple);
  self->abandon();
}

void Hub::abandon() {
  stopped_ = true;
  draining = true;
  error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
  sweep_timer_.cancel();
  on_each([](Connection& connection) { connection.close_now(); });
}

Response Hub::refuse(Error error) const {
  try {
    return refusal_writer(std::move(error));
  } catch (const std::exception& thrown) {
    log::error("a refusal could not be written", {{"error", thrown.what()}});
    return Response{.status = 500};
  }
}

class ListeningServer : public Server {
 public:
  explicit ListeningServer(std::shared_ptr<Hub> hub) : hub_(std::move(hub)) {}
  ~ListeningServer() override {
    asio::post(hub_->strand, [hub = hub_] { hub->abandon(); });
  }
  ListeningServer(const ListeningServer&) = delete;
  ListeningServer& operator=(const ListeningServer&) = delete;

  std::uint16_t port() const override { return hub_->port; }
  std::size_t requests_in_flight() const override { return hub_->in_flight; }
  std::size_t connections() const override { return hub_->served; }
  Task<void> drain(Duration grace) override {
    const auto hub = hub_;  // this object may go while we wait
    co_await asio::co_spawn(hub->strand, Hub::drain(hub, grace), asio::use_awaitable);
  }

 private:
  std::shared_ptr<Hub> hub_;
};

}  // namespace

std::shared_ptr<Server> listen(asio::any_io_executor executor, const std::string& address, std::uint16_t port, Handler handler, RefusalWriter refuse,
                               Limits limits) {
  auto hub = std::make_shared<Hub>(std::move(executor), std::move(handler), std::move(refuse), limits);
  hub->open(address, port);
  const auto log_end = [](std::exception_ptr thrown) {
    if (thrown) log::error("the listener ended by an exception");
  };
  asio::co_spawn(hub->strand, Hub::accept(hub), log_end);
  asio::co_spawn(hub->strand, Hub::sweep(hub), log_end);
  return std::make_shared<ListeningServer>(std::move(hub));
}

}  // namespace purser::http
