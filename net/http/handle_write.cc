// POST /write.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/body/decoder.h"
#include "net/http/handlers.h"
#include "net/http/precision.h"
#include "net/http/routes.h"
#include "net/http/text.h"
#include "net/ingest/request_ingest.h"

namespace net {
namespace {

HttpAnswer make_write_refusal(const WriteError& error, HttpServices& services) {
  return {.status = error.status,
          .content_type = "application/json; charset=utf-8",
          .extra = {},
          .body = write_error_json(error, services.error_ids.next())};
}

WriteError error_of(const LineFault& fault) {
  return fault.error == LineError::line_too_large ? oversized_line(fault.line, fault.detail)
                                                  : bad_line(fault.line, fault.detail);
}

// What an owner said to a part, or to the whole of it.
WriteError error_of(const absl::Status& rejection) {
  std::string detail(engine::message_of(rejection));
  if (rejection.code() == absl::StatusCode::kUnavailable) return {.status = 503, .code = "internal error", .detail = detail};
  if (rejection.code() == absl::StatusCode::kOutOfRange) return {.status = 413, .code = "request too large", .detail = detail};
  return {.status = 400, .code = "invalid", .detail = detail};
}

class WriteHandler final : public BodyHandler, private RequestIngestListener {
 public:
  WriteHandler(const HttpClient& client, engine::TimeUnit unit, std::unique_ptr<BodyDecoder> decoder)
      : exchange_(client.exchange),
        services_(client.services),
        decoder_(std::move(decoder)),
        ingest_(client.services.ingest, *client.record, {.unit = unit, .line_size_max = client.services.options.line_size_max},
                *this) {}

  Outcome on_body(std::string_view& piece) override {
    while (!error_) {
      if (rest_.empty() && !is_parked_) {
        const absl::StatusOr<std::string_view> decoded = decoder_->decode(piece);
        if (!decoded.ok()) {
          fail(bad_body(decoded.status()));
          break;
        }
        rest_ = *decoded;
        if (rest_.empty()) return Outcome::consumed;
      }
      if (!go(ingest_.consume(rest_))) return Outcome::parked;
    }
    piece = {};  // behind the first error nothing is looked at
    return Outcome::consumed;
  }

  Outcome on_end() override {
    if (const absl::Status ended = decoder_->finish(); !error_ && !ended.ok()) fail(bad_body(ended));
    if (!error_ && !go(ingest_.finish())) return Outcome::parked;
    if (error_) exchange_.answer(make_write_refusal(*error_, services_));
    return Outcome::consumed;
  }

  void abandon() override { ingest_.abandon(); }
  bool is_waiting() const override { return ingest_.is_waiting(); }

 private:
  void on_unparked() override { exchange_.go_on(); }

  void on_committed(const absl::Status& status) override {
    if (!status.ok()) return exchange_.answer(make_write_refusal(error_of(status), services_));
    exchange_.answer({.status = 204, .content_type = {}, .extra = {}, .body = {}});
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
  std::unique_ptr<BodyDecoder> decoder_;
  std::string_view rest_;  // decoded, not yet consumed
  bool is_parked_ = false;
  std::optional<WriteError> error_;
  RequestIngest ingest_;
};

// The last one counts, as on QuestDB no other parameter does. Nothing: it is none.
std::optional<engine::TimeUnit> precision_of(std::string_view query) {
  const std::optional<std::vector<HttpParameter>> parameters = parse_parameters(query);
  if (!parameters) return std::nullopt;
  const auto precision = std::ranges::find(*parameters, "precision", &HttpParameter::name);
  return parse_precision(precision == parameters->end() ? std::string_view() : precision->value);
}

}  // namespace

std::unique_ptr<BodyHandler> take_write(const HttpRequest& request, const HttpClient& client) {
  const auto refuse = [&](const WriteError& error) {
    return refuse_request(make_write_refusal(error, client.services), client);
  };
  const std::optional<engine::TimeUnit> unit = precision_of(request.query);
  if (!unit) return refuse(unsupported_precision());
  absl::StatusOr<std::unique_ptr<BodyDecoder>> decoder = make_body_decoder(request.content_encoding, request.content_type);
  if (!decoder.ok()) return refuse(bad_body(decoder.status()));
  IngestContext& ingest = client.services.ingest;
  if (client.record == nullptr) {
    client.record = &ingest.ledger.open(Transport::http, client.peer, ingest.shard.backend().wall_now());
  }
  return std::make_unique<WriteHandler>(client, *unit, *std::move(decoder));
}

}  // namespace net
