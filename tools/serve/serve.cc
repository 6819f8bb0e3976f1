#include "tools/serve/serve.h"

#include <fmt/format.h>
#include <sched.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <bit>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "engine/shard/threads.h"
#include "engine/uring/backend.h"
#include "net/line/name_rules.h"
#include "tools/cli/args.h"
#include "tools/serve/banner.h"
#include "tools/serve/data_directory.h"
#include "tools/serve/free_address.h"
#include "tools/serve/inherited_sockets.h"
#include "tools/serve/output.h"
#include "tools/serve/patience.h"
#include "tools/serve/settings.h"
#include "tools/serve/signals.h"

namespace tools {
namespace {

constexpr engine::Duration poll_pause = engine::milliseconds(100);
constexpr engine::Duration live_line_pause = engine::milliseconds(500);
constexpr uint32_t requests_of_shard = 4096;  // in flight beside one for each connection

std::vector<uint32_t> allowed_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<uint32_t> cpus;
  if (::sched_getaffinity(0, sizeof(set), &set) != 0) return {0};
  for (uint32_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

// Open files that this process may have, after the soft limit was raised to the hard one.
uint64_t raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlim_t soft = std::exchange(limit.rlim_cur, limit.rlim_max);
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max : soft;
}

// Ends the process when a shard's disk fails, or when it has been short of descriptors or space for too long. Everything acked
// is on disk; what is not acked must not be.
class ExitOnFatal final : public net::NodeListener {
 public:
  void on_fatal(const absl::Status& status) override {
    const std::string_view what = absl::IsResourceExhausted(status) ? "the system has too little for it" : "the disk failed";
    Output(STDERR_FILENO)
        .write(fmt::format("millrace: {}, nothing more is acknowledged: {}\n", what, engine::message_of(status)));
    ::_exit(exit_disk_failed);
  }
};

int end_with(int exit_code, const absl::Status& status) {
  Output(STDERR_FILENO).write(fmt::format("millrace serve: {}\n", engine::message_of(status)));
  return exit_code;
}

int exit_code_of_start(const absl::Status& status) {
  return status.code() == absl::StatusCode::kDataLoss ? exit_data_damaged : exit_not_recovered;
}

absl::Status write_ready_file(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".tmp";
  std::ofstream(temporary, std::ios::binary) << text;
  std::error_code error;
  std::filesystem::rename(temporary, path, error);
  return error ? engine::errno_status(error.value(), "cannot write the ready file " + path) : absl::OkStatus();
}

// The node with its backends and threads, from the outside.
class Server {
 public:
  static absl::StatusOr<std::unique_ptr<Server>> create(const net::NodeOptions& options, const MemoryPlan& plan,
                                                        const std::string& data_directory) {
    auto server = std::make_unique<Server>();
    for (uint16_t i = 0; i < net::Node::endpoint_count(options); ++i) {
      engine::UringOptions uring;
      uring.data_directory = data_directory;
      if (i < options.shards) {
        const auto connections = static_cast<uint32_t>(options.ingest.connections_max + options.http_limits.connections_max);
        uring.stream_buffer_count = plan.receive_buffers;
        uring.request_count_max = connections + requests_of_shard;
        uring.file_count_max = connections + 3 * options.owner.rounds.files_max + requests_of_shard;
      } else {
        uring.stream_buffer_count = 1;
        uring.datagram_buffer_count = 1;
      }
      ASSIGN_OR_RETURN(auto backend, engine::UringBackend::create(uring));
      server->backends_.push_back(std::move(backend));
    }
    net::Node::Backends backends;
    for (uint16_t i = 0; i < options.shards; ++i) backends.shards.push_back(server->backends_[i].get());
    for (uint16_t i = 0; i < options.readers; ++i) {
      backends.readers.push_back(server->backends_[size_t{options.shards} + i].get());
    }
    backends.main = server->backends_.back().get();
    server->options_ = options;
    server->node_ = std::make_unique<net::Node>(server->options_, backends, server->on_fatal_);
    return server;
  }

  ~Server() {
    if (running_) threads_.stop(main_backend());
  }

  // Blocking: what the data directory holds.
  absl::Status recover() { return node_->recover(); }

