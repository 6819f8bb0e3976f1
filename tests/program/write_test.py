#!/usr/bin/env python3
"""Writes over HTTP: what QuestDB's protocol says of requests and answers, case by case, each in every way in which a client may
cut it into chunks; and what InfluxDB's third version says of them."""
# Builds: release asan
import collections
import concurrent.futures
import dataclasses
import gzip
import json
import random
import socket
import unittest
import urllib.parse
import zlib
from typing import Callable

import closing_line
from http_write import Dropped, HttpConnection, chunked, request_bytes
from server import SECONDS_MAX, Server, wait_until
from stored_tables import read_tables
from vectors_test import CONFIG, PREFIX

JSON = "application/json; charset=utf-8"
MULTIPART = {"Content-Type": "multipart/form-data; boundary=AaB"}


def same(body):
    return body


def stored(body):
    """gzip that only stores, as some clients do with small bodies."""
    packer = zlib.compressobj(0, wbits=31)
    return packer.compress(body) + packer.flush()


def members(body):
    """A member for each line."""
    return b"".join(gzip.compress(line) for line in body.splitlines(True))


def zstd(body):
    """One frame with its size, of one block that is stored (RFC 8878, 3.1.1)."""
    return b"\x28\xb5\x2f\xfd\x20" + bytes([len(body)]) + (len(body) << 3 | 1).to_bytes(3, "little") + body


def encoded(name):
    return {"Content-Encoding": name}


def wrong_checksum(body):
    packed = bytearray(gzip.compress(body))
    packed[-8] ^= 1
    return bytes(packed)


@dataclasses.dataclass
class Case:
    """A request, and what is answered and stored. "@" in `text` stands for a table of the case's own."""
    name: str
    text: str
    rows: list = dataclasses.field(default_factory=list)  # [f, timestamp]
    status: int = 204
    code: str = ""
    message: str = ""   # in the answer; "@" is the table
    line: int = 0
    target: str = "/write"
    headers: dict = dataclasses.field(default_factory=dict)
    encode: Callable = same


def at(text):
    return f"1970-01-01T00:00:00.00000{text}Z"


WHEN = "2021-11-29T16:20:21.000000Z"
ONE = [[1.0, at(1)]]
TWO = [[1.0, at(1)], [2.0, at(2)]]
LINES = "@ f=1 1000\n@ f=2 2000\n"


def refused(name, text, line, detail, **other):
    return Case(name, text, status=400, code="invalid", line=line, message=f"{PREFIX}{line}: {detail}", **other)


def unsupported(name, text, status, message, **other):
    return Case(name, text, status=status, code="not supported", message=message, **other)


