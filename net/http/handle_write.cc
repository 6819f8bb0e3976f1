// POST /write, and the same for clients of InfluxDB 3.
#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/ascii.h"
#include "net/body/decoder.h"
#include "net/http/handlers.h"
#include "net/http/influx_text.h"
#include "net/http/precision.h"
#include "net/http/repeat_guard.h"
#include "net/http/routes.h"
#include "net/http/text.h"
#include "net/ingest/request_ingest.h"

namespace net {
namespace {

std::string_view retry_line(const WriteError& error) { return error.status == 503 ? "Retry-After: 1\r\n" : ""; }

static_assert(RequestIngest::left_out_listed_max <= refused_lines_max);

HttpAnswer make_partial_refusal(std::span<const LineFault> left_out) {
  std::vector<RefusedLine> lines;
  for (const LineFault& each : left_out) {
    lines.push_back({.original = each.original, .number = each.line, .reason = each.detail});
  }
  return {.status = 400, .content_type = "application/json", .extra = {}, .body = v3_partial_write_json(lines)};
}

WriteError error_of(const LineFault& fault) {
  WriteError error =
      fault.error == LineError::line_too_large ? oversized_line(fault.line, fault.detail) : bad_line(fault.line, fault.detail);
  error.original = fault.original;
  return error;
}

// What an owner said to a part, or to the whole of it.
WriteError error_of(const absl::Status& rejection) {
  std::string detail(engine::message_of(rejection));
  if (rejection.code() == absl::StatusCode::kUnavailable) return {.status = 503, .code = "internal error", .detail = detail};
  if (rejection.code() == absl::StatusCode::kOutOfRange) return {.status = 413, .code = "request too large", .detail = detail};
  return {.status = 400, .code = "invalid", .detail = detail};
}

class WriteHandler final : public BodyHandler, private RequestIngestListener, private RepeatGuardListener {
 public:
  WriteHandler(const HttpRequest& request, const HttpClient& client, const RequestIngest::Options& options,
               std::unique_ptr<BodyDecoder> decoder, MakeWriteRefusal make_refusal)
      : exchange_(client.exchange),
        services_(client.services),
        record_(*client.record),
        make_refusal_(make_refusal),
        decoder_(std::move(decoder)),
        guard_(client.services.ingest.repeats, request, *this),
        ingest_(client.services.ingest, *client.record, options, *this) {}

  Outcome on_body(std::string_view& piece) override {
    if (!may_go_on(guard_.begin())) return Outcome::parked;
    while (!error_) {
      if (rest_.empty() && !is_parked_) {
        if (is_body_over_) return Outcome::consumed;
        const absl::StatusOr<std::string_view> decoded = decoder_->decode(piece);
        if (!decoded.ok()) {
          fail(bad_body(decoded.status()));
          break;
        }
        rest_ = *decoded;
        if (rest_.empty()) return Outcome::consumed;
        guard_.add(rest_);
        if (is_repeated_) rest_ = {};
      }
      if (is_repeated_) continue;
      if (!go(ingest_.consume(rest_))) return Outcome::parked;
    }
    piece = {};  // behind the first error nothing is looked at
    return Outcome::consumed;
  }

  Outcome on_end() override {
    if (!may_go_on(guard_.begin())) return Outcome::parked;
    if (!is_body_over_) {
      is_body_over_ = true;
      if (const absl::Status ended = decoder_->finish(); !error_ && !ended.ok()) fail(bad_body(ended));
    }
    if (!error_ && !may_go_on(guard_.end())) return Outcome::parked;
    if (!error_ && !is_repeated_) {
      is_committing_ = true;
      const bool is_taken = go(ingest_.finish(guard_.note()));
      is_committing_ = is_committing_ && is_taken && !error_;
      if (!is_taken) return Outcome::parked;
    }
    if (error_) {
      guard_.give_up();
      exchange_.answer(make_refusal_(*error_, services_));
    } else if (is_repeated_) {
      answer_repeated();
    }
    return Outcome::consumed;
  }

  // Who says the same meanwhile is put off, and may be that client on its next connection.
  void on_client_end() override {
    if (!is_committing_ || ingest_.note().has_key()) return;
    is_suspect_ = true;
    services_.ingest.repeats.tell(ingest_.note(), storage::NoteStep::begun);
  }

  void abandon() override {
    clear_suspicion();
    is_committing_ ? guard_.hand_over() : guard_.give_up();
    ingest_.abandon();
  }
  bool is_waiting() const override { return ingest_.is_waiting() || guard_.is_waiting(); }

 private:
  void on_unparked() override { exchange_.go_on(); }
  void on_verdict() override { exchange_.go_on(); }

  void on_committed(const absl::Status& status) override {
    is_committing_ = false;
    clear_suspicion();
    guard_.settle(ingest_.note(), status.ok());
    if (!status.ok()) return exchange_.answer(make_refusal_(error_of(status), services_));
    HttpAnswer answer{.status = 204, .content_type = {}, .extra = {}, .body = {}};
    if (!ingest_.left_out().empty()) answer = make_partial_refusal(ingest_.left_out());
    answer.note = ingest_.note();
    exchange_.answer(std::move(answer));
  }

  void clear_suspicion() {
    if (std::exchange(is_suspect_, false)) services_.ingest.repeats.tell(ingest_.note(), storage::NoteStep::dropped);
  }

  // False: it is asked whether the request comes again.
  bool may_go_on(RepeatGuard::Verdict verdict) {
    switch (verdict) {
      case RepeatGuard::Verdict::waiting:
        return false;
      case RepeatGuard::Verdict::go_on:
        break;
      case RepeatGuard::Verdict::repeated:
        is_repeated_ = true;
        break;
      case RepeatGuard::Verdict::other_content:
        fail(other_content_of_key());
        break;
      case RepeatGuard::Verdict::put_off:
        if (!error_) fail(repeated_too_early());
        break;
    }
    return true;
  }