  absl::Status start(const std::vector<uint32_t>& cpus) {
    running_ = true;
    for (uint16_t i = 0; i < options_.shards; ++i) {
      const engine::ThreadOptions thread{.name = fmt::format("shard-{}", i), .cpu = static_cast<int>(cpus[i])};
      RETURN_IF_ERROR(threads_.start(node_->shard_loop(i), thread));
    }
    constexpr int reader_nice_step = 5;
    for (uint16_t i = 0; i < options_.readers; ++i) {
      const engine::ThreadOptions thread{
          .name = fmt::format("reader-{}", i), .cpu = std::nullopt, .nice_step = reader_nice_step};
      RETURN_IF_ERROR(threads_.start(node_->reader_loop(i), thread));
    }
    RETURN_IF_ERROR(run(net::NodePhase::start));
    return node_->finish_recovery();
  }

  absl::Status open() {
    RETURN_IF_ERROR(run(net::NodePhase::open));
    return run(net::NodePhase::spread);
  }

  absl::Status stop() {
    RETURN_IF_ERROR(run(net::NodePhase::drain));
    return run(net::NodePhase::finish);
  }

  absl::Status run(net::NodePhase phase) {
    node_->begin(phase);
    while (!node_->wait(poll_pause)) {
    }
    return node_->phase_status();
  }

  std::vector<net::ShardFigures> figures() {
    if (!run(net::NodePhase::report).ok()) return {};
    std::vector<net::ShardFigures> figures;
    for (uint16_t i = 0; i < options_.shards; ++i) figures.push_back(node_->figures(i));
    return figures;
  }

  engine::IoBackend& main_backend() { return *backends_.back(); }
  const net::Node& node() const { return *node_; }
  std::vector<engine::UringFeature> features() const { return backends_.front()->features(); }

