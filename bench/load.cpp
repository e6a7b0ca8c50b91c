#include "bench/load.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>

namespace purser::bench {
namespace {

using namespace std::chrono_literals;
constexpr auto silence_max = 60s;  // without any answer at all

[[noreturn]] void fail(const char* what) { throw std::runtime_error(fmt::format("{}: {}", what, std::strerror(errno))); }

int connect_to(std::uint16_t port) {
  const int handle = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (handle < 0) fail("socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(handle, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(handle);
    fail("cannot connect to the server");
  }
  const int on = 1;
  ::setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return handle;
}

bool same_letters(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b; });
}

// The length of the whole answer, or 0 while its head is not complete. Only what our server sends is understood.
std::size_t answer_bytes(std::string_view text) {
  const auto head_end = text.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return 0;
  constexpr std::string_view name = "content-length:";
  for (auto at = text.find("\r\n"); at < head_end; at = text.find("\r\n", at + 2)) {
    const std::string_view line = text.substr(at + 2, text.find("\r\n", at + 2) - at - 2);
    if (line.size() <= name.size() || !same_letters(line.substr(0, name.size()), name)) continue;
    const std::string_view digits = line.substr(line.find_first_not_of(' ', name.size()));
    std::size_t body = 0;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), body).ec == std::errc()) return head_end + 4 + body;
  }
  throw std::runtime_error("an answer without Content-Length: " + std::string(text.substr(0, head_end)));
}

std::string_view status_of(std::string_view answer) { return answer.size() < 12 ? "no status" : answer.substr(9, 3); }
std::string_view body_of(std::string_view answer) { return answer.substr(std::min(answer.size(), answer.find("\r\n\r\n") + 4)); }

// Sends all of it and reads until the server closes.
std::string exchange_once(std::uint16_t port, const std::string& request) {
  const int socket = connect_to(port);
  std::string answer;
  std::array<char, 1 << 14> buffer;
  ssize_t count = ::send(socket, request.data(), request.size(), MSG_NOSIGNAL);
  while (count > 0 && (count = ::recv(socket, buffer.data(), buffer.size(), 0)) > 0) answer.append(buffer.data(), static_cast<std::size_t>(count));
  ::close(socket);
  return answer;
}

}  // namespace

Load::Load(std::uint16_t port, std::size_t clients) : epoll_(::epoll_create1(EPOLL_CLOEXEC)), clients_(clients) {
  if (epoll_ < 0) fail("epoll");
  for (Client& client : clients_) {
    client.socket = connect_to(port);
    ::fcntl(client.socket, F_SETFL, ::fcntl(client.socket, F_GETFL) | O_NONBLOCK);
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = &client}};
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, client.socket, &event) != 0) fail("epoll");
    idle_.push_back(&client);
  }
}

Load::~Load() {
  for (const Client& client : clients_)
    if (client.socket >= 0) ::close(client.socket);
  ::close(epoll_);
}

Measured Load::run(const RequestTemplate& request, std::chrono::milliseconds length, double per_second, const OnAnswer& on_answer) {
  request_ = &request;
  on_answer_ = &on_answer;
  paced_ = per_second > 0;
  measured_ = {};
  measured_.latencies.reserve(1 << 20);
  for (Client& client : clients_) client.out = request.text();
  if (paced_) gap_seconds_ = std::exponential_distribution<double>(per_second);
  const auto begun = Clock::now();
  end_ = begun + length;
  next_due_ = last_answer_ = begun;
  for (start_what_is_due(); busy_ > 0 || !overdue_.empty() || Clock::now() < end_; start_what_is_due()) {
    if (idle_.empty() && busy_ == 0) break;  // every connection is lost
    wait();
  }
  measured_.seconds = std::chrono::duration<double>(last_answer_ - begun).count();
  measured_.latencies.sort();
  return std::move(measured_);
}

void Load::start_what_is_due() {
  const auto now = Clock::now();
  if (!paced_) {
    while (now < end_ && !idle_.empty()) start(*idle_.back(), Clock::now());
    return;
  }
  while (next_due_ <= now && next_due_ < end_) {
    overdue_.push_back(next_due_);
    next_due_ += std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(gap_seconds_(chance_)));
  }
  while (!overdue_.empty() && !idle_.empty()) {
    start(*idle_.back(), overdue_.front());
    overdue_.pop_front();
  }
}

