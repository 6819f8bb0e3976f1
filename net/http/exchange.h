// What a handler gets for a request, and how it answers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/time.h"
#include "net/ddl/statement.h"
#include "net/http/request_reader.h"
#include "net/query/answer_form.h"
#include "net/query/row_range.h"
#include "storage/schema/request_note.h"

namespace net {

// A whole answer.
struct HttpAnswer {
  uint16_t status = 200;
  std::string_view content_type;  // empty: it has no body
  std::string extra;              // further lines of the head, each with CRLF
  std::string body;
  bool says_keep_alive = false;  // QuestDB's header of /exec, where the connection stays
  storage::RequestNote note;     // of a write that is stored, which its client must learn
};

// A query whose rows are the answer. What goes wrong is said in JSON.
struct HttpQuery {
  std::string text;  // SQL
  RowRange rows;     // that are wanted of the result
  AnswerForm form;
  engine::Duration time_max{INT64_MAX};
  std::string_view content_type = "application/json; charset=utf-8";  // of the rows
  std::string extra;                                                  // further lines of their head, each with CRLF
};

// How a handler answers: by exactly one call of answer, answer_query or answer_ddl.
class HttpExchange {
 public:
  virtual void answer(HttpAnswer answer) = 0;
  virtual void answer_query(HttpQuery query) = 0;
  virtual void answer_ddl(std::string text, DdlStatement statement) = 0;

  // From a BodyHandler that is parked or abandoned: it can go on, or nothing refers to it any more.
  virtual void go_on() = 0;

 protected:
  ~HttpExchange() = default;
};

// Takes the body of one request as it comes, then answers.
class BodyHandler {
 public:
  enum class Outcome : uint8_t {
    consumed,
    parked,  // what is left of the piece stays where it is, and the same call comes again after go_on()
  };

  virtual ~BodyHandler() = default;

  // Takes bytes off the front of `piece`.
  virtual Outcome on_body(std::string_view& piece) = 0;

  // That was all of it: answers, now or later.
  virtual Outcome on_end() = 0;

  // After on_end(): nothing more comes from the client, which has gone or only waits for its answer.
  virtual void on_client_end() {}

  // The client is gone, or was refused: there will be no answer.
  virtual void abandon() = 0;

  // Somebody still refers to it, and go_on() will be called.
  virtual bool is_waiting() const = 0;
};

// A sentence for a human, with the end of its line.
HttpAnswer make_refusal(uint16_t status, std::string_view text);

// Of one who may ask again soon.
HttpAnswer make_busy_refusal(std::string_view text);

}  // namespace net