 private:
  ExitOnFatal on_fatal_;
  net::NodeOptions options_;
  std::vector<std::unique_ptr<engine::UringBackend>> backends_;
  std::unique_ptr<net::Node> node_;
  engine::Threads threads_;
  bool running_ = false;
};

absl::Status wait_for_address(engine::SocketAddress address, int socket_type) {
  Output errors(STDERR_FILENO);
  return try_patiently(errors, [&] { return check_address_is_free(address, socket_type); });
}

void log_totals(const std::vector<net::ShardFigures>& figures) {
  net::LedgerTotals totals;
  uint64_t datagrams_lost = 0;
  for (const net::ShardFigures& shard : figures) {
    totals.rows_durable += shard.senders.rows_durable;
    totals.rows_rejected += shard.senders.rows_rejected;
    datagrams_lost += shard.datagrams_lost;
  }
  spdlog::info("stopped: {} rows durable, {} rejected, {} datagrams lost", totals.rows_durable, totals.rows_rejected,
               datagrams_lost);
}

void serve_until_signal(Server& server, Output& screen) {
  LiveLine live;
  while (!stop_signal_came(live_line_pause)) {
    if (!screen.is_terminal()) continue;
    screen.write(fmt::format("\r{}\x1b[K", live.update(server.figures(), server.main_backend().now())));
  }
  if (screen.is_terminal()) screen.write("\n");
}

}  // namespace

void Serve::add_options(CLI::App& app) {
  CLI::Option* data = app.add_option("--data", data_directory_, "Data directory, made when missing")->capture_default_str();
  app.add_option("-d", root_, "Root directory as QuestDB has it: DIR/conf/server.conf is read, the data are in DIR/db")
      ->excludes(data);
  app.add_option("--config", config_path_, "Configuration file with key=value lines");
  for (const Setting& setting : settings()) {
    const std::string flags = flags_of(setting);
    const std::string flag = flags.substr(0, flags.find(','));
    const auto keep = [this, &setting, flag](const std::string& text) { flags_.push_back({&setting, flag, text}); };
    CLI::Option* option = app.add_option_function<std::string>(flags, keep, std::string(setting.help));
    if (!setting.key.empty() && setting.key.find('.') != std::string_view::npos && setting.flag.empty()) option->group("Keys");
  }
  app.footer(
      "Keys may stand in the configuration file and, as QDB_HTTP_ENABLED for http.enabled, in the environment, too. A flag "
      "wins over\nthe environment, that over the file. Port 0 picks a free port. SIGTERM makes everything durable and exits.");
}

// The file, the environment, the flags: each wins over what came before it.
absl::Status Serve::read_config() {
  if (!root_.empty()) {
    data_directory_ = root_ + "/db";
    const std::string path = root_ + "/conf/server.conf";
    if (config_path_.empty() && ::access(path.c_str(), F_OK) == 0) config_path_ = path;
  }
  if (!config_path_.empty()) RETURN_IF_ERROR(reader_.read_file(config_path_));
  RETURN_IF_ERROR(reader_.read_environment(environ));
  for (const FlagText& flag : flags_) RETURN_IF_ERROR(reader_.read_flag(*flag.setting, flag.flag, flag.text));
  return reader_.check();
}

// Everything that can be wrong with the settings is found here, before anything is touched.
absl::Status Serve::prepare() {
  RETURN_IF_ERROR(read_config());
  RETURN_IF_ERROR(place_shards());
  const ServeConfig& config = reader_.config();
  const uint64_t shards = cpus_.size();
  memory_ = config.memory.value_or(default_memory());
  if (memory_ < memory_min * shards) {
    return engine::invalid_argument(fmt::format("--memory: {} bytes are too few, {} shards need at least {} MiB", memory_,
                                                shards, (memory_min * shards) >> 20));
  }
  plan_ = plan_memory(memory_, static_cast<uint16_t>(shards));
  options_ = make_node_options(config, memory_, static_cast<uint16_t>(shards));
  RETURN_IF_ERROR(read_users());
  RETURN_IF_ERROR(check_credentials());
  RETURN_IF_ERROR(check_log_size());
  RETURN_IF_ERROR(check_line_size());
  RETURN_IF_ERROR(check_ready_path());
  RETURN_IF_ERROR(fit_files(options_, raise_file_limit(), config.connections_max.has_value()));
  RETURN_IF_ERROR(take_inherited_sockets(options_));
  return wait_for_addresses();
}

absl::Status Serve::wait_for_addresses() const {
  const net::InheritedSockets& inherited = options_.inherited;
  if (options_.tcp && inherited.tcp < 0) RETURN_IF_ERROR(wait_for_address(*options_.tcp, SOCK_STREAM));
  if (options_.http && inherited.http < 0) RETURN_IF_ERROR(wait_for_address(*options_.http, SOCK_STREAM));
  // Of a group anybody may be a member.
  if (!options_.udp || options_.udp->group || !inherited.udp.empty()) return absl::OkStatus();
  return wait_for_address(options_.udp->address, SOCK_DGRAM);
}

// In turn on the CPUs that were named, or else on all.
absl::Status Serve::place_shards() {
  const std::vector<uint32_t> allowed = allowed_cpus();
  cpus_ = reader_.config().cpus.value_or(allowed);
  for (const uint32_t cpu : cpus_) {
    if (std::ranges::find(allowed, cpu) == allowed.end()) {
      return engine::invalid_argument(fmt::format("--cpus: CPU {} is not there or not allowed", cpu));
    }
  }
  constexpr uint64_t shards_max = 256;
  const uint64_t shards = reader_.config().shards.value_or(cpus_.size());
  if (shards > shards_max) return engine::invalid_argument(fmt::format("--shards: {} is more than {}", shards, shards_max));
  for (size_t i = 0; cpus_.size() < shards; ++i) cpus_.push_back(cpus_[i]);
  cpus_.resize(shards);
  return absl::OkStatus();
}

absl::Status Serve::read_users() {
  const std::string& name = reader_.config().auth_path;
  if (name.empty()) return absl::OkStatus();
  const std::filesystem::path path = std::filesystem::path(root_.empty() ? data_directory_ : root_) / name;
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  if (stream && !std::filesystem::is_directory(path)) text << stream.rdbuf();
  if (!stream || std::filesystem::is_directory(path)) {
    return engine::not_found(fmt::format("line.tcp.auth.db.path: cannot read the file {}", path.string()));
  }
  ASSIGN_OR_RETURN(options_.ingest.users, net::Users::parse(text.str(), path.string()));
  return absl::OkStatus();
}

absl::Status Serve::check_credentials() const {
  const net::HttpOptions& http = options_.http_limits;
  if (http.user.empty() != http.password.empty()) {
    return engine::invalid_argument("http.user and http.password: one of them is missing");
  }
  return absl::OkStatus();
}

absl::Status Serve::check_log_size() const {
  const storage::WalOptions& wal = options_.owner.wal;
  if (wal.size_max / 4 >= wal.segment_size) return absl::OkStatus();
  return engine::invalid_argument(fmt::format("wal.size.max: {} bytes are fewer than four segments of {} (wal.segment.size)",
                                              wal.size_max, wal.segment_size));
}

absl::Status Serve::check_line_size() const {
  const uint64_t line_size = options_.ingest.line_size_max;
  const uint64_t segment_size = options_.owner.wal.segment_size;
  constexpr size_t name_bytes_max = 3 * net::name_size_max;  // UTF-8 of as many UTF-16 units
  const uint64_t frame_size = std::max<uint64_t>(storage::row_size_max(line_size), storage::schema_size_max(name_bytes_max));
  uint64_t enough = std::bit_floor(segment_size);
  while (storage::frame_size_max(enough) < frame_size + storage::wal_frame_overhead_max) enough *= 2;
  if (enough <= segment_size) return absl::OkStatus();
  return engine::invalid_argument(
      fmt::format("wal.segment.size: {} bytes are too few for lines of {} bytes (line.tcp.max.recv.buffer.size): {} are enough",
                  segment_size, line_size, enough));
}

absl::Status Serve::check_ready_path() const {
  namespace fs = std::filesystem;
  const std::string& ready_path = reader_.config().ready_path;
  if (ready_path.empty()) return absl::OkStatus();
  std::error_code error;
  if (fs::is_directory(ready_path, error)) return engine::invalid_argument("--ready-file: " + ready_path + " is a directory");
  const fs::path parent = fs::absolute(ready_path).parent_path();
  if (::access(parent.c_str(), W_OK | X_OK) == 0) return absl::OkStatus();
  return engine::errno_status(errno, "--ready-file: cannot write to " + parent.string());
}

std::string Serve::banner(const net::Node& node, std::vector<engine::UringFeature> features) const {
  return make_banner({.data_directory = data_directory_,
                      .node = &node,
                      .cpus = cpus_,
                      .memory = memory_,
                      .connections_max = options_.ingest.connections_max * options_.shards,
                      .http_connections_max = options_.http_limits.connections_max,
                      .features = std::move(features),
                      .config = reader_.report()});
}

int Serve::run() {
  block_signals();
  start_logging();
  const int exit_code = serve();
  stop_logging();
  return exit_code;
}

int Serve::serve() {
  if (const absl::Status status = prepare(); !status.ok()) return end_with(exit_usage, status);
  if (!root_.empty()) {
    if (const absl::Status status = make_directory(root_); !status.ok()) return end_with(exit_usage, status);
  }
  Output errors(STDERR_FILENO);
  const absl::StatusOr<DataDirectory> directory = try_patiently(errors, [&] { return DataDirectory::lock(data_directory_); });
  if (!directory.ok()) return end_with(exit_usage, directory.status());
  const std::string& ready_path = reader_.config().ready_path;
  if (!ready_path.empty()) ::unlink(ready_path.c_str());  // it speaks of an earlier start
  absl::StatusOr<std::unique_ptr<Server>> created = Server::create(options_, plan_, data_directory_);
  if (!created.ok()) return end_with(exit_usage, created.status());
  Server& server = **created;
  absl::Status status = server.recover();
  if (status.ok()) status = server.start(cpus_);
  if (!status.ok()) return end_with(exit_code_of_start(status), status);
  if (status = server.open(); !status.ok()) return end_with(exit_usage, status);

  Output screen(STDOUT_FILENO);
  screen.write(banner(server.node(), server.features()));
  if (!ready_path.empty()) {
    status = write_ready_file(ready_path, make_ready_json(server.node().addresses(), ::getpid()));
    if (!status.ok()) return end_with(exit_usage, status);
  }
  serve_until_signal(server, screen);
  spdlog::info("stopping: what has arrived is made durable");
  if (status = server.stop(); !status.ok()) return end_with(exit_failed, status);
  log_totals(server.figures());
  return exit_ok;
}

std::unique_ptr<Command> make_serve_command() { return std::make_unique<Serve>(); }

}  // namespace tools
