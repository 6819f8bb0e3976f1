#!/usr/bin/env python3
"""Keys of the configuration file that change what data means, or guard it: each has its effect, or the start ends with a line
that says why."""
# Builds: release asan tsan
import json
import re
import shutil
import socket
import subprocess
import unittest
from pathlib import Path

import closing_line
from server import PROGRAM, SECONDS_MAX, Server, temporary_directory, wait_until


class Units(unittest.TestCase):
    def test_timestamps_without_a_suffix_have_the_unit_of_their_transport(self):
        config = {"line.tcp.timestamp": "ms", "line.udp.timestamp": "s"}
        with Server("--shards", 1, config=config) as server, server.connect() as connection:
            connection.send(b"unit v=1i 1700000000123\nunit v=3i 1700000002000000000n\n")
            connection.wait_durable(2)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.sendto(b"unit v=2i 1700000001\n", server.udp)
            wait_until(lambda: server.exec("SELECT sum(rows_durable) FROM connections()")["dataset"] == [[3]], "all rows")
            server.wait_readable()
            self.assertEqual(server.exec("SELECT timestamp, v FROM unit ORDER BY v")["dataset"],
                             [["2023-11-14T22:13:20.123000Z", 1], ["2023-11-14T22:13:21.000000Z", 2],
                              ["2023-11-14T22:13:22.000000Z", 3]])


class Creation(unittest.TestCase):
    def test_neither_tables_nor_columns_come_to_be_where_the_keys_say_so(self):
        with Server("--shards", 1) as server:
            with server.connect() as connection:
                connection.send(b"old v=1i 1\n")
                connection.wait_durable(1)
            server.stop()
            server.config = {"line.auto.create.new.tables": "false"}
            server.start()
            with server.connect() as connection:
                connection.send(b"new v=1i 1\nold v=2i,w=1i 2\n")
                self.assertEqual(connection.wait_settled(2)["rows_durable"], 1)
            self.check_logged(server, "table: new; table does not exist, creating new tables is disabled")
            server.stop()
            server.config = {"line.auto.create.new.columns": "false"}
            server.start()
            with server.connect() as connection:
                connection.send(b"new v=1i 1\nold v=3i,x=1i 3\nold v=4i 4\n")
                self.assertEqual(connection.wait_settled(3)["rows_durable"], 1)
            self.check_logged(server, "table: new, cannot create table, creating new columns is disabled")
            self.check_logged(server, "table: old, column: x does not exist, creating new columns is disabled")
            server.wait_readable()
            self.assertEqual(server.exec("SELECT v FROM old")["dataset"], [[1], [2], [4]])

    def check_logged(self, server, text):
        wait_until(lambda: text in server.log(), server.log)


