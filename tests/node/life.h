// One life of a node in a story: its clients, what they were told, and what must be true at every look.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "tests/node/disk_oracle.h"
#include "tests/node/http_query.h"
#include "tests/node/http_writer.h"
#include "tests/node/life_plan.h"
#include "tests/node/row_model.h"
#include "tests/node/sim_node.h"
#include "tests/node/simulation_counts.h"

namespace sim {

class Life final : private MomentListener {
 public:
  // `unanswered`: requests of earlier lives that are to be sent again; and those that this one leaves.
  Life(SimWorld& world, RowModel& model, DiskOracle& oracle, std::vector<WriteRequest>& unanswered, const LifePlan& plan,
       SimulationCounts& counts);

  // From recovery to the end. What is wrong, or empty. The world has an outage afterwards, or the node was stopped.
  std::string live(bool is_last);

 private:
  static constexpr engine::Duration settle_time_max = engine::seconds(30);  // of a stop, a rest, a query

  struct TcpSender {
    SimClient connection;
    SenderRows rows;
    bool is_mixed = false;
  };

  // A query that is out, and the ids that its answer owes.
  struct Question {
    HttpQuery query;
    std::vector<uint64_t> promised;
  };

  // A statement that is out.
  struct Statement {
    SimClient client;
    bool takes_rows = false;
  };

  // What a shard had come to at the last look.
  struct Progress {
    uint64_t checkpoints = 0;
    engine::Instant since;  // the last checkpoint, or nothing to do
    storage::Lsn durable;
    bool is_failed = false;                                  // its log
    std::map<storage::TableId, uint32_t> schema_versions{};  // that its source knows
  };

  // One whose source gets no CPU, so that nobody else hears of it.
  struct Decision {
    uint16_t source = 0;
    uint16_t owner = 0;
    engine::Instant since;
    uint64_t rolls_before = 0;  // of the owner's log
  };

  engine::Prng& prng() { return world_.prng(); }
  bool is_over() const { return world_.outage() != Outage::none || !node_.fatal().ok() || !problem_.empty(); }
  static bool is_open(const SimClient& client) {
    return client.state() == ClientState::open || client.state() == ClientState::connecting;
  }
  void fail(std::string problem);

  bool recover();
  void check_files();
  void check_rows();
  void serve();
  void tick();
  void come_to_rest();
  void stop();
  void end_by_disk();
  void count();

  // life_outages.cc: the weather, and when the power goes.
  void weather(bool is_bad);
  void change_weather();
  uint64_t disk_errors() const;
  uint64_t failed_syncs() const { return world_.fault_counts()[static_cast<size_t>(Fault::sync_error)]; }
  void plan_outage(uint64_t effects_max);
  void on_manifest_named() override;
  void on_group_written(std::span<const std::byte> frames) override;
  bool is_last_checkpoint() const;
  void strike(uint64_t effects, uint64_t kills_of_4);
  bool is_in_sight(Aim aim);
  void look_for_decision(std::span<const std::byte> frames);
  void outlive_decision();

  // life_clients.cc: rows sent, over TCP, UDP and HTTP.
  void send_some();
  void send_datagram();
  void send_request();
  void take_write_answers();
  WriteRequest make_request();
  void note_write(const WriteRequest& request, std::optional<int> status);
  void send_again(WriteRequest request);

  // life_questions.cc: queries and statements.
  void ask();
  // `must_be_answered`: the weather allows no excuse.
  void take_answer(bool must_be_answered);
  void wait_for_answer(bool must_be_answered);
  void change_table();
  void take_statement_answer();
  void wait_for_statement();

  // life_looks.cc: what must be true whenever one looks.
  // What is not yet done, or empty.
  std::string unrest();
  void look();
  void look_at_sender(const net::LedgerRow& row);
  void look_at_shard(uint16_t index);
  void look_at_schemas(uint16_t index);
  void look_at_syncs();
  void note_acknowledged();

  SimWorld& world_;
  RowModel& model_;
  DiskOracle& oracle_;
  std::vector<WriteRequest>& unanswered_;
  LifePlan plan_;
  SimulationCounts& counts_;
  SimNode node_;
  std::string problem_;
  uint64_t disk_errors_before_;
  uint64_t failed_syncs_before_;
  std::optional<engine::Instant> sync_failed_at_;
  std::vector<TcpSender> senders_;
  std::vector<HttpWriter> writers_;
  SenderRows datagrams_;
  std::optional<Question> question_;
  std::optional<Statement> statement_;
  std::map<storage::RequestId, std::set<uint16_t>> part_owners_;  // of requests without a COMMIT, while they are looked for
  std::optional<Decision> decision_;
  std::map<uint64_t, uint64_t> durable_;  // by id of the ledger's record, at the last look
  std::vector<Progress> progress_;        // by shard
  const engine::Instant began_at_;
  const bool stands_still_;  // a shard, for a while
  bool is_serving_ = false;
  bool is_ending_ = false;  // nothing more is sent
  bool is_failed_ = false;  // the disk: nothing is acknowledged any more
};

}  // namespace sim