// The client last answered is the next to send: the caller took it from the end of `idle_`.
void Load::start(Client& client, Clock::time_point due) {
  idle_.pop_back();
  ++busy_;
  client.busy = true;
  client.sent = client.whole = 0;
  client.in.clear();
  client.begun = due;
  request_->fill(client.out, sent_++);
  send(client);
}

void Load::send(Client& client) {
  while (client.sent < client.out.size()) {
    const ssize_t count = ::send(client.socket, client.out.data() + client.sent, client.out.size() - client.sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0) return lose(client, std::strerror(errno));
    client.sent += static_cast<std::size_t>(count);
  }
}

void Load::receive(Client& client) {
  std::array<char, 1 << 14> buffer;
  for (;;) {
    const ssize_t count = ::recv(client.socket, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) return lose(client, count == 0 ? "closed by the server" : std::strerror(errno));
    client.in.append(buffer.data(), static_cast<std::size_t>(count));
    if (client.whole == 0) client.whole = answer_bytes(client.in);
    if (client.whole != 0 && client.in.size() >= client.whole) return finish(client);
  }
}

void Load::finish(Client& client) {
  last_answer_ = Clock::now();
  if (!client.busy) throw std::runtime_error("the server answered what nobody asked: " + client.in);
  const std::string_view status = status_of(client.in);
  if (status.starts_with('2')) {
    ++measured_.requests;
    measured_.latencies.add(std::chrono::duration_cast<std::chrono::microseconds>(last_answer_ - client.begun).count());
    if (*on_answer_) (*on_answer_)(body_of(client.in));
  } else {
    ++measured_.errors[std::string(status)];
    if (measured_.first_error.empty()) measured_.first_error = client.in;
  }
  client.busy = false;
  --busy_;
  idle_.push_back(&client);
}

// The client does not come back; the run has failed and only says how.
void Load::lose(Client& client, const std::string& why) {
  ++measured_.errors["connection lost"];
  if (measured_.first_error.empty()) measured_.first_error = "connection lost: " + why;
  ::close(client.socket);
  client.socket = -1;
  if (client.busy)
    --busy_;
  else
    std::erase(idle_, &client);
  client.busy = false;
}

// When there is something to do without an answer: the next request is due, or the time is over.
Load::Clock::time_point Load::next_wake(Clock::time_point now) const {
  if (now >= end_) return now + silence_max;
  return paced_ && !idle_.empty() ? std::min(next_due_, end_) : end_;
}

void Load::wait() {
  const auto now = Clock::now(), until = next_wake(now);
  if (now > last_answer_ + silence_max && busy_ > 0) throw std::runtime_error("the server has not answered anything for a minute");
  const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(std::min<Clock::duration>(std::max<Clock::duration>(until - now, 0ns), 1s));
  const timespec patience{.tv_sec = left.count() / 1'000'000'000, .tv_nsec = left.count() % 1'000'000'000};
  std::array<epoll_event, 256> events;
  const int count = ::epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &patience, nullptr);
  if (count < 0 && errno != EINTR) fail("epoll_pwait2");
  for (int index = 0; index < count; ++index) {
    Client& client = *static_cast<Client*>(events[static_cast<std::size_t>(index)].data.ptr);
    if (client.socket >= 0 && client.busy) send(client);
    if (client.socket >= 0 && (events[static_cast<std::size_t>(index)].events & ~EPOLLOUT) != 0) receive(client);
  }
}

std::string get(std::uint16_t port, const std::string& path) {
  const std::string answer = exchange_once(port, "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
  return status_of(answer) == "200" ? std::string(body_of(answer)) : "";
}

void post(std::uint16_t port, const std::string& path, const std::string& body) {
  const std::string answer =
      exchange_once(port, fmt::format("POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\n"
                                      "Content-Length: {}\r\n\r\n{}",
                                      path, body.size(), body));
  if (status_of(answer) != "200") throw std::runtime_error(fmt::format("POST {}: {}", path, answer));
}

}  // namespace purser::bench