CASES = [
    Case("one line", "@ f=1 1638202821000000000\n", [[1.0, WHEN]]),
    Case("path of the second version", "@ f=1 1638202821000000000\n", [[1.0, WHEN]], target="/api/v2/write?org=x&bucket=y"),
    Case("parameters that nobody reads", LINES, TWO, target="/write?db=x&rp=y&u=a&p=b&consistency=one&precision=n"),
    Case("nothing", ""),
    Case("empty lines", "\n\n\n"),
    Case("line ends of two bytes", "@ f=1 1000\r\n@ f=2 2000\r\n", TWO),
    Case("the last line is not ended", "@ f=1 1000\n@ f=2 2000", TWO),
    Case("any content type", LINES, TWO, headers={"Content-Type": "application/octet-stream"}),
    Case("any credentials", LINES, TWO, headers={"Authorization": "Token abc"}),
    Case("an expectation", LINES, TWO, headers={"Expect": "100-continue"}),
    Case("identity", LINES, TWO, headers=encoded("identity")),
    Case("gzip", LINES, TWO, headers=encoded("gzip"), encode=gzip.compress),
    Case("gzip in capitals", LINES, TWO, headers=encoded("GZIP"), encode=gzip.compress),
    Case("gzip that stores", LINES, TWO, headers=encoded("gzip"), encode=stored),
    Case("gzip of several members", LINES, TWO, headers=encoded("gzip"), encode=members),
    Case("gzip of nothing", "", headers=encoded("gzip"), encode=gzip.compress),
    Case("gzip, and nothing at all", "", headers=encoded("gzip")),
    Case("zstd", LINES, TWO, headers=encoded("zstd"), encode=zstd),
    Case("a form", "--AaB\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n@ f=1 1000\n\r\n"
         "--AaB\r\n\r\n@ f=2 2000\n\r\n--AaB--\r\n", TWO, headers=MULTIPART),
    Case("precision u", "@ f=1 1638202821000000\n", [[1.0, WHEN]], target="/write?precision=u"),
    Case("precision us", "@ f=1 1638202821000000\n", [[1.0, WHEN]], target="/write?precision=us"),
    Case("precision ms", "@ f=1 1638202821000\n", [[1.0, WHEN]], target="/write?precision=ms"),
    Case("precision s", "@ f=1 1638202821\n", [[1.0, WHEN]], target="/write?precision=s"),
    Case("precision m", "@ f=1 27303380\n", [[1.0, "2021-11-29T16:20:00.000000Z"]], target="/write?precision=m"),
    Case("precision h", "@ f=1 455056\n", [[1.0, "2021-11-29T16:00:00.000000Z"]], target="/write?precision=h"),
    Case("no precision is nanoseconds", "@ f=1 1000\n", ONE, target="/write?precision="),
    Case("a suffix beats the precision", "@ f=1 1638202821000000t\n", [[1.0, WHEN]], target="/write?precision=s"),
    unsupported("precision of another letter case", "@ f=1 1\n", 400, "unsupported precision", target="/write?precision=NS"),
    unsupported("precision of the third version", "@ f=1 1\n", 400, "unsupported precision", target="/write?precision=auto"),
    unsupported("unknown encoding", "@ f=1 1\n", 415, "Content-Encoding", headers=encoded("br")),
    unsupported("no gzip", "@ f=1 1\n", 415, "gzip decompression error", headers=encoded("gzip")),
    unsupported("gzip with a wrong checksum", LINES, 415, "gzip decompression error", headers=encoded("gzip"),
                encode=wrong_checksum),
    unsupported("gzip without its end", LINES, 415, "gzip decompression error", headers=encoded("gzip"),
                encode=lambda body: gzip.compress(body)[:-1]),
    unsupported("zstd without its end", LINES, 415, "zstd decompression error", headers=encoded("zstd"),
                encode=lambda body: zstd(body)[:-1]),
    Case("a form without its end", "--AaB\r\n\r\n@ f=1 1000\n\r\n--AaB\r\n\r\n@ f=2 2000\n", status=400, code="invalid",
         message="multipart", headers=MULTIPART),
    refused("no number", "@ f=1 1000\n@ f=2 2000\n@ f=abc 3000\n", 3,
            "Could not parse entire line, field value is invalid. Field: f; value: abc"),
    refused("lines are counted without empty ones", "\n\n@ f=1 1000\n\n\n@ f=x 2000\n", 2, "Could not parse entire line"),
    refused("the first bad line ends it", "@ f=x 1\n@ f=y 2\n", 1,
            "Could not parse entire line, field value is invalid. Field: f; value: x"),
    refused("a cast", "@ f=1 1000\n@ f=\"s\" 2000\n", 2,
            "table: @, column: f; cast error from protocol type: STRING to column type: DOUBLE"),
    refused("no fields", "@ f=1 1000\n@\n", 2, "No fields were provided"),
    refused("a bad column name", "@ f=1,bad?name=2 1000\n", 1, "table: @; invalid column name: bad?name"),
    refused("a line before 1970", "@ f=1 1000\n@ f=1 -5\n", 2, ""),
    refused("the last line is bad and not ended", "@ f=1 1000\n@ f=x", 2, ""),
    refused("a bad line in a gzip", "@ f=1 1000\n@ f=x 2000\n", 2, "", headers=encoded("gzip"), encode=gzip.compress),
]


