#!/usr/bin/env python3
"""Two clients that no registry has, rebuilt byte by byte: QuestDB's sink for Kafka Connect, which is its Java client and a way
of finding bad rows, and QuestDB's .NET client. What each sends, and what each looks for in an answer, so that it goes on.

The sink sends a batch in one request. When the text of the error says that the data are bad, it sends the batch again, a
request for each row, and those that are refused go to a topic of dead letters; any other error ends its task, until a person
starts it. So errors of data must have those words, and nothing else may."""
# Builds: release
import email.utils
import gzip
import json
import struct
import unittest

import closing_line
from http_write import HttpConnection, chunked
from server import Server
from vectors_test import CONFIG

WORDS = ("error in line", "failed to parse line protocol")  # one is enough for the sink


def small_server(**config):
    return Server("--memory", "64M", config=CONFIG | config)


def number(value):
    """A double as protocol versions 2 and 3 send it, behind its name and a first "="."""
    return b"=\x10" + struct.pack("<d", value)


class Failure(Exception):
    """What the Java client throws, in its words."""


class JavaSender:
    """The requests of QuestDB's Java client: head and body in two segments, the settings on the same connection."""

    def __init__(self, server, credentials=None):
        self.host = "{}:{}".format(*server.http).encode()
        self.authorization = b"Authorization: Basic " + credentials + b"\r\n" if credentials else b""
        self.connection = HttpConnection(server)
        self.connection.send(b"GET /settings HTTP/1.1\r\nHost: " + self.host + b"\r\n\r\n")
        answer = self.connection.answer("GET")
        if answer.status != 200:
            raise Failure(f"Failed to detect server line protocol version [http-status={answer.status}]")
        config = answer.json()["config"]
        if "http" not in config["accepting.writes"]:
            raise Failure("the server does not accept writes over HTTP")
        self.version = max(set(config["line.proto.support.versions"]) & {1, 2, 3})
        self.requests = 0

    def close(self):
        self.connection.socket.close()

    def flush(self, lines):
        body = b"".join(lines)
        self.connection.send(b"POST /write?precision=n HTTP/1.1\r\nHost: " + self.host +
                             b"\r\nUser-Agent: QuestDB/java/9.2.3\r\n" + self.authorization +
                             b"Content-Length: %d\r\n\r\n" % len(body))
        self.connection.send(body)
        self.requests += 1
        answer = self.connection.answer()
        if answer.status in (200, 204):
            return
        # It reads an error only in chunks, and no JSON but with these members.
        if answer.headers["Transfer-Encoding"] != "chunked":
            raise AssertionError(f"an error that is not in chunks: {answer}")
        if not answer.headers["Content-Type"].startswith("application/json"):
            raise Failure(f"Could not flush buffer: {answer.body.decode()} [http-status={answer.status}]")
        found = answer.json()
        if not set(found) <= {"code", "message", "line", "errorId"}:
            raise AssertionError(f"JSON that the client does not know: {answer}")
        raise Failure(f"Could not flush buffer: {found['message']} [http-status={answer.status}, id: {found['errorId']}, "
                      f"code: {found['code']}, line: {found.get('line')}]")


class Sink:
    """A task of the connector."""

    def __init__(self, server, credentials=None):
        self.make_sender = lambda: JavaSender(server, credentials)
        self.sender = self.make_sender()
        self.dead_letters = []

    def put(self, lines):
        try:
            return self.sender.flush(lines)
        except Failure as failure:
            if not is_bad_data(failure):
                raise
        self.start_again()
        for line in lines:
            try:
                self.sender.flush([line])
            except Failure as failure:
                if not is_bad_data(failure):
                    raise
                self.dead_letters.append((line, str(failure)))
                self.start_again()

    def start_again(self):
        self.sender.close()
        self.sender = self.make_sender()


def is_bad_data(failure):
    return any(words in str(failure) for words in WORDS)


def record(n):
    """A JSON message as the sink sends it: kinds of columns one after the other, time in microseconds."""
    return (b'orders,side=buy note="n%d",n=%di,price=' % (n, n) + number(n + 0.5) +
            b",ok=t,seen=%dt %dt\n" % (n, 1_700_000_000_000_000 + n))


