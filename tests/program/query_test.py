#!/usr/bin/env python3
"""Queries over HTTP that are heavy, endless or asked for by clients that do not read: each is bounded, and none keeps the
others waiting."""
# Builds: release asan tsan
import http.client
import json
import socket
import time
import unittest
import urllib.parse

import closing_line
from server import Server, SqlError, wait_until

ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) FROM c"
LONG = "SELECT x, 'abcdefghijklmnopqrstuvwxyz' FROM long_sequence(1000000000)"
SECONDS_SOON = 10.0  # what takes a moment; the limits of a query, and of a client that does not read, are far above


class Queries(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("--shards", 1)
        cls.addClassCleanup(cls.server.__exit__)
        cls.server.start()
        with cls.server.connect() as connection:
            connection.send(b"".join(b"t v=%di %d\n" % (i * 10, 1_000_000 + i) for i in range(100)))
            connection.wait_durable(100)

    def exec(self, target):
        status, _, body = self.server.request("GET", "/exec?" + target)
        return status, body

    def check_count_comes_soon(self):
        started = time.monotonic()
        self.assertEqual(self.server.exec("SELECT count(*) FROM t")["dataset"], [[100]])
        self.assertLess(time.monotonic() - started, SECONDS_SOON)

    def test_a_heavy_query_delays_no_small_one(self):
        with self.server.ask(ENDLESS):
            for _ in range(5):
                self.check_count_comes_soon()

    def test_clients_that_do_not_read_delay_no_query(self):
        askers = [self.server.ask(LONG) for _ in range(10)]
        try:
            with self.server.ask(ENDLESS):
                for _ in range(5):
                    self.check_count_comes_soon()
        finally:
            for asker in askers:
                asker.close()
        self.check_count_comes_soon()

    def test_a_row_of_any_size_is_sent_in_parts_or_refused(self):
        columns = ", ".join(["zeroblob(1000000)"] * 60)
        status, body = self.exec("query=" + urllib.parse.quote(f"SELECT {columns}"))
        self.assertEqual(status, 200)
        self.assertEqual(len(json.loads(body)["dataset"][0][59]), 1_000_000)
        status, body = self.exec("query=" + urllib.parse.quote(f"SELECT {columns}, {columns}"))
        self.assertEqual(status, 500)
        self.assertIn("a row of an answer has at most", json.loads(body)["error"])
        big = ", ".join(["zeroblob(60000000)"] * 3)
        status, body = self.exec("query=" + urllib.parse.quote(f"SELECT {big}"))
        self.assertEqual(status, 500)
        self.check_count_comes_soon()

    def test_limit_chooses_rows_as_questdb_does(self):
        query = "query=" + urllib.parse.quote("SELECT v FROM t")
        for limit, rows, count in (("3", [0, 10, 20], 3), ("2,4", [10, 20, 30], 4), ("0,2", [0, 10], 2),
                                   ("99,", [980, 990], 100), ("99,1000", [980, 990], 100),
                                   ("101,200", [], 0), ("0", [], 0), ("-2", [], 0)):
            with self.subTest(limit):
                status, body = self.exec(f"{query}&limit={limit}")
                answer = json.loads(body)
                self.assertEqual((status, answer["dataset"], answer["count"]), (200, [[row] for row in rows], count))

    def test_parameters_that_are_not_served_are_refused(self):
        query = "query=SELECT%201"
        for parameters, culprit in (("limit=x", b"limit"), ("limit=1&limit=2", b"limit"),
                                    ("query=SELECT%202", b"query"), ("nm=true", b"nm"),
                                    ("count=true", b"count"), ("cols=a", b"cols"), ("limit=%zz", b"encoded")):
            with self.subTest(parameters):
                status, body = self.exec(f"{query}&{parameters}")
                self.assertEqual((status, body.count(b"\n")), (400, 1))
                self.assertIn(culprit, body)
        self.assertEqual(self.exec(f"{query}&nm=false&unheard=of")[0], 200)

    def test_the_oldest_idle_connection_makes_room_for_a_new_one(self):
        idle = []
        try:
            for _ in range(300):
                connection = socket.create_connection(self.server.http, SECONDS_SOON)
                idle.append(connection)
                connection.sendall(b"GET /ping HTTP/1.1\r\n\r\n")
                self.assertIn(b"204", connection.recv(1000))
            self.assertEqual(self.server.request("GET", "/ping")[0], 204)
            self.assertEqual(idle[0].recv(1), b"")
            idle[-1].sendall(b"GET /ping HTTP/1.1\r\n\r\n")
            self.assertIn(b"204", idle[-1].recv(1000))
        finally:
            for connection in idle:
                connection.close()


class Exports(unittest.TestCase):
    """GET /exp."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server("--shards", 1)
        cls.addClassCleanup(cls.server.__exit__)
        cls.server.start()
        with cls.server.connect() as connection:
            connection.send(b't,s=a"b f=1.5,x="say hi",n=7i 1000\nt f=1e9 2000\nt f=1e-7,x="" 3000\n')
            connection.wait_durable(3)

    ROWS = [b'"a""b",1.5,"say hi",7,"1970-01-01T00:00:00.000001Z"', b',1.0E9,,,"1970-01-01T00:00:00.000002Z"',
            b',1.0E-7,"",,"1970-01-01T00:00:00.000003Z"']
    NAMES = b'"s","f","x","n","timestamp"'

    def check(self, parameters, lines):
        status, headers, body = self.server.request("GET", "/exp?query=t" + parameters)
        self.assertEqual((status, headers["Content-Type"], headers["Transfer-Encoding"]),
                         (200, "text/csv; charset=utf-8", "chunked"))
        self.assertEqual(body, b"".join(line + b"\r\n" for line in lines))
        return headers

    def test_rows_are_csv(self):
        headers = self.check("", [self.NAMES, *self.ROWS])
        self.assertRegex(headers["Content-Disposition"], r'^attachment; filename="millrace-query-\d+\.csv"$')
        self.assertEqual(headers["Keep-Alive"], "timeout=5, max=10000")
        self.check("&nm=TRUE&unheard=of&count=true&timeout=5", self.ROWS)
        headers = self.check("&filename=a%22%0d%0ab&limit=0", [self.NAMES])
        self.assertEqual(headers["Content-Disposition"], 'attachment; filename="a___b.csv"')
        self.check("&delimiter=%3b&nm=true", [line.replace(b",", b";") for line in self.ROWS])

    def test_limit_counts_off_from_0(self):
        for limit, rows in (("1", self.ROWS[:1]), ("1,3", self.ROWS[1:]), ("2,", self.ROWS[2:]), ("-1", []), ("x", self.ROWS)):
            with self.subTest(limit):
                self.check(f"&nm=true&limit={limit}", rows)

    def test_errors_are_json(self):
        for parameters, error, position in (("", "No query text", 0), ("query=", "No query text", 0),
                                            ("query=drop+table+t", "/exp endpoint only accepts SELECT", 0),
                                            ("query=t+where+x+from", "near", 10),
                                            ("query=select+*+from+nosuch", "table does not exist [table=nosuch]", 14),
                                            ("query=t&fmt=xml", "unrecognised format [format=xml]", 0),
                                            ("query=t&fmt=parquet", "Parquet", 0), ("query=t&delimiter=ab", "delimiter", 0),
                                            ("query=t&timeout=x", "timeout", 0)):
            with self.subTest(parameters):
                status, headers, body = self.server.request("GET", "/exp?" + parameters)
                answer = json.loads(body)
                self.assertEqual((status, headers["Content-Type"]), (400, "application/json; charset=utf-8"))
                self.assertIsNone(headers["Content-Disposition"])
                self.assertIn(error, answer["error"])
                self.assertEqual(list(answer), ["query", "error", "position"])
        self.assertEqual(self.server.request("HEAD", "/exp?query=t")[0], 405)

    def test_a_long_export_is_streamed_and_breaks_off_when_its_time_is_over(self):
        query = urllib.parse.quote("SELECT x, 'abcdefghijklmnopqrstuvwxyz' t FROM long_sequence(100000)")
        _, _, body = self.server.request("GET", f"/exp?query={query}")
        self.assertEqual(body.count(b"\r\n"), 100_001)
        self.assertTrue(body.endswith(b'\n100000,"abcdefghijklmnopqrstuvwxyz"\r\n'))
        endless = urllib.parse.quote("SELECT x, 'abcdefghijklmnopqrstuvwxyz' t FROM long_sequence(1000000000)")
        with self.assertRaises(http.client.IncompleteRead):
            self.server.request("GET", f"/exp?query={endless}&timeout=1")


class Statements(unittest.TestCase):
    def test_bypass_wal_is_ignored_and_said(self):
        with Server("--shards", 1) as server:
            columns = "(v LONG, ts TIMESTAMP) TIMESTAMP(ts) PARTITION BY DAY"
            self.assertEqual(server.exec(f"CREATE TABLE logged {columns} WAL"), {"ddl": "OK"})
            answer = server.exec(f"CREATE TABLE unlogged {columns} BYPASS WAL")
            self.assertEqual(list(answer), ["ddl", "notice"])
            self.assertIn("BYPASS WAL is ignored", answer["notice"])
            self.assertEqual(server.records("SELECT walEnabled FROM tables()"), [{"walEnabled": True}] * 2)
            wait_until(lambda: server.log().count("BYPASS WAL is ignored") == 1, server.log)
            with self.assertRaises(SqlError):
                server.exec(f"CREATE TABLE unlogged {columns} BYPASS WAL")


class Stop(unittest.TestCase):
    def test_sigterm_waits_for_no_query(self):
        """Each of these held a stop for minutes: work inside one function of SQL, and a client that reads nothing."""
        queries = [ENDLESS, LONG,
                   "SELECT sum(instr(zeroblob(1000000), zeroblob(500000 + x % 10) || x'01')) FROM long_sequence(100000000)",
                   "SELECT max(replace(hex(zeroblob(240000)), '00', 'ab') LIKE "
                   "'%' || replace(hex(zeroblob(20000)), '00', 'ab') || x) FROM long_sequence(100000000)",
                   "SELECT max(length(hex(zeroblob(500000 + x % 10)))) FROM long_sequence(100000000)"]
        for query in queries:
            with self.subTest(query), Server("--shards", 1) as server, server.ask(query):
                wait_until(lambda: server.request("GET", "/ping")[0] == 204, "the query is there")
                started = time.monotonic()
                self.assertEqual(server.stop(), 0)
                self.assertLess(time.monotonic() - started, SECONDS_SOON)


if __name__ == "__main__":
    closing_line.main()
