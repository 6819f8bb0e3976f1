#!/usr/bin/env python3
"""The conformance vectors in tests/net/vectors with the real program, each on every transport that it names: TCP, HTTP and UDP.
Each leaves the tables that it names, and nothing else; its sender sees what it should see.

Vectors of the same settings share a server: first those that are refused, of which no row may be left, then the others, which
drop their tables when they are through. Some are sent over TCP once more in
pieces of 1 to 3 bytes, and over HTTP in chunks; all are with MILLRACE_TEST_LONG=1."""
# Builds: release
import base64
import json
import os
import re
import shutil
import socket
import unittest
from datetime import datetime, timezone
from pathlib import Path

import closing_line
from auth_test import PRIVATE_KEY, Sender, sign
from http_write import HttpConnection, request_bytes
from server import Connection, Server, SqlError, temporary_directory, wait_until
from stored_tables import differences, read_tables

DIRECTORY = Path(__file__).resolve().parent.parent / "net/vectors"
FILES = ("ilp_text.jsonl", "ilp_types.jsonl", "ilp_transports.jsonl")
LONG = os.environ.get("MILLRACE_TEST_LONG")
SAMPLE_STEP = 1 if LONG else 12  # every so many-th vector of text is sent in pieces, too

# Small segments are soon filled with zeros, and a server soon started.
CONFIG = {"line.tcp.disconnect.on.error": "true", "wal.segment.size": "2M", "line.tcp.max.recv.buffer.size": "64K"}
SENTINEL = "sentinel"  # datagrams are taken in order: its row says that all before it were

PREFIX = "failed to parse line protocol:errors encountered on line(s):\nerror in line "


def load_vectors():
    return [json.loads(line) for name in FILES for line in (DIRECTORY / name).read_text().splitlines()]


def large_vectors():
    """Of lines about as long as a line may be, which no file needs to hold."""
    row = {"columns": [["f", "DOUBLE"], ["timestamp", "TIMESTAMP"]], "designated": "timestamp"}
    instant = "1970-01-01T00:00:00.{:06}Z".format
    long_line = b't x="' + b"y" * 100_000 + b'" 2000\n'
    many = b"".join(b"t f=%d %d000\n" % (number, number) for number in range(10_000))
    limit = {"line.http.max.recv.buffer.size": 65536}
    yield {"id": "large-tcp", "topic": "tcp/line-too-long", "transport": "tcp", "input_b64": base64.b64encode(
        b"t f=1 1000\n" + long_line), "expect": {"tables": {"t": row | {"rows": [[1.0, instant(1)]]}}, "disconnect": True}}
    yield {"id": "large-http", "topic": "http/line-too-long", "transport": "http", "config": limit,
           "input_b64": base64.b64encode(b"t f=1 1000\n" + long_line),
           "expect": {"error": {"http_status": 413, "http_code": "request too large"}, "tables": {}}}
    yield {"id": "many-http", "topic": "http/many-short-lines", "transport": "http", "config": limit,
           "input_b64": base64.b64encode(many), "expect": {"http_status": 204, "tables": {
               "t": row | {"rows": [[float(number), instant(number)] for number in range(10_000)]}}}}


def body_of(vector):
    return base64.b64decode(vector["input_b64"])


def transports(vector):
    """Lines that end a connection over TCP are an error over HTTP, but for those that say how a stream ends."""
    return [vector["transport"]] if "transport" in vector else ["tcp", "http"]


def groups_of(vectors):
    """(config, [(vector, transport), ...]): one server each. A UDP receiver of one shard takes datagrams in order."""
    groups = {}
    for vector in vectors:
        for transport in transports(vector):
            key = json.dumps(vector.get("config", {}), sort_keys=True), transport == "udp"
            groups.setdefault(key, []).append((vector, transport))
    for (config, is_udp), cases in groups.items():
        yield json.loads(config), 1 if is_udp else 2, cases


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def create_statement(name, table):
    columns = ", ".join(f"{quoted(column)} {kind}" for column, kind in table["columns"])
    wal = "WAL" if table.get("wal", True) else "BYPASS WAL"
    return (f"CREATE TABLE {quoted(name)} ({columns}) TIMESTAMP({quoted(table['designated'])}) "
            f"PARTITION BY {table.get('partition_by', 'DAY')} {wal}")