BAD_DATA = {
    b"orders n=1.5 1t\n": "cast error from protocol type: FLOAT to column type: LONG",
    b'orders price="x" 1t\n': "cast error from protocol type: STRING to column type: DOUBLE",
    b"orders price==\x0e\x0a\x01\x01\x00\x00\x00" + struct.pack("<d", 1) + b" 1t\n":
        "cast error from protocol type: ARRAY to column type: DOUBLE",
    b"orders n=99999999999999999999i 1t\n": "field value is invalid",
    b"orders,side n=1i 1t\n": "Symbol value is missing: side",
    b"orders unheard= 1t\n": "invalid column type: unheard",
    b"orders 1t\n": "Field value is missing",
    b"orders n=1i 1x\n": "Could not parse timestamp",
    b"orders n=1i -1t\n": "designated timestamp before 1970-01-01 is not allowed",
    b"orders,bad?name=x n=1i 1t\n": "invalid column name: bad?name",
    b"bad?name n=1i 1t\n": "invalid table name",
    b"orders amount=1.5d 1t\n": "decimal columns must be created manually",
    b"orders,side=\xff n=1i 1t\n": "invalid UTF-8",
    b"orders note=\"" + b"x" * 70_000 + b"\" 1t\n": "line.http.max.recv.buffer.size",
}


class KafkaSink(unittest.TestCase):
    def test_it_takes_the_newest_version_of_the_protocol_and_stores_all_types(self):
        with small_server() as server:
            sink = Sink(server)
            self.assertEqual(sink.sender.version, 3)
            for first in range(0, 30, 10):
                sink.put([record(n) for n in range(first, first + 10)])
            server.wait_readable()
            answer = server.exec("SELECT * FROM orders")
            self.assertEqual([column["type"] for column in answer["columns"]],
                             ["SYMBOL", "VARCHAR", "LONG", "DOUBLE", "BOOLEAN", "TIMESTAMP", "TIMESTAMP"])
            self.assertEqual(answer["dataset"][29], ["buy", "n29", 29, 29.5, True, "1970-01-01T00:00:00.000029Z",
                                                     "2023-11-14T22:13:20.000029Z"])
            self.assertEqual((answer["count"], sink.sender.requests), (30, 3))

    def test_each_bad_row_is_found_and_all_others_are_stored_once(self):
        with small_server(**{"line.http.max.recv.buffer.size": "64K"}) as server:
            sink = Sink(server)
            sink.put([record(0)])
            batch = [record(n) for n in range(1, 100)]
            for place, line in enumerate(BAD_DATA, 1):
                batch.insert(6 * place, line)
            sink.put(batch)
            self.assertEqual([line for line, _ in sink.dead_letters], list(BAD_DATA))
            for (line, words), wanted in zip(sink.dead_letters, BAD_DATA.values()):
                with self.subTest(line[:60]):
                    self.assertIn("error in line 1: ", words)
                    self.assertIn("failed to parse line protocol", words)
                    self.assertIn(wanted, words)
            sink.put([record(100)])
            server.wait_readable()
            self.assertEqual(server.exec("SELECT n FROM orders ORDER BY n")["dataset"], [[n] for n in range(101)])

    def test_the_words_of_bad_data_are_in_no_other_error(self):
        good = record(1)
        packed = gzip.compress(good)
        with small_server(**{"http.user": "admin", "http.password": "quest"}) as server:
            basic = b"Authorization: Basic YWRtaW46cXVlc3Q=\r\n"
            for status, head, body in (
                    (400, b"POST /write?precision=x HTTP/1.1\r\n" + basic, good),
                    (401, b"POST /write HTTP/1.1\r\nAuthorization: Basic eDp5\r\n", good),
                    (404, b"GET /nowhere HTTP/1.1\r\n" + basic, b""),
                    (405, b"PUT /write HTTP/1.1\r\n" + basic, good),
                    (415, b"POST /write HTTP/1.1\r\nContent-Encoding: br\r\n" + basic, good),
                    (415, b"POST /write HTTP/1.1\r\nContent-Encoding: gzip\r\n" + basic, packed[:-1])):
                with self.subTest(head), HttpConnection(server) as connection:
                    connection.send(head + (b"Content-Length: %d\r\n" % len(body) if body else b"") + b"\r\n" + body)
                    answer = connection.answer(head.split()[0].decode())
                    self.assertEqual(answer.status, status)
                    for words in WORDS:
                        self.assertNotIn(words.encode(), answer.body)

    def test_credentials_come_with_rows_and_not_with_the_question_for_settings(self):
        with small_server(**{"http.user": "admin", "http.password": "quest"}) as server:
            Sink(server, b"YWRtaW46cXVlc3Q=").put([record(1)])
            with self.assertRaisesRegex(Failure, "http-status=401") as caught:
                Sink(server, b"eDp5").put([record(2)])
            self.assertFalse(is_bad_data(caught.exception))


