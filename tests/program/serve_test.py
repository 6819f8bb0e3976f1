#!/usr/bin/env python3
"""What scripts may rely on of `millrace serve`: refusals before anything is touched, the ready file, SIGTERM and kill -9, the
configuration keys, HTTP, and what becomes of bad lines."""
# Builds: release asan tsan
import os
import pty
import re
import shutil
import socket
import subprocess
import threading
import time
import unittest
from pathlib import Path

import closing_line
from server import PROGRAM, SECONDS_MAX, Server, SqlError, temporary_directory, wait_until

NOWHERE = ["--tcp", "off", "--udp", "off", "--http", "off"]

# Soon filled with zeros; when the few that are made ahead are there, nothing is left that would wake a shard by chance.
SMALL_SEGMENTS = {"wal.segment.size": "2M", "line.tcp.max.recv.buffer.size": "64K"}


def listing(directory):
    """Every path below with its size and time of change."""
    found = {}
    for path in directory.rglob("*"):
        status = path.lstat()
        found[str(path.relative_to(directory))] = (status.st_size, status.st_mtime_ns)
    return found


class Addresses(unittest.TestCase):
    """Every listener and every client of the program takes IPv4, IPv6 in brackets, and names."""

    def check_all_transports(self, host, family, printed):
        with Server("--shards", 1, host=host) as server, server.connect() as connection:
            for name in ("tcp", "udp", "http"):
                self.assertRegex(server.ready[name], rf"^{re.escape(printed)}:\d+$")
            connection.send(b"t v=1i 1000\n")
            connection.wait_durable(1)
            with socket.socket(family, socket.SOCK_DGRAM) as sender:
                sender.sendto(b"t v=2i 2000\n", server.udp)
            wait_until(lambda: server.exec("SELECT sum(rows_durable) FROM connections()")["dataset"] == [[2]], "both rows")
            tcp, http = server.ready["tcp"], server.ready["http"]
            for arguments in (["sql", "--http", http, "SELECT count(*) FROM t"],
                              ["load", "--rows", "1k", "--table", "l", "--tcp", tcp, "--http", http]):
                run = subprocess.run([PROGRAM, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                     timeout=SECONDS_MAX, check=False)
                self.assertEqual(run.returncode, 0, run.stderr)

    def test_ipv6(self):
        try:
            with socket.socket(socket.AF_INET6) as probe:
                probe.bind(("::1", 0))
        except OSError:
            self.skipTest("this machine has no IPv6")
        self.check_all_transports("[::1]", socket.AF_INET6, "[::1]")

    def test_names(self):
        self.check_all_transports("localhost", socket.AF_INET, "127.0.0.1")


class Refusals(unittest.TestCase):
    """Exit code 2, one line on stderr that names the culprit, and nothing touched."""

    def setUp(self):
        self.directory = temporary_directory()
        self.addCleanup(shutil.rmtree, self.directory)
        self.data = self.directory / "data"

    def check_refused(self, arguments, culprit, watched=None, waits=False):
        """`waits`: a line before says that somebody else has it, who may be on his way out."""
        watched = watched or self.directory
        before = listing(watched)
        run = subprocess.run([PROGRAM, *map(str, arguments)], cwd=self.directory, stdin=subprocess.DEVNULL, capture_output=True,
                             text=True, timeout=SECONDS_MAX, check=False)
        self.assertEqual((run.returncode, run.stdout), (2, ""), run.stderr)
        notice = r"millrace serve: [^\n]+: waiting for it, \d s at most\n" if waits else ""
        self.assertRegex(run.stderr, rf"\A{notice}millrace[^\n]*: [^\n]+\n\Z")
        self.assertIn(str(culprit), run.stderr)
        self.assertEqual(listing(watched), before)

    def check_serve_refused(self, arguments, culprit):
        self.check_refused(["serve", "--data", self.data, *NOWHERE, *arguments], culprit)

    def test_a_flag_that_is_not_there(self):
        self.check_serve_refused(["--turbo"], "--turbo")

    def test_a_subcommand_that_is_not_there(self):
        self.check_refused(["serv"], "serv")

    def test_no_subcommand(self):
        self.check_refused([], "subcommand")

    def test_bad_addresses(self):
        for flag in ("--tcp", "--udp", "--http"):
            for text in ("nowhere", "127.0.0.1", "127.0.0.1:", ":9009", "127.0.0.1:65536", "127.0.0.1:x", "256.0.0.1:9009",
                         "::1:9009", "[::1]", "[::x]:1", "no.such.host.invalid:1"):
                with self.subTest(flag=flag, text=text):
                    self.check_refused(["serve", "--data", self.data, flag, text], text)

    def test_bad_numbers(self):
        cases = {"--memory": ("", "0", "1M", "much", "1Q", "-1", "1.5G"), "--shards": ("0", "-1", "two", "257"),
                 "--cpus": ("", "x", "3-1", "0,0", "0-", "0,1000")}
        for flag, texts in cases.items():
            for text in texts:
                with self.subTest(flag=flag, text=text):
                    self.check_serve_refused([f"{flag}={text}"], flag)

    def test_taken_ports(self):
        for flag, kind in (("--tcp", socket.SOCK_STREAM), ("--udp", socket.SOCK_DGRAM), ("--http", socket.SOCK_STREAM)):
            with self.subTest(flag=flag), socket.socket(socket.AF_INET, kind) as other:
                other.bind(("127.0.0.1", 0))
                if kind == socket.SOCK_STREAM:
                    other.listen()
                address = f"127.0.0.1:{other.getsockname()[1]}"
                arguments = NOWHERE.copy()
                arguments[arguments.index(flag) + 1] = address
                self.check_refused(["serve", "--data", self.data, *arguments], f"{address}: another process uses the port",
                                   waits=True)

    def test_a_configuration_file_that_is_not_there(self):
        self.check_serve_refused(["--config", self.directory / "no.conf"], "no.conf")
        self.check_serve_refused(["--config", self.directory], self.directory)

    def test_a_ready_file_that_cannot_be_written(self):
        self.check_serve_refused(["--ready-file", self.directory / "none/ready"], "--ready-file")
        self.check_serve_refused(["--ready-file", self.directory], "--ready-file")

    def test_sizes_that_cannot_work(self):
        for config, culprit in (("line.tcp.max.recv.buffer.size=0", "line.tcp.max.recv.buffer.size: '0', expected 64 or more"),
                                ("wal.segment.size=8M", "wal.segment.size: 8388608 bytes are too few"),
                                ("line.tcp.net.connection.limit=2000000000", "line.tcp.net.connection.limit")):
            with self.subTest(config):
                (self.directory / "bad.conf").write_text(config)
                self.check_serve_refused(["--config", self.directory / "bad.conf"], culprit)

    def test_bad_configuration_lines(self):
        for line, culprit in (("line.tcp.disconnect.on.error=perhaps", "line.tcp.disconnect.on.error"), ("alone", "alone"),
                              ("line.tcp.net.bind.to=here", "line.tcp.net.bind.to")):
            with self.subTest(line):
                (self.directory / "bad.conf").write_text(f"# comment\n{line}\n")
                self.check_serve_refused(["--config", self.directory / "bad.conf"], culprit)
                self.check_serve_refused(["--config", self.directory / "bad.conf"], "bad.conf:2")

    def test_a_directory_that_cannot_be_written(self):
        file = self.directory / "file"
        file.write_text("not a directory")
        for path in (file, file / "data", self.directory / "missing/data"):
            with self.subTest(path=path.name):
                self.check_refused(["serve", "--data", path, *NOWHERE], path)

    def test_a_foreign_directory(self):
        self.data.mkdir()
        (self.data / "photo.jpg").write_bytes(b"something else")
        self.check_serve_refused([], self.data)

    def test_a_data_directory_in_use(self):
        with Server("--shards", 1, config=SMALL_SEGMENTS) as server:
            self.check_refused(["serve", "--data", server.data, *NOWHERE], server.data, watched=server.directory, waits=True)
            self.assertEqual(server.exec("SELECT 1")["dataset"], [[1]])


class Life(unittest.TestCase):
    def test_the_ready_file_has_addresses_and_process(self):
        with Server("--shards", 1) as server:
            self.assertEqual(list(server.ready), ["tcp", "udp", "http", "pid"])
            self.assertEqual(server.ready["pid"], server.process.pid)
            for name in ("tcp", "udp", "http"):
                self.assertRegex(server.ready[name], r"^127\.0\.0\.1:[1-9]\d*$")
                self.assertIn(server.ready[name], server.output())

    def test_what_the_configuration_switches_off_is_null_in_the_ready_file(self):
        directory = temporary_directory()
        self.addCleanup(shutil.rmtree, directory)
        (directory / "server.conf").write_text("line.udp.enabled=false\nline.tcp.enabled=false\n")
        ready = directory / "ready.json"
        process = subprocess.Popen([PROGRAM, "serve", "--data", directory / "data", "--shards", "1", "--http", "127.0.0.1:0",
                                    "--ready-file", ready, "--config", directory / "server.conf"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until(ready.exists, "the ready file")
            expected = rf'^{{"tcp":null,"udp":null,"http":"127\.0\.0\.1:\d+","pid":{process.pid}}}\n$'
            self.assertRegex(ready.read_text(), expected)
        finally:
            process.kill()
            process.wait()

    def test_a_flag_counts_more_than_the_configuration(self):
        with Server("--shards", 1, config={"line.udp.enabled": "false"}) as server:
            self.assertIsNotNone(server.udp)

    def test_keys_without_effect_are_listed(self):
        config = {"cairo.no.such.key": 1, "line.tcp.disconnect.on.error": "false", "b": "x=y"}
        with Server("--shards", 1, config=config) as server:
            self.assertRegex(server.output(), r"(?m)^ +config +without meaning here: cairo\.no\.such\.key$")
            self.assertRegex(server.output(), r"(?m)^ +config +unknown: b$")

    def test_sigterm_makes_everything_durable(self):
        rows = 20_000
        with Server("--shards", 2) as server:
            with server.connect() as connection:
                connection.send(b"".join(b"t v=%di %d\n" % (i, 1_000_000_000 + i * 1000) for i in range(rows)))
                connection.send(b"last line without its end")
                wait_until(lambda: (connection.figures() or {}).get("rows_received"), "the first rows")
                connection.end()  # all is in the server, durable or not
                self.assertEqual(server.stop(), 0)
            server.start()
            server.wait_readable()
            self.assertEqual(server.exec("SELECT count(*), sum(v) FROM t")["dataset"], [[rows, rows * (rows - 1) // 2]])

    def test_sigterm_ends_a_server_whose_clients_go_on(self):
        """A sender that never pauses, a query that never ends, and one whose answer nobody takes."""
        endless = "WITH RECURSIVE x(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM x) SELECT "
        stopped = threading.Event()

        def send(connection):
            while not stopped.is_set() and connection.send(b"t v=1i\n" * 100):
                pass

        with Server("--shards", 1, config=SMALL_SEGMENTS) as server, server.connect() as connection, \
                server.ask(endless + "a FROM x"), server.ask(endless + "count(*) FROM x"):
            sender = threading.Thread(target=send, args=[connection])
            sender.start()
            started = time.monotonic()
            try:
                self.assertEqual(server.stop(), 0)
            finally:
                stopped.set()
                sender.join()
            self.assertLess(time.monotonic() - started, 30)  # a query would take 60, the sender for ever

    def test_few_descriptors_mean_fewer_connections_and_no_harm(self):
        with Server("--shards", 1, config=SMALL_SEGMENTS, files_max=700) as server:
            limit = int(re.search(r"limits +(\d+) connections", server.output())[1])
            self.assertLess(limit, 300)
            senders = [server.connect() for _ in range(limit)]
            for i, sender in enumerate(senders):
                sender.send(b"t%d v=%di 1000\n" % (i, i))
            wait_until(lambda: server.exec("SELECT sum(rows_durable) FROM connections()")["dataset"] == [[limit]], "all rows")
            with server.connect() as beyond:
                beyond.wait_closed()
            wait_until(lambda: "line.tcp.net.connection.limit" in server.log(), "a word about it")
            server.wait_readable()
            for sender in senders:
                sender.socket.close()

    def test_sigterm_ends_a_server_that_is_at_rest(self):
        with Server("--shards", 2, config=SMALL_SEGMENTS) as server:
            with server.connect() as connection:
                connection.send(b"t v=1 1000\n")
                connection.wait_durable(1)
                server.wait_readable()
                self.assertEqual(server.stop(), 0)

    def test_durable_rows_survive_kill_9_and_another_number_of_shards(self):
        rows = 1000
        with Server("--shards", 2) as server:
            for start, shards in enumerate((1, 3, 2)):
                with server.connect() as connection:
                    for table in range(5):
                        lines = [b"t%d,s=k%d v=%di %d\n" % (table, i % 7, i, start * rows + i) for i in range(rows)]
                        connection.send(b"".join(lines))
                    connection.wait_durable(5 * rows)
                server.kill()
                server.start("--shards", shards)
                server.wait_readable()
                for table in range(5):
                    expected = [[rows * (start + 1), rows * (rows - 1) // 2 * (start + 1), 7]]
                    answer = server.exec(f"SELECT count(*), sum(v), count(DISTINCT s) FROM t{table}")
                    self.assertEqual(answer["dataset"], expected)


class Http(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("--shards", 1)
        cls.addClassCleanup(cls.server.__exit__)
        cls.server.start()

    def test_ping(self):
        status, headers, body = self.server.request("GET", "/ping")
        self.assertEqual((status, body), (204, b""))
        self.assertIn("X-Influxdb-Version", headers)

    def test_unknown_paths(self):
        self.assertEqual(self.server.request("GET", "/nothing/here")[0], 404)

    def test_other_methods(self):
        for method in ("POST", "PUT", "DELETE"):
            status, headers, body = self.server.request(method, "/exec?query=SELECT%201", b"x")
            self.assertEqual((status, headers["Allow"]), (405, "GET"))
            self.assertIn(method.encode(), body)

    def test_exec_without_a_query(self):
        self.assertEqual(self.server.request("GET", "/exec")[0], 400)

    def test_exec_refuses_with_the_position(self):
        cases = {"SELECT * FROM nothing": ("nothing", 14), "SELECT no FROM tables()": ("no", 7), "": ("", 0),
                 "DROP TABLE t": ("does not exist", 11)}
        for query, (culprit, position) in cases.items():
            with self.subTest(query), self.assertRaises(SqlError) as refused:
                self.server.exec(query)
            self.assertEqual(refused.exception.status, 400)
            self.assertEqual(list(refused.exception.answer), ["query", "error", "position"])
            self.assertEqual((refused.exception.answer["query"], refused.exception.answer["position"]), (query, position))
            self.assertIn(culprit, refused.exception.answer["error"])

    def test_exec_answers_in_the_known_shape(self):
        self.assertEqual(self.server.exec("SELECT 1 AS one"), {
            "query": "SELECT 1 AS one", "columns": [{"name": "one", "type": "LONG"}], "timestamp": -1, "dataset": [[1]],
            "count": 1})


    def test_a_query_ends_when_its_client_goes_away(self):
        endless = "WITH RECURSIVE x(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM x) SELECT count(*) FROM x"
        for waiting in range(3):
            with self.server.ask(endless):
                pass
        started = time.monotonic()
        self.assertEqual(self.server.exec("SELECT 1")["dataset"], [[1]])
        self.assertLess(time.monotonic() - started, 30)  # of 60 s that each would take


class Threads(unittest.TestCase):
    def test_a_connection_whose_peer_is_gone_will_be_noticed(self):
        """No end of a stream ever comes from a host without power: only the kernel's timer asks for a sign of life."""
        with Server() as server, server.connect(), socket.create_connection(server.http, SECONDS_MAX):
            for port in (server.tcp[1], server.http[1]):
                def timers():
                    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
                    return [row[5] for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "01"]
                wait_until(timers, "the accepted connection")
                self.assertEqual([timer.split(":")[0] for timer in timers()], ["02"], "a keep-alive timer")

    def test_shards_are_pinned_to_the_cpus_that_are_named(self):
        cpus = sorted(os.sched_getaffinity(0))
        for named in (cpus[-1:], cpus[:2]):
            with Server("--cpus", ",".join(map(str, named)), config=SMALL_SEGMENTS) as server:
                pinned = {}
                for task in Path(f"/proc/{server.process.pid}/task").iterdir():
                    pinned[(task / "comm").read_text().strip()] = os.sched_getaffinity(int(task.name))
                for shard, cpu in enumerate(named):
                    self.assertEqual(pinned[f"shard-{shard}"], {cpu})
                self.assertEqual(pinned["reader-0"], set(cpus))


class LiveLine(unittest.TestCase):
    def test_a_terminal_sees_what_comes_in(self):
        ours, servers = pty.openpty()
        self.addCleanup(os.close, ours)
        os.set_blocking(ours, False)
        seen = ""

        def shows(pattern):
            nonlocal seen
            try:
                seen += os.read(ours, 65536).decode()
            except BlockingIOError:
                pass
            return re.search(pattern, seen)

        with Server("--shards", 1, config=SMALL_SEGMENTS, terminal=servers) as server, server.connect() as connection:
            os.close(servers)
            wait_until(lambda: shows(r"0 rows/s .* 0 durable .* 0 rejected .* WAL .* connections"), lambda: repr(seen))
            connection.send(b"t f=1 1000\nbad\nt f=2 2000\n")
            wait_until(lambda: shows(r"\r +\S+ rows/s .* 2 durable .* 1 rejected .* 1 connections"), lambda: repr(seen))
            self.assertEqual(server.stop(), 0)


class BadLines(unittest.TestCase):
    def check_log(self, server, connection, offset, reason, text):
        line = rf"tcp {re.escape(connection.peer)} byte {offset}: {reason} .*: \"{re.escape(text)}\""
        wait_until(lambda: re.search(line, server.log()), lambda: f"{line} in {server.log()}")

    def test_they_are_counted_and_logged_and_the_connection_stays(self):
        with Server("--shards", 1) as server, server.connect() as connection:
            good, wrong_name, later = b"t f=1 1000\n", b'bad \x00"\xff=1\n', b"t f=2 2000\n"
            connection.send(good + wrong_name + later)
            figures = connection.wait_settled(3)
            self.assertEqual((figures["rows_durable"], figures["rows_rejected"], figures["state"]), (2, 1, "open"))
            self.check_log(server, connection, len(good), "INVALID_COLUMN_NAME", r"bad \x00\x22\xff=1")
            wrong_type = b't f="text" 3000\n'
            connection.send(wrong_type + b"t f=3 4000\n")
            figures = connection.wait_settled(5)
            self.assertEqual((figures["rows_durable"], figures["rows_rejected"]), (3, 2))
            self.check_log(server, connection, len(good + wrong_name + later), "CAST", r"t f=\x22text\x22 3000")
            server.wait_readable()
            self.assertEqual(server.exec("SELECT f FROM t")["dataset"], [[1], [2], [3]])

    def test_of_a_datagram_the_log_has_its_sender_and_the_place_in_it(self):
        with Server("--shards", 1) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.bind(("127.0.0.1", 0))
            sender.sendto(b"t f=1 1000\n", server.udp)
            sender.sendto(b"t f=2 2000\nt f=x 3000\n", server.udp)
            line = rf'udp 127\.0\.0\.1:{sender.getsockname()[1]} byte 11: INVALID_FIELD_VALUE .*: "t f=x 3000"'
            wait_until(lambda: re.search(line, server.log()), lambda: f"{line} in {server.log()}")

    def test_they_end_the_connection_where_the_key_says_so(self):
        with Server("--shards", 1, config={"line.tcp.disconnect.on.error": "true"}) as server, server.connect() as connection:
            connection.send(b"t f=1 1000\nt f=x 1500\nt f=2 2000\n")
            connection.wait_closed()
            figures = connection.wait_settled(2)
            self.assertEqual((figures["rows_durable"], figures["rows_rejected"]), (1, 1))
            server.wait_readable()
            self.assertEqual(server.exec("SELECT f FROM t")["dataset"], [[1]])


class Ledger(unittest.TestCase):
    def test_received_is_the_sum_and_closed_connections_stay(self):
        with Server("--shards", 2) as server:
            connections = [server.connect() for _ in range(8)]
            for i, connection in enumerate(connections):
                with connection:
                    connection.send(b"".join(b"t%d v=%di\n" % (n % 3, n) for n in range(500)) + b"bad line\n" * i)
                    connection.end()
            for i, connection in enumerate(connections):
                figures = connection.wait_settled(500 + i)
                self.assertEqual((figures["rows_durable"], figures["rows_rejected"]), (500, i))
                wait_until(lambda c=connection: c.figures()["state"] == "closed", "the closed state")
                self.assertGreater(figures["bytes_received"], 500)
            rows = server.records("SELECT * FROM connections()")
            self.assertEqual(sum(row["transport"] == "tcp" for row in rows), len(connections))
            fates = ("durable", "rejected", "repeated", "pending")
            for row in rows:
                self.assertEqual(row["rows_received"], sum(row[f"rows_{fate}"] for fate in fates))


if __name__ == "__main__":
    closing_line.main()