def leaves_tables(vector):
    return vector["expect"]["tables"] or "setup" in vector


def ends_connection(vector):
    return vector["expect"].get("disconnect", "error" in vector["expect"])


class Vectors(unittest.TestCase):
    maxDiff = 2000

    def send_tcp(self, server, vector, piece_size_max=None):
        spec = vector.get("tcp", {})
        bodies = [body_of(vector)]
        if "second_connection_b64" in spec:
            bodies.append(base64.b64decode(spec["second_connection_b64"]))
        for body in bodies:
            with self.log_in(server, spec["auth"]) if "auth" in spec else server.connect() as connection:
                for piece in self.pieces(body, spec):
                    connection.send(piece, piece_size_max)
                if ends_connection(vector):
                    connection.wait_closed()
                else:
                    connection.end()

                if leaves_tables(vector):
                    self.wait_settled(server, f"peer = '{connection.peer}'")

    @staticmethod
    def wait_settled(server, condition):
        query = f"SELECT count(), sum(rows_pending) FROM connections() WHERE {condition}"

        def settled():
            count, pending = server.exec(query)["dataset"][0]
            return count and pending == 0
        wait_until(settled, "settled rows")

    @staticmethod
    def pieces(body, spec):
        cuts = [0, *spec.get("split_at", []), len(body)]
        return [body[start:end] for start, end in zip(cuts, cuts[1:])]

    def log_in(self, server, auth):
        sender = Sender(server, auth["key_id"].encode())
        self.assertRegex(sender.challenge, rb"^[ -~]{512}\n$")
        signature = sign(self.key, sender.challenge[:-1]) if auth["signature"] == "der" else b"not a signature"
        sender.socket.sendall(base64.b64encode(signature) + b"\n")
        return Connection(server, sender.socket)

    def send_http(self, server, vector, chunk_sizes=None):
        spec = vector.get("http", {})
        connection = HttpConnection(server)
        for before in spec.get("before", []):
            answer = connection.write(base64.b64decode(before["body_b64"]), target=before["path"])
            self.assertEqual(answer.status, before["expect_status"])
        body = base64.b64decode(spec["body_b64"]) if "body_b64" in spec else body_of(vector)
        headers = dict(spec.get("headers", {}))
        method = spec.get("method", "POST")
        if method == "GET" and not body:
            headers.setdefault("Content-Length", None)
        if headers.pop("Transfer-Encoding", None) or chunk_sizes:
            chunk_sizes = chunk_sizes or spec.get("chunk_sizes", [])
        target = spec.get("path", "/write") + ("?" + spec["query"] if "query" in spec else "")
        with connection:
            connection.send(request_bytes(body, method, target, headers, chunk_sizes))
            self.check_answer(vector["expect"], connection.answer(method))

    def check_answer(self, expect, answer):
        error = expect.get("error", {})
        status = expect.get("http_status", 400 if error else 204)
        self.assertEqual(answer.status, error.get("http_status", status), answer)
        for name, value in (expect.get("headers", {}) | error.get("headers", {})).items():
            self.assertEqual(answer.headers[name.replace("_", "-")], value)
        if "json_contains" in expect:
            self.check_contains(expect["json_contains"], answer.json())
        if not error:
            return
        message = answer.body.decode()
        if message.startswith("{"):
            found = answer.json()
            message = found["message"]
            self.assertEqual(found["code"], error.get("http_code", "invalid"))
            self.assertEqual(found.get("line"), error.get("line", found.get("line")))
            self.assertEqual(list(found), error.get("json_keys_in_order", list(found)))
            self.assertTrue(re.search(error.get("errorId_regex", ""), found["errorId"]))
            self.assertEqual(message.startswith(f"{PREFIX}{found.get('line')}: "), "line" in found)
        for fragment in error.get("message_contains", []):
            self.assertIn(fragment, message)

    def check_contains(self, expected, found):
        if not isinstance(expected, dict):
            return self.assertEqual(found, expected)
        for name, value in expected.items():
            self.check_contains(value, found[name])

    def send_udp(self, server, vector):
        self.sentinels += 1
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(body_of(vector), server.udp)
            if "udp" in vector:
                sender.sendto(base64.b64decode(vector["udp"]["second_datagram_b64"]), server.udp)
            sender.sendto(f"{SENTINEL} f=1 {self.sentinels}000\n".encode(), server.udp)

        def has_sentinel():
            try:
                return server.exec(f"SELECT count() FROM {SENTINEL}")["dataset"] == [[self.sentinels]]
            except SqlError:
                return False  # it is not there yet
        wait_until(has_sentinel, "the last datagram")
        self.wait_settled(server, "transport = 'udp'")

    def check_case(self, server, vector, transport, **how):
        with self.subTest(f"{vector['id']} {vector['topic']}", transport=transport, **how):
            since = datetime.now(timezone.utc)
            for name, table in vector.get("setup", {}).items():
                server.exec(create_statement(name, table))
            getattr(self, "send_" + transport)(server, vector, **how)
            if leaves_tables(vector):
                self.check_tables(server, vector["expect"]["tables"], since)

    def check_tables(self, server, expected, since):
        """And drops them."""
        found = {name: table for name, table in read_tables(server).items() if name != SENTINEL}
        for name in found:
            server.exec(f"DROP TABLE {quoted(name)}")
        self.assertEqual(list(differences(expected, found, since)), [])

    def start(self, config, shards):
        """A server with the settings of a vector, which may hold what belongs into a file."""
        self.sentinels = 0
        texts = {name: str(value).lower() if isinstance(value, bool) else value for name, value in config.items()}
        users = texts.pop("line.tcp.auth.db", None)
        if users:
            directory = temporary_directory()
            self.addCleanup(shutil.rmtree, directory)
            self.key = directory / "key.der"
            self.key.write_bytes(PRIVATE_KEY)
            (directory / "users").write_text(users + "\n")
            texts["line.tcp.auth.db.path"] = directory / "users"
        server = Server("--shards", shards, "--memory", "64M", config=CONFIG | texts)
        if "http.user" in texts:
            credentials = f"{texts['http.user']}:{texts['http.password']}".encode()
            server.headers = {"Authorization": "Basic " + base64.b64encode(credentials).decode()}
        return server

    def test_every_vector_on_every_transport(self):
        vectors = load_vectors() + list(large_vectors())
        self.assertEqual(len(vectors), 464 + 69 + 3)
        for config, shards, cases in groups_of(vectors):
            with self.start(config, shards) as server:
                since = datetime.now(timezone.utc)
                for vector, transport in sorted(cases, key=lambda case: bool(leaves_tables(case[0]))):
                    if since and leaves_tables(vector):
                        self.check_tables(server, {}, since)
                        since = None
                    self.check_case(server, vector, transport)
                if since:
                    self.check_tables(server, {}, since)

    def test_in_pieces(self):
        vectors = [vector for vector in load_vectors() if leaves_tables(vector) and not {"config", "tcp", "http"} & set(vector)]
        with self.start({}, 1) as server:
            for number, vector in enumerate(vectors[::SAMPLE_STEP]):
                for transport in transports(vector):
                    how = {"tcp": {"piece_size_max": 3}, "http": {"chunk_sizes": [number % 3 + 1] * len(body_of(vector))}}
                    if transport in how:
                        self.check_case(server, vector, transport, **how[transport])


if __name__ == "__main__":
    closing_line.main()