class DotNet(unittest.TestCase):
    """QuestDB's .NET client: .NET's own HTTP client, the settings with credentials, no precision, no User-Agent."""

    LINES = (b"trades,symbol=ETH\\ USD,side=sell price=" + number(2615.54) + b',lots=-7i,ok=f,note="a \\"b\\" \\\\c",'
             b"id=\"123e4567-e89b-12d3-a456-426614174000\",seen=1700000000123456700n,levels==\x0e\x0a\x01\x02\x00\x00\x00" +
             struct.pack("<dd", 1.5, -2) + b" 1700000000123456700\n"
             b"trades price=" + number(3) + b" 1700000001000000000\ntrades price=" + number(4) + b"\n")

    def head(self, server, request_line, fields):
        host = "Host: {}:{}\r\n".format(*server.http)
        return f"{request_line} HTTP/1.1\r\n{host}{fields}\r\n".encode()

    def write(self, server, connection, body, credentials="", pieces=1):
        """In one segment, in two, or as a body whose size .NET has not been told."""
        size = "Transfer-Encoding: chunked\r\n" if pieces == 3 else f"Content-Length: {len(body)}\r\n"
        head = self.head(server, "POST /write",
                         f"{credentials}Content-Type: text/plain; charset=utf-8\r\n{size}")
        if pieces == 3:
            body = chunked(body, [len(body)])
        if pieces == 1:
            connection.send(head + body)
        else:
            connection.send(head)
            connection.send(body)
        return connection.answer()

    CREDENTIALS = "Authorization: Basic YWRtaW46cXVlc3Q=\r\n"

    def test_it_asks_for_settings_and_writes_on_the_same_connection(self):
        with small_server() as server, HttpConnection(server) as connection:
            for fields in (self.CREDENTIALS, ""):
                connection.send(self.head(server, "GET /settings", fields))
                answer = connection.answer("GET")
                self.assertEqual((answer.status, answer.headers.get_content_type()), (200, "application/json"))
                versions = json.loads(answer.body.decode("utf-8"))["config"]["line.proto.support.versions"]
                self.assertEqual(max(version for version in versions if version <= 3), 3)
            for pieces in (1, 2, 3):
                answer = self.write(server, connection, self.LINES, self.CREDENTIALS, pieces)
                self.assertEqual((answer.status, answer.body), (204, b""))
                # When it flushed last, by the server's clock.
                self.assertIsNotNone(email.utils.parsedate_to_datetime(answer.headers["Date"]).tzinfo)
            server.wait_readable()
            rows = server.exec("SELECT * FROM trades WHERE symbol IS NOT NULL")
            self.assertEqual([column.get("elemType", column["type"]) for column in rows["columns"]],
                             ["SYMBOL", "SYMBOL", "DOUBLE", "LONG", "BOOLEAN", "VARCHAR", "VARCHAR", "TIMESTAMP_NS", "DOUBLE",
                              "TIMESTAMP"])
            self.assertEqual(rows["dataset"], 3 * [
                ["ETH USD", "sell", 2615.54, -7, False, 'a "b" \\c', "123e4567-e89b-12d3-a456-426614174000",
                 "2023-11-14T22:13:20.123456700Z", [1.5, -2.0], "2023-11-14T22:13:20.123456Z"]])
            self.assertEqual(server.exec("SELECT count() FROM trades")["dataset"], [[9]])

    def test_its_credentials_are_looked_at(self):
        with small_server(**{"http.user": "admin", "http.password": "quest"}) as server, HttpConnection(server) as connection:
            for credentials, status, reason in ((self.CREDENTIALS, 204, "OK"), ("", 401, "Unauthorized"),
                                                ("Authorization: Bearer token\r\n", 401, "Unauthorized")):
                answer = self.write(server, connection, self.LINES, credentials)
                self.assertEqual((answer.status, answer.reason), (status, reason))

    def test_an_error_has_the_members_that_it_reads_and_the_reason_that_it_shows(self):
        with small_server() as server, HttpConnection(server) as connection:
            self.assertEqual(self.write(server, connection, self.LINES).status, 204)
            answer = self.write(server, connection, self.LINES + b"trades lots=1.5 1700000000000000000\n")
            self.assertEqual((answer.status, answer.reason, answer.headers.get_content_type()),
                             (400, "Bad request", "application/json"))
            found = answer.json()
            self.assertEqual({name: type(value) for name, value in found.items()},
                             {"code": str, "message": str, "line": int, "errorId": str})
            self.assertEqual(found["line"], 4)
            self.assertEqual(self.write(server, connection, self.LINES).status, 204)
            server.wait_readable()
            self.assertEqual(server.exec("SELECT count() FROM trades")["dataset"], [[6]])


if __name__ == "__main__":
    closing_line.main()