def ways(body):
    """How a body may be sent: with its size, and in chunks that are cut anywhere."""
    yield None
    yield [1] * len(body)
    for cut in range(1, len(body)):
        yield [cut]


def small_server():
    return Server("--memory", "64M", config=CONFIG)


class Cases(unittest.TestCase):
    def check(self, case, table, answer):
        self.assertEqual(answer.status, case.status, answer)
        if answer.status == 204:
            self.assertEqual((answer.reason, answer.body), ("OK", b""))
            for name in ("Content-Length", "Content-Type", "Transfer-Encoding"):
                self.assertIsNone(answer.headers[name])
            return
        self.assertEqual(answer.headers["Content-Type"], JSON)
        self.assertEqual(answer.headers["Transfer-Encoding"], "chunked")
        found = answer.json()
        self.assertEqual(list(found), ["code", "message", "line", "errorId"] if case.line else ["code", "message", "errorId"])
        self.assertEqual(found["code"], case.code)
        self.assertIn(case.message.replace("@", table), found["message"])
        self.assertEqual(found.get("line", 0), case.line)
        self.assertRegex(found["errorId"], "^[0-9a-f]{12}-[0-9]+$")
        # What these words are for: only then is it of use to look for the bad line.
        self.assertEqual("failed to parse line protocol" in found["message"], case.line > 0)

    def test_every_case_in_every_way(self):
        with small_server() as server:
            sent = {}
            for number, case in enumerate(CASES):
                table = f"t{number}"
                body = case.encode(case.text.replace("@", table).encode())
                with self.subTest(case.name), HttpConnection(server) as connection:
                    sent[table] = 0
                    for chunk_sizes in ways(body):
                        how = {"target": case.target, "headers": case.headers, "chunk_sizes": chunk_sizes}
                        answer = connection.write(body, **how)
                        self.check(case, table, answer)
                        sent[table] += 1
            server.wait_readable()
            found = read_tables(server)
            for number, case in enumerate(CASES):
                with self.subTest(case.name):
                    rows = found.get(f"t{number}", {"rows": []})["rows"]
                    self.assertEqual(rows, [row for row in case.rows for _ in range(sent[f"t{number}"])])


