// An HTTP server of a few lines for the tests of the load generator: one thread, an answer by a function of the request.
#pragma once
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace purser::bench {

class StubServer {
 public:
  // Gives the bytes of the answer; empty closes the connection. Runs on the server's thread.
  using Answer = std::function<std::string(const std::string& request)>;

  explicit StubServer(Answer answer) : answer_(std::move(answer)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) != 0 || ::listen(listener_, 128) != 0) std::abort();
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    if (::pipe(wake_.data()) != 0) std::abort();
    thread_ = std::thread([this] { loop(); });
  }
  StubServer(const StubServer&) = delete;
  StubServer& operator=(const StubServer&) = delete;
  ~StubServer() {
    ::close(wake_[1]);
    thread_.join();
    for (const auto& [socket, received] : open_) ::close(socket);
    ::close(listener_), ::close(wake_[0]);
  }

  std::uint16_t port() const { return port_; }
  std::uint64_t answered() const { return answered_; }

 private:
  void loop() {
    for (;;) {
      std::vector<pollfd> watched = {{wake_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
      for (const auto& [socket, received] : open_) watched.push_back({socket, POLLIN, 0});
      ::poll(watched.data(), watched.size(), -1);
      if (watched[0].revents != 0) return;
      if (watched[1].revents != 0) admit(::accept(listener_, nullptr, nullptr));
      for (std::size_t at = 2; at < watched.size(); ++at)
        if (watched[at].revents != 0) serve(watched[at].fd);
    }
  }

  void admit(int socket) {
    const int on = 1;  // or the second piece of an answer would wait for the first to be acknowledged
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    open_[socket] = "";
  }

  void serve(int socket) {
    std::array<char, 4096> buffer;
    const ssize_t count = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (count > 0) open_[socket].append(buffer.data(), static_cast<std::size_t>(count));
    if (count > 0 && open_[socket].find("\r\n\r\n") == std::string::npos) return;
    const std::string answer = count > 0 ? answer_(open_[socket]) : "";
    open_[socket].clear();
    if (!answer.empty()) ++answered_;
    // In two pieces, so that a reader that expects answers whole is found out.
    for (const std::string& piece : {answer.substr(0, answer.size() / 2), answer.substr(answer.size() / 2)})
      if (!piece.empty()) ::send(socket, piece.data(), piece.size(), MSG_NOSIGNAL);
    if (answer.empty()) ::close(socket), open_.erase(socket);
  }

  Answer answer_;
  int listener_ = -1;
  std::array<int, 2> wake_{};
  std::uint16_t port_ = 0;
  std::map<int, std::string> open_;
  std::atomic<std::uint64_t> answered_ = 0;
  std::thread thread_;
};

}  // namespace purser::bench