  void answer_repeated() {
    ingest_.drop_repeated();
    record_.sender.count_repeated_request();
    exchange_.answer({.status = 204, .content_type = {}, .extra = {}, .body = {}, .note = guard_.note()});
  }

  // False: it is parked.
  bool go(RequestIngest::Outcome outcome) {
    is_parked_ = outcome == RequestIngest::Outcome::parked;
    if (outcome == RequestIngest::Outcome::failed) {
      const bool is_of_line = ingest_.fault().error != LineError::none;
      error_ = is_of_line ? error_of(ingest_.fault()) : error_of(ingest_.rejection());
    }
    return !is_parked_;
  }

  void fail(WriteError error) {
    error_ = std::move(error);
    ingest_.abandon();
  }

  HttpExchange& exchange_;
  HttpServices& services_;
  SenderRecord& record_;
  const MakeWriteRefusal make_refusal_;
  std::unique_ptr<BodyDecoder> decoder_;
  RepeatGuard guard_;
  std::string_view rest_;  // decoded, not yet consumed
  bool is_parked_ = false;
  bool is_body_over_ = false;
  bool is_repeated_ = false;    // nothing of it is taken
  bool is_committing_ = false;  // its last line is taken
  bool is_suspect_ = false;     // all desks know that it runs
  std::optional<WriteError> error_;
  RequestIngest ingest_;
};

// The first one counts, as on QuestDB no other parameter does. Nothing: it is none.
std::optional<engine::TimeUnit> precision_of(std::string_view query) {
  const std::optional<std::vector<HttpParameter>> parameters = parse_parameters(query);
  if (!parameters) return std::nullopt;
  const auto precision = std::ranges::find(*parameters, "precision", &HttpParameter::name);
  return parse_precision(precision == parameters->end() ? std::string_view() : precision->value);
}

// What a client of InfluxDB 3 says beside its lines. The database is not looked at: a line names its table. That it waits for
// no disk (no_sync) is no wish that needs to be granted: 204 says durable to everybody.
absl::StatusOr<RequestIngest::Options> v3_options_of(std::string_view query) {
  const std::optional<std::vector<HttpParameter>> parameters = parse_parameters(query);
  if (!parameters) return engine::invalid_argument("the parameters are not URL-encoded");
  RequestIngest::Options options{.report = BadLineReport::at_line_end, .leaves_bad_lines_out = true};
  for (const HttpParameter& parameter : *parameters) {
    if (parameter.name == "precision") {
      const std::optional<engine::TimeUnit> unit = parse_v3_precision(parameter.value);
      if (!unit) return engine::invalid_argument("precision is auto, nanosecond, microsecond, millisecond or second");
      options.unit = *unit;
    } else if (parameter.name == "accept_partial") {
      options.leaves_bad_lines_out = engine::equals_ignoring_case(parameter.value, "true");
      if (!options.leaves_bad_lines_out && !engine::equals_ignoring_case(parameter.value, "false")) {
        return engine::invalid_argument("accept_partial is true or false");
      }
    }
  }
  return options;
}

std::unique_ptr<BodyHandler> take_lines(const HttpRequest& request, const HttpClient& client, RequestIngest::Options options,
                                        MakeWriteRefusal make_refusal) {
  if (request.idempotency_key.size() > RepeatGuard::key_size_max) {
    return refuse_request(make_refusal(oversized_key(RepeatGuard::key_size_max), client.services), client);
  }
  absl::StatusOr<std::unique_ptr<BodyDecoder>> decoder = make_body_decoder(request.content_encoding, request.content_type);
  if (!decoder.ok()) return refuse_request(make_refusal(bad_body(decoder.status()), client.services), client);
  IngestContext& ingest = client.services.ingest;
  if (client.record == nullptr) {
    client.record = &ingest.ledger.open(Transport::http, client.peer, ingest.shard.backend().wall_now());
  }
  options.line_size_max = client.services.options.line_size_max;
  return std::make_unique<WriteHandler>(request, client, options, *std::move(decoder), make_refusal);
}

}  // namespace

HttpAnswer make_write_refusal(const WriteError& error, HttpServices& services) {
  return {.status = error.status,
          .content_type = "application/json; charset=utf-8",
          .extra = std::string(retry_line(error)),
          .body = write_error_json(error, services.error_ids.next())};
}

HttpAnswer make_v3_write_refusal(const WriteError& error, HttpServices&) {
  const RefusedLine line{.original = error.original, .number = error.line, .reason = error.detail};
  return {.status = error.status,
          .content_type = "application/json",
          .extra = std::string(retry_line(error)),
          .body = error.line == 0 ? influx_error_json(error.detail) : v3_refused_write_json(line)};
}

std::unique_ptr<BodyHandler> take_write(const HttpRequest& request, const HttpClient& client) {
  const std::optional<engine::TimeUnit> unit = precision_of(request.query);
  if (!unit) return refuse_request(make_write_refusal(unsupported_precision(), client.services), client);
  return take_lines(request, client, {.unit = *unit}, make_write_refusal);
}

std::unique_ptr<BodyHandler> take_v3_write(const HttpRequest& request, const HttpClient& client) {
  const absl::StatusOr<RequestIngest::Options> options = v3_options_of(request.query);
  if (!options.ok()) return refuse_request(make_v3_write_refusal(bad_body(options.status()), client.services), client);
  return take_lines(request, client, *options, make_v3_write_refusal);
}

}  // namespace net