class Requests(unittest.TestCase):
    """What is said of requests that are none, and how connections end."""

    def refuse(self, server, status, text, data):
        with HttpConnection(server) as connection:
            connection.send(data)
            answer = connection.answer()
            self.assertEqual(answer.status, status, answer)
            self.assertIn(text, answer.body)

    def drop(self, server, data):
        """The server may say why before it closes."""
        with HttpConnection(server) as connection:
            connection.send(data)
            try:
                answer = connection.answer()
            except Dropped:
                return
            self.assertEqual(answer.status // 100, 4, answer)
            self.assertEqual(connection.socket.recv(1), b"")

    def assert_nothing_stored(self, server):
        server.wait_readable()
        self.assertEqual([table for table in read_tables(server).values() if table["rows"]], [])

    def test_requests_that_are_none(self):
        body = b"t f=1 1000\n"
        with small_server() as server:
            for method in ("PUT", "DELETE", "PATCH"):
                self.refuse(server, 405, f"Method {method} not supported".encode(), request_bytes(body, method))
            self.refuse(server, 400, b"GET request method cannot have content", request_bytes(body, "GET", "/ping"))
            self.refuse(server, 405, b"Method GET not supported",
                        request_bytes(method="GET", headers={"Content-Length": None}))
            self.refuse(server, 405, b"Method POST not supported", request_bytes(body, target="/write/"))
            self.refuse(server, 400, b"Content-length not specified for POST/PUT request",
                        request_bytes(headers={"Content-Length": None}))
            other_order = {"Transfer-Encoding": None, "Content-Length": "6", "transfer-encoding": "chunked"}
            for headers in ({"Content-Length": "6"}, other_order):
                self.refuse(server, 400, b"Invalid chunked request; content-length specified",
                            request_bytes(body, chunk_sizes=[], headers=headers))
            self.assert_nothing_stored(server)

    def test_bodies_that_are_no_chunks_end_the_connection(self):
        head = request_bytes(chunk_sizes=[]).removesuffix(chunked(b"", []))
        with small_server() as server:
            for chunks in (b"xyz\r\nt f=1 1000\n\r\n0\r\n\r\n", b"b\r\nt f=1 1000\nXX0\r\n\r\n", b"-1\r\n\r\n",
                           b"fffffffffffffffff\r\nt f=1 1000\n"):
                with self.subTest(chunks):
                    self.drop(server, head + chunks)
            self.drop(server, request_bytes(b"t f=1 1000\n", headers={"Content-Length": "-1"}))
            self.drop(server, request_bytes(b"t f=1 1000\n", headers={"Content-Length": "abc"}))
            self.assert_nothing_stored(server)

    def test_a_sender_that_goes_away_in_the_middle_of_a_body_stored_nothing(self):
        whole = request_bytes(b"t f=1 1000\nt f=2 2000\n")
        with small_server() as server:
            for size in (len(whole) - 1, len(whole) - 11, len(whole) - 20):
                with HttpConnection(server) as connection:
                    connection.send(whole[:size])
            for chunks in ([5], [11, 11]):
                with HttpConnection(server) as connection:
                    connection.send(request_bytes(b"t f=1 1000\nt f=2 2000\n", chunk_sizes=chunks).removesuffix(b"0\r\n\r\n"))
            self.assert_nothing_stored(server)

    def test_head_and_body_may_be_cut_anywhere(self):
        whole = request_bytes(b"t f=1 1000\n", headers={"Content-Type": "text/plain; charset=utf-8"})
        with small_server() as server:
            with HttpConnection(server) as connection:
                for cut in range(1, len(whole)):
                    connection.send(whole[:cut])
                    connection.send(whole[cut:])
                    self.assertEqual(connection.answer().status, 204)
            server.wait_readable()
            self.assertEqual(server.exec("SELECT count() FROM t")["dataset"], [[len(whole) - 1]])

    def test_a_connection_goes_on_after_a_refusal(self):
        with small_server() as server, HttpConnection(server) as connection:
            self.assertEqual(connection.write(b"t f=1 1000\n").status, 204)
            self.assertEqual(connection.write(b"t f=x\n" * 100_000).status, 400)
            self.assertEqual(connection.write(b"t f=2 2000\n").status, 204)
            server.wait_readable()
            self.assertEqual(server.exec("SELECT f FROM t")["dataset"], [[1.0], [2.0]])

    def test_a_connection_is_closed_when_its_client_wants_that(self):
        with small_server() as server, HttpConnection(server) as connection:
            answer = connection.write(b"t f=1 1000\n", headers={"Connection": "close"})
            self.assertEqual((answer.status, answer.headers["Connection"]), (204, "close"))
            self.assertEqual(connection.socket.recv(1), b"")

    def test_what_was_acknowledged_is_there_after_a_kill(self):
        with small_server() as server:
            with HttpConnection(server) as connection:
                for number in range(50):
                    self.assertEqual(connection.write(f"t n={number}i {number}000\n".encode()).status, 204)
            server.kill()
            server.start()
            server.wait_readable()
            self.assertEqual(server.exec("SELECT n FROM t")["dataset"], [[number] for number in range(50)])

    def test_all_tables_of_a_request_are_refused_together(self):
        with small_server() as server, HttpConnection(server) as connection:
            lines = b"".join(b"t%d f=1 1000\n" % (number % 20) for number in range(5000))
            self.assertEqual(connection.write(lines + b"t3 f=x\n").status, 400)
            self.assert_nothing_stored(server)
            self.assertEqual(connection.write(lines).status, 204)
            server.wait_readable()
            self.assertEqual({name: len(table["rows"]) for name, table in read_tables(server).items()},
                             {f"t{number}": 250 for number in range(20)})

    def test_a_large_body_is_one_transaction(self):
        lines = "".join(f"t,s=S{n % 100} n={n}i,x=\"{'x' * 200}\" {n}000\n" for n in range(100_000)).encode()
        with Server("--memory", "1G", config=CONFIG) as server, HttpConnection(server) as connection:
            self.assertEqual(connection.write(lines + b"t n=x\n", headers=encoded("identity")).status, 400)
            self.assertEqual(connection.write(gzip.compress(lines, 1), headers=encoded("gzip")).status, 204)
            self.assertEqual(connection.write(lines, chunk_sizes=[65536] * 100).status, 204)
            server.wait_readable()
            self.assertEqual(server.exec("SELECT count(), min(n), max(n) FROM t")["dataset"], [[200_000, 0, 99_999]])

    def test_settings_and_ping(self):
        with small_server() as server:
            status, headers, body = server.request("GET", "/settings")
            self.assertEqual((status, headers["Content-Type"]), (200, JSON))
            self.assertRegex(body.decode(), r'"accepting.writes":\["http", "tcp".*"line.proto.support.versions":\[1[,23]*\]')
            status, headers, _ = server.request("GET", "/ping")
            self.assertEqual((status, headers["X-Influxdb-Version"]), (204, "v2.7.4"))


def v3_line(original, number, message):
    return {"original_line": original, "line_number": number, "error_message": message}


class InfluxThree(unittest.TestCase):
    """POST /api/v3/write_lp."""

    BAD_NUMBER = "Could not parse entire line, field value is invalid. Field: f; value: "

    def write(self, connection, body, parameters="", **how):
        answer = connection.write(body, target="/api/v3/write_lp?db=any" + parameters, **how)
        if answer.status != 204:
            self.assertEqual(answer.headers["Content-Type"], "application/json")
        return answer

    def rows_of(self, server, table):
        server.wait_readable()
        return sorted(server.exec(f"SELECT f FROM {table}")["dataset"])

    def test_good_lines_are_kept_and_bad_ones_told(self):
        lines = b"t f=1 1000\nt f=x 2000\n\n\nt f=2 3000\nt f=\"s\" 4000\nz"
        cast = "table: t, column: f; cast error from protocol type: STRING to column type: DOUBLE"
        bad = [v3_line("t f=x 2000", 2, self.BAD_NUMBER + "x"), v3_line("t f=\"s\" 4000", 4, cast),
               v3_line("z", 5, "No fields were provided")]
        with small_server() as server, HttpConnection(server) as connection:
            for parameters in ("", "&accept_partial=true&no_sync=true&precision=nanosecond"):
                for how in ({}, {"chunk_sizes": [1] * len(lines)}):
                    answer = self.write(connection, lines, parameters, **how)
                    self.assertEqual((answer.status, answer.json()),
                                     (400, {"error": "partial write of line protocol occurred", "data": bad}))
            self.assertEqual(self.rows_of(server, "t"), [[1.0]] * 4 + [[2.0]] * 4)

    def test_all_or_none_when_the_client_wants_that(self):
        with small_server() as server, HttpConnection(server) as connection:
            answer = self.write(connection, b"t f=1 1000\nt f=x 2000\nt f=y\n", "&accept_partial=false")
            self.assertEqual((answer.status, answer.json()),
                             (400, {"error": "parsing failed for write_lp endpoint",
                                    "data": v3_line("t f=x 2000", 2, self.BAD_NUMBER + "x")}))
            self.assertEqual(self.write(connection, b"t f=5 1000\n", "&accept_partial=false").status, 204)
            self.assertEqual(self.rows_of(server, "t"), [[5.0]])

    def test_the_list_of_bad_lines_is_bounded(self):
        lines = b"".join(b"t f=%d %d000\nt f=%s %d000\n" % (n, n, b"x" * 5000, n) for n in range(1000))
        with small_server() as server, HttpConnection(server) as connection:
            answer = self.write(connection, lines)
            data = answer.json()["data"]
            self.assertEqual([line["line_number"] for line in data], list(range(2, 202, 2)))
            self.assertLess(len(answer.body), 100_000)
            self.assertEqual(self.rows_of(server, "t"), [[float(n)] for n in range(1000)])

    def test_timestamps_say_in_which_unit_they_are(self):
        instants = (b"1638202821", b"1638202821000", b"1638202821000000", b"1638202821000000000")
        with small_server() as server, HttpConnection(server) as connection:
            self.assertEqual(self.write(connection, b"".join(b"t f=1 %s\n" % instant for instant in instants)).status, 204)
            for precision, instant in zip(("second", "millisecond", "microsecond", "nanosecond"), instants):
                answer = self.write(connection, b"t f=1 %s\n" % instant, f"&precision={precision}")
                self.assertEqual(answer.status, 204)
            server.wait_readable()
            self.assertEqual(server.exec("SELECT timestamp, count() FROM t GROUP BY timestamp")["dataset"], [[WHEN, 8]])

    def test_requests_without_a_line_to_blame(self):
        with small_server() as server, HttpConnection(server) as connection:
            for parameters, text in (("&precision=minute", "precision"), ("&accept_partial=perhaps", "accept_partial"),
                                     ("&a=%zz", "encoded")):
                answer = self.write(connection, b"t f=1\n", parameters)
                self.assertEqual((answer.status, list(answer.json())), (400, ["error"]))
                self.assertIn(text, answer.json()["error"])
            self.assertEqual(self.write(connection, b"t f=1\n", headers=encoded("br")).status, 415)
            self.assertEqual(self.write(connection, b"").status, 204)
            self.assertEqual(read_tables(server), {})


class Stop(unittest.TestCase):
    LARGE = "SELECT hex(zeroblob(500000)) FROM long_sequence(20)"  # more than sockets hold

    def test_requests_that_have_begun_are_answered_and_new_ones_refused(self):
        last = request_bytes(b"t f=2 2000\n")
        with Server("--shards", 1, "--memory", "64M", config=CONFIG) as server, HttpConnection(server) as begun, \
                HttpConnection(server) as reader, HttpConnection(server) as idle:
            for connection in (begun, idle):
                self.assertEqual(connection.write(b"t f=1 1000\n").status, 204)
            begun.send(last[:-5])
            reader.send(request_bytes(method="GET", target="/exec?query=" + urllib.parse.quote(self.LARGE),
                                      headers={"Content-Length": None}))
            self.assertEqual(reader.socket.recv(12, socket.MSG_WAITALL), b"HTTP/1.1 200")  # the head has promised to go on
            self.assertEqual(server.request("GET", "/ping")[0], 204)
            server.process.terminate()
            wait_until(lambda: not self.is_listening(server), "the end of listening")
            reader.send(request_bytes(b"t f=3 3000\n"))
            begun.send(last[-5:])
            answer = begun.answer()
            self.assertEqual((answer.status, answer.headers["Connection"]), (204, "close"))
            rest = b""
            while piece := reader.socket.recv(1 << 20):
                rest += piece
            self.assertGreater(rest.count(b"00"), 10_000_000 // 4)
            head, _, body = rest[rest.index(b"HTTP/1.1 503"):].partition(b"\r\n\r\n")
            self.assertIn(b"\r\nConnection: close", head)
            self.assertIn(b"\r\nRetry-After: 1", head)
            self.assertEqual(json.loads(body.split(b"\r\n")[1])["code"], "internal error")
            self.assertEqual(idle.socket.recv(1), b"")
            self.assertEqual(server.stop(), 0)
            server.start()
            self.assertEqual(sorted(server.exec("SELECT f FROM t")["dataset"]), [[1.0], [1.0], [2.0]])

    @staticmethod
    def is_listening(server):
        try:
            socket.create_connection(server.http, SECONDS_MAX).close()
        except ConnectionRefusedError:
            return False
        return True


class Transactions(unittest.TestCase):
    """Many senders at once, into the same tables, with new columns and symbols all the time."""

    SENDERS = 6
    REQUESTS = 12
    TABLES = 4

    def body_of(self, prng, request, is_bad):
        lines = []
        for _ in range(prng.choice((1, 3, 30, 300))):
            symbol = f",s=S{prng.randrange(2000)}" if prng.random() < 0.7 else ""
            column = f",c{prng.randrange(40)}={prng.random()}" if prng.random() < 0.2 else ""
            text = f',x="{"y" * prng.randrange(2000)}"' if prng.random() < 0.1 else ""
            time = f" {10**18 + prng.randrange(10**6) * 1000}" if prng.random() < 0.9 else ""
            lines.append(f"t{prng.randrange(self.TABLES)}{symbol} request={request}i{column}{text}{time}\n")
        rows = len(lines)
        if is_bad:
            bad_line = prng.choice(("t1 request=x\n", "t2 request=\"s\" 1\n", "t3,a=b c?=1i\n", "z\n"))
            lines.insert(prng.randrange(rows + 1), bad_line)
        return "".join(lines).encode(), rows

    def send(self, server, sender, expected):
        """Requests of which a quarter has a bad line, and a tenth ends with the connection."""
        prng = random.Random(sender)
        connection = HttpConnection(server)
        for request in range(sender * 1000, sender * 1000 + self.REQUESTS):
            is_bad = prng.random() < 0.25
            body, rows = self.body_of(prng, request, is_bad)
            headers = {}
            if prng.random() < 0.3:
                body, headers = gzip.compress(body, 1), encoded("gzip")
            sizes = [prng.randrange(1, prng.choice((5, 100, 70000))) for _ in range(prng.randrange(100))]
            data = request_bytes(body, headers=headers, chunk_sizes=sizes if prng.random() < 0.5 else None)
            if prng.random() < 0.1:
                connection.send(data[:prng.randrange(1, len(data))])
                connection.socket.close()
                connection = HttpConnection(server)
            else:
                connection.send(data)
                expected[request] = (400, 0) if is_bad else (204, rows), connection.answer().status
        connection.socket.close()

    def test_each_request_is_stored_as_a_whole_or_not_at_all(self):
        with Server("--shards", 2, "--memory", "64M", config=CONFIG) as server:
            expected = {}  # request -> (status, rows), status that was answered
            with HttpConnection(server) as connection:  # so that `request` is an integer everywhere
                lines = "".join(f"t{name} request=-1i 1000\n" for name in range(self.TABLES))
                expected[-1] = (204, self.TABLES), connection.write(lines.encode()).status
            with concurrent.futures.ThreadPoolExecutor(self.SENDERS) as pool:
                for sending in [pool.submit(self.send, server, sender, expected) for sender in range(self.SENDERS)]:
                    sending.result()
            self.assertEqual({request: found for request, (_, found) in expected.items()},
                             {request: wanted[0] for request, (wanted, _) in expected.items()})
            server.wait_readable()
            stored = collections.Counter()
            for name in range(self.TABLES):
                for row in server.exec(f"SELECT request, count() FROM t{name} GROUP BY request")["dataset"]:
                    stored[row[0]] += row[1]
            self.assertEqual(stored, {request: wanted[1] for request, (wanted, _) in expected.items() if wanted[1]})


if __name__ == "__main__":
    closing_line.main()
