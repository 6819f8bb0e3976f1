#!/usr/bin/env python3
"""Clients of other protocols at the port of the line protocol: told, turned away at once, and nothing of theirs stored."""
# Builds: release asan tsan
import http.client
import re
import socket
import ssl
import unittest

import closing_line
from server import SECONDS_MAX, Server, wait_until

HTTP_POST = (b"POST /write?precision=n HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: python-requests/2.34\r\n"
             b"Content-Type: text/plain\r\nContent-Length: 34\r\n\r\nlost,a=b v=1i 1700000000000000000\n")
GREETINGS = {
    "HTTP": HTTP_POST,
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "the PROXY protocol": b"PROXY TCP4 192.168.0.1 192.168.0.11 56324 9009\r\nlost f=1\n",
    "PostgreSQL": b"\x00\x00\x00\x08\x04\xd2\x16\x2f",
    "Redis": b"*1\r\n$4\r\nPING\r\nlost f=1\n",
}


class OtherProtocols(unittest.TestCase):
    def setUp(self):
        self.server = Server("--shards", 1, config={"line.tcp.disconnect.on.error": "false"})
        self.addCleanup(self.server.__exit__)
        self.server.start()

    def logged(self, protocol):
        return re.findall(rf"FOREIGN_PROTOCOL {re.escape(protocol)} came to the port of the line protocol", self.server.log())

    def test_each_is_told_and_closed_at_once_and_stores_nothing(self):
        for protocol, greeting in GREETINGS.items():
            for piece_size_max in (None, 3):
                with self.subTest(protocol, pieces=piece_size_max), self.server.connect() as connection:
                    connection.send(greeting, piece_size_max)
                    connection.wait_closed()
                    figures = connection.wait_settled(1)
                    self.assertEqual((figures["rows_durable"], figures["rows_rejected"]), (0, 1))
        for protocol in GREETINGS:
            wait_until(lambda p=protocol: len(self.logged(p)) == 2, self.server.log)
        self.assertIn("http.net.bind.to", self.server.log())
        self.assertEqual(self.server.exec("SELECT count(*) FROM tables()")["dataset"], [[0]])

    def test_real_clients_learn_it_at_once(self):
        connection = http.client.HTTPConnection(*self.server.tcp, timeout=SECONDS_MAX)
        with self.assertRaises((http.client.HTTPException, ConnectionError)):
            connection.request("POST", "/write", b"lost f=1\n")
            connection.getresponse()
        with socket.create_connection(self.server.tcp, SECONDS_MAX) as plain, self.assertRaises(OSError):
            ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")
        self.assertEqual(self.server.exec("SELECT count(*) FROM tables()")["dataset"], [[0]])


class Limits(unittest.TestCase):
    """A line beyond a limit is refused with its size, the limit, and the key that sets it."""

    def test_a_line_that_is_too_large(self):
        config = {"line.tcp.max.recv.buffer.size": "64K"}
        with Server("--shards", 1, config=config) as server, server.connect() as connection:
            connection.send(b'over v=1i 1000\nover t="' + b"y" * 100_000 + b'" 2000\nover v=3i 3000\n')
            figures = connection.wait_settled(3)
            self.assertEqual((figures["rows_durable"], figures["rows_rejected"]), (2, 1))
            line = "LINE_TOO_LARGE a line of 100014 bytes or more, at most 65536 are taken: line.tcp.max.recv.buffer.size"
            wait_until(lambda: line in server.log(), server.log)

    def test_a_symbol_that_is_too_long(self):
        size_max = 16 << 20
        with Server("--shards", 1, config={"line.tcp.max.recv.buffer.size": "40M"}) as server, server.connect() as connection:
            for size in (size_max, size_max + 1):
                connection.send(b"t,s=" + b"y" * size + b" v=1i %d\n" % size)
            figures = connection.wait_settled(2)
            self.assertEqual((figures["rows_durable"], figures["rows_rejected"]), (1, 1))
            reason = "column s: a symbol of 16777217 bytes, at most 16777216 are taken, a limit that no setting changes"
            wait_until(lambda: reason in server.log(), server.log)

    def test_texts_of_queries_are_tags(self):
        with Server("--shards", 1) as server:
            with server.connect() as connection:
                for size in (70_000, 1_000_000):
                    connection.send(b"stat,query=" + b"S" * size + b" calls=7i %d\n" % size)
                    connection.send(b"stat,query=" + b"S" * size + b" calls=8i %d\n" % (size + 1))
                connection.send(b"stat,query=short calls=9i 1\n")
                connection.wait_durable(5)
            query = "SELECT length(query), calls FROM stat ORDER BY timestamp"
            expected = [[5, 9], [70_000, 7], [70_000, 8], [1_000_000, 7], [1_000_000, 8]]
            server.wait_readable()
            self.assertEqual(server.exec(query)["dataset"], expected)
            self.assertEqual(server.exec("SELECT count(DISTINCT query) FROM stat")["dataset"], [[3]])
            server.kill()
            server.start()
            self.assertEqual(server.exec(query)["dataset"], expected)


if __name__ == "__main__":
    closing_line.main()
