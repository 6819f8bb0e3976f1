#include "tools/cli/http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/catch.h"

namespace {

using tools::HttpClient;

// Connections are made, in the backlog of its socket. Nobody says anything.
class SilentServer {
 public:
  SilentServer() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    REQUIRE(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(socket_, 8) == 0);
    REQUIRE(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
  }
  ~SilentServer() { ::close(socket_); }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;

  engine::SocketAddress address() const { return engine::SocketAddress::loopback(port_); }
  int accept() const { return ::accept(socket_, nullptr, nullptr); }

 private:
  int socket_;
  uint16_t port_ = 0;
};

// Answers requests in turn with prepared bytes, on a thread of its own. An empty one closes the connection unanswered, after
// the request, and accepts another.
class PreparedServer {
 public:
  explicit PreparedServer(std::vector<std::string> answers) : answers_(std::move(answers)), thread_([this] { serve(); }) {}
  ~PreparedServer() {
    if (thread_.joinable()) thread_.join();
  }
  PreparedServer(const PreparedServer&) = delete;
  PreparedServer& operator=(const PreparedServer&) = delete;

  engine::SocketAddress address() const { return socket_.address(); }

  // The first lines of all requests, once the last was answered.
  std::vector<std::string> wait_for_requests() {
    thread_.join();
    return request_lines_;
  }

 private:
  void serve() {
    int connection = -1;
    for (const std::string& answer : answers_) {
      if (connection < 0) connection = socket_.accept();
      std::string request;
      std::array<char, 4096> buffer;
      while (request.find("\r\n\r\n") == std::string::npos) {
        const ssize_t size = ::recv(connection, buffer.data(), buffer.size(), 0);
        if (size <= 0) break;
        request.append(buffer.data(), static_cast<size_t>(size));
      }
      request_lines_.push_back(request.substr(0, request.find("\r\n")));
      if (answer.empty() || ::send(connection, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) {
        ::close(connection);
        connection = -1;
      }
    }
    if (connection >= 0) ::close(connection);
  }

  SilentServer socket_;
  std::vector<std::string> answers_;
  std::vector<std::string> request_lines_;
  std::thread thread_;  // uses the others
};

std::string chunked(const std::string& status, const std::string& first, const std::string& second) {
  std::string answer = "HTTP/1.1 " + status + "\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string& chunk : {first, second, std::string()}) {
    std::array<char, 32> size;
    answer.append(size.data(), static_cast<size_t>(std::snprintf(size.data(), size.size(), "%zx\r\n", chunk.size())));
    answer += chunk + "\r\n";
  }
  return answer;
}

}  // namespace

TEST_CASE("http_client: queries are encoded and their chunked answers read, over one connection") {
  const std::string answer = chunked("200 OK", R"({"query":"x","columns":[{"name":"n"}],"data)", R"(set":[[42]],"count":1})");
  PreparedServer server({answer, answer});
  HttpClient client(server.address());
  for (int i = 0; i < 2; ++i) {
    const absl::StatusOr<nlohmann::json> found = client.query("SELECT n FROM t WHERE s = 'a+b'");
    REQUIRE(found.ok());
    CHECK((*found)["dataset"][0][0] == 42);
  }
  const std::string request = "GET /exec?query=SELECT%20n%20FROM%20t%20WHERE%20s%20%3D%20%27a%2Bb%27 HTTP/1.1";
  CHECK(server.wait_for_requests() == std::vector<std::string>{request, request});
}

TEST_CASE("http_client: a refused statement carries the server's words") {
  PreparedServer server(
      {chunked("400 Bad Request", R"({"query":"x","error":"table does not exist)", R"( [table=t]","position":14})")});
  HttpClient client(server.address());
  const absl::Status status = client.query("SELECT * FROM t").status();
  CHECK(absl::IsInvalidArgument(status));
  CHECK(std::string(engine::message_of(status)).find("answered 400 to \"SELECT * FROM t\": table does not exist [table=t]") !=
        std::string::npos);
}

TEST_CASE("http_client: a kept connection that the server closed is opened again, a new one is not") {
  const std::string answer = chunked("200 OK", "first", "second");
  PreparedServer server({answer, "", answer, "", ""});
  HttpClient client(server.address());
  CHECK(client.get("/1")->body == "firstsecond");
  CHECK(client.get("/2")->body == "firstsecond");
  CHECK(absl::IsUnavailable(client.get("/3").status()));
  CHECK(server.wait_for_requests() == std::vector<std::string>{"GET /1 HTTP/1.1", "GET /2 HTTP/1.1", "GET /2 HTTP/1.1",
                                                               "GET /3 HTTP/1.1", "GET /3 HTTP/1.1"});
}

TEST_CASE("http_client: what does not speak HTTP is told at once, and by name") {
  PreparedServer server({"220 mail.example.org ESMTP\r\n"});
  HttpClient client(server.address());
  const absl::Status status = client.get("/1").status();
  CHECK(absl::IsUnavailable(status));
  CHECK_THAT(std::string(engine::message_of(status)), tests::contains_text("/1: that is no HTTP: "));
}

TEST_CASE("http_client: a silent server is told while it is waited for, and not for ever") {
  SilentServer server;
  std::FILE* const notices = std::tmpfile();
  REQUIRE(notices != nullptr);
  HttpClient client(server.address(), {.answer_time_max = std::chrono::milliseconds(60),
                                       .silence_told_after = std::chrono::milliseconds(20),
                                       .notices = notices});
  const absl::Status status = client.get("/1").status();
  CHECK(absl::IsUnavailable(status));
  CHECK_THAT(std::string(engine::message_of(status)), tests::contains_text("/1: nothing came within 60 ms"));
  std::rewind(notices);
  std::array<char, 512> text{};
  const size_t size = std::fread(text.data(), 1, text.size() - 1, notices);
  CHECK_THAT(std::string(text.data(), size), tests::contains_text(" has not answered for 20 ms, waiting for 60 at most"));
  std::fclose(notices);
}

TEST_CASE("http_client: an answer that ends with its connection, and one that is cut off") {
  PreparedServer whole({"HTTP/1.0 200 OK\r\n\r\nto the end"});
  CHECK(HttpClient(whole.address()).get("/1")->body == "to the end");
  PreparedServer cut({"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nnot to the end"});
  CHECK(absl::IsUnavailable(HttpClient(cut.address()).get("/1").status()));
}
