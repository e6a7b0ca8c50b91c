// Both ends of a real connection, for tests: an event loop on its own thread, and a blocking socket that sends exactly the
// bytes it is told to. A read that takes ten seconds fails its test instead of hanging it.
#pragma once
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <charconv>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>

#include "platform/async.hpp"

namespace purser::http::testing {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

class Loop {
 public:
  Loop() : thread_([this] { context.run(); }) {}
  ~Loop() {
    context.stop();
    thread_.join();
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  template <class T>
  auto start(Task<T> task) {
    return asio::co_spawn(context, std::move(task), asio::use_future);
  }

  asio::io_context context{1};

 private:
  asio::executor_work_guard<asio::io_context::executor_type> work_{context.get_executor()};
  std::thread thread_;
};

// What a handler waits for until the test lets it go on.
class Gate {
 public:
  explicit Gate(Loop& loop) : timer_(loop.context, asio::steady_timer::time_point::max()) {}
  Task<void> pass() {
    if (open_) co_return;
    boost::system::error_code cancelled;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
  void open() {
    asio::post(timer_.get_executor(), [this] {
      open_ = true;
      timer_.cancel();
    });
  }

 private:
  asio::steady_timer timer_;
  bool open_ = false;  // on the loop
};

// Spins until the condition holds; false after ten seconds.
template <class Condition>
bool eventually(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

// One end of a TCP connection, blocking.
class Wire {
 public:
  explicit Wire(std::uint16_t port) : Wire(tcp::socket(context(), tcp::v4())) { socket_.connect({asio::ip::address_v4::loopback(), port}); }
  explicit Wire(tcp::socket socket) : socket_(std::move(socket)) {
    const timeval limit{.tv_sec = 10, .tv_usec = 0};
    setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(socket_.native_handle(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  }

  // False where the other end is gone.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  // One message with its body by Content-Length; what came so far where the other end closed.
  std::string read_message(bool with_body = true) {
    while (received_.find("\r\n\r\n") == std::string::npos)
      if (!receive()) return std::exchange(received_, {});
    const std::size_t size = received_.find("\r\n\r\n") + 4 + (with_body ? content_length() : 0);
    while (received_.size() < size)
      if (!receive()) break;
    std::string message = received_.substr(0, size);
    received_.erase(0, size);
    return message;
  }

  // The other end closed its side in good order: no reset overtook what it sent.
  bool ends_cleanly() {
    char byte = 0;
    return ::recv(socket_.native_handle(), &byte, 1, 0) == 0;
  }

  std::string read_to_end() {
    while (receive()) {}
    return std::exchange(received_, {});
  }

  bool readable_within(int milliseconds) {
    pollfd wait{.fd = socket_.native_handle(), .events = POLLIN, .revents = 0};
    return ::poll(&wait, 1, milliseconds) > 0;
  }

  void close() { socket_.close(); }
  void finish_sending() { socket_.shutdown(tcp::socket::shutdown_send); }
  void reset() {
    socket_.set_option(tcp::socket::linger(true, 0));
    socket_.close();
  }

  static asio::io_context& context() {
    static asio::io_context context;
    return context;
  }

 private:
  bool receive() {
    char bytes[16384];
    const ssize_t count = ::recv(socket_.native_handle(), bytes, sizeof bytes, 0);
    EXPECT_FALSE(count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) << "nothing came for ten seconds";
    if (count <= 0) return false;
    received_.append(bytes, static_cast<std::size_t>(count));
    return true;
  }

  std::size_t content_length() const {
    const std::size_t at = received_.find("Content-Length: ");
    std::size_t length = 0;
    if (at < received_.find("\r\n\r\n")) std::from_chars(received_.data() + at + 16, received_.data() + received_.size(), length);
    return length;
  }

  tcp::socket socket_;
  std::string received_;
};

}  // namespace purser::http::testing
