// A statement on its way: what it wishes for is asked of storage, and what storage says becomes an answer, with the position of
// what is wrong. Lives on the shard whose source it asks; an ask that is out refers to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "net/ddl/statement.h"
#include "storage/source/source.h"

namespace net {

class DdlRun;

class DdlRunListener {
 public:
  // It is over; error() says how.
  virtual void on_over(DdlRun& run) = 0;

 protected:
  ~DdlRunListener() = default;
};

class DdlRun final : private storage::AskWaiter {
 public:
  // `id` means something to the listener.
  DdlRun(storage::Source& source, uint64_t id, DdlStatement statement, DdlRunListener& listener);

  // Once. The listener may be told before it returns.
  void start();

  uint64_t id() const { return id_; }
  const std::optional<DdlError>& error() const { return error_; }

 private:
  enum class Asking : uint8_t { nothing, create, presence, change };

  void on_answer() override;

  void begin(const CreateTable& create);
  void begin(const DropTable& drop);
  void begin(const TruncateTable& truncate);
  void begin(const RenameTable& rename);
  void begin(const AlterTable& alter);
  void begin(const SessionStatement&) { end(std::nullopt); }

  void begin_change(const AddColumns& add);
  void begin_change(const DropColumns& drop);
  void begin_change(const RenameColumn& rename);
  void begin_change(const ChangeType& change);
  void begin_change(const SetTtl& set);
  void begin_change(const SetUpsertKeys& set);
  void begin_change(const NoChange&) { ask_presence(table_); }

  void ask_presence(const DdlName& table);
  void ask_change(storage::TableChange change);
  void truncate_next();

  std::optional<DdlError> error_of_create() const;
  std::optional<DdlError> error_of_presence() const;
  std::optional<DdlError> error_of_change() const;
  void end(std::optional<DdlError> error);

  storage::Source& source_;
  const uint64_t id_;
  const DdlStatement statement_;
  DdlRunListener& listener_;
  Asking asking_ = Asking::nothing;
  storage::TableAsk table_ask_;
  storage::ChangeAsk change_ask_;
  DdlName table_;                        // that is asked about
  std::vector<size_t> positions_;        // of the names in the change
  bool ignores_missing_ = false;         // IF EXISTS
  std::vector<DdlName> tables_to_come_;  // of TRUNCATE, the next one last
  std::optional<DdlError> error_;
};

}  // namespace net