class Sources(unittest.TestCase):
    def test_a_flag_wins_over_the_environment_and_that_over_the_file(self):
        config = {"line.tcp.timestamp": "h", "line.udp.timestamp": "h", "line.default.partition.by": "YEAR",
                  "shared.worker.count": 4, "line.tcp.timestmap": "s"}
        environment = {"QDB_LINE_TCP_TIMESTAMP": "s", "QDB_LINE_UDP_TIMESTAMP": "s", "QDB_PG_ENABLED": "false"}
        with Server("--shards", 1, "--line.tcp.timestamp=ms", config=config, environment=environment) as server, \
                server.connect() as connection:
            connection.send(b"t v=1i 1700000000123\n")
            connection.wait_durable(1)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.sendto(b"t v=2i 1700000001\n", server.udp)
            wait_until(lambda: server.exec("SELECT sum(rows_durable) FROM connections()")["dataset"] == [[2]], "both rows")
            server.wait_readable()
            self.assertEqual(server.exec("SELECT timestamp FROM t ORDER BY v")["dataset"],
                             [["2023-11-14T22:13:20.123000Z"], ["2023-11-14T22:13:21.000000Z"]])
            self.assertEqual(server.exec("SELECT partitionBy FROM tables()")["dataset"], [["YEAR"]])
            for line in ("read: line.tcp.timestamp, line.udp.timestamp, line.default.partition.by, QDB_LINE_TCP_TIMESTAMP, "
                         "QDB_LINE_UDP_TIMESTAMP", "without meaning here: shared.worker.count, QDB_PG_ENABLED",
                         "unknown: line.tcp.timestmap"):
                self.assertIn(f"  config     {line}\n", server.output())

    def test_a_root_directory_has_its_configuration_and_its_data_inside(self):
        root = temporary_directory()
        self.addCleanup(shutil.rmtree, root)
        (root / "conf").mkdir()
        (root / "conf/server.conf").write_text("http.enabled=false\nline.udp.enabled=false\nline.tcp.net.bind.to=127.0.0.1:0\n")
        ready = root / "ready.json"
        with subprocess.Popen([PROGRAM, "serve", "-d", root, "--shards", "1", "--ready-file", ready], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            self.addCleanup(process.kill)
            wait_until(lambda: ready.exists() or process.poll() is not None, "the ready file")
            addresses = json.loads(ready.read_text())
            self.assertEqual((addresses["udp"], addresses["http"]), (None, None))
            self.assertTrue(addresses["tcp"].startswith("127.0.0.1:"))
            process.terminate()
            self.assertEqual(process.wait(SECONDS_MAX), 0)
        self.assertEqual(sorted(path.name for path in root.iterdir()), ["conf", "db", "ready.json"])
        self.assertTrue((root / "db/superblock").exists())

    def test_every_key_stands_in_the_readme(self):
        run = subprocess.run([PROGRAM, "serve", "--help"], capture_output=True, text=True, timeout=SECONDS_MAX, check=True)
        keys = re.findall(r"--([a-z]+\.[a-z.]+)", run.stdout)
        self.assertGreater(len(keys), 20)
        readme = (Path(__file__).resolve().parent.parent.parent / "README.md").read_text()
        self.assertEqual([key for key in keys if f"`{key}`" not in readme], [])


class Files(unittest.TestCase):
    def test_a_byte_order_mark_and_repeated_keys(self):
        text = (b"\xef\xbb\xbfline.tcp.timestamp=s\r\nline.tcp.enabled=false\r\nline.tcp.enabled=true\r\n"
                b"line.tcp.timestamp=ms\r\n")
        with Server("--shards", 1, config=text) as server, server.connect() as connection:
            connection.send(b"t v=1i 1700000000123\n")
            connection.wait_durable(1)
            server.wait_readable()
            self.assertEqual(server.exec("SELECT timestamp FROM t")["dataset"], [["2023-11-14T22:13:20.123000Z"]])
            self.assertIn("config     read: line.tcp.timestamp, line.tcp.enabled\n", server.output())
            self.assertNotIn("unknown", server.output())

    def test_keys_that_would_guard_or_change_data_and_are_not_served_end_the_start(self):
        directory = temporary_directory()
        self.addCleanup(shutil.rmtree, directory)
        for line, advice in (("acl.enabled=true", "no roles"), ("tls.enabled=true", "no TLS"),
                             ("line.tcp.timestamp=days", "expected n, u"),
                             ("cairo.root=/var/lib/questdb", "--data")):
            with self.subTest(line):
                (directory / "server.conf").write_text(f"# ours\n{line}\n")
                run = subprocess.run([PROGRAM, "serve", "--data", directory / "data", "--config", directory / "server.conf"],
                                     stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
                self.assertEqual((run.returncode, run.stdout, run.stderr.count("\n")), (2, "", 1), run.stderr)
                self.assertIn("server.conf:2: " + line.split("=")[0] + ": ", run.stderr)
                self.assertIn(advice, run.stderr)
                self.assertFalse((directory / "data").exists())


if __name__ == "__main__":
    closing_line.main()
