#!/usr/bin/env python3
"""`millrace load` and `millrace sink` as people call them: rows sent, read back and verified, figures, exit codes."""
# Builds: release
import json
import shutil
import subprocess
import unittest

import closing_line
from server import PROGRAM, SECONDS_MAX, Server, temporary_directory, wait_until


def text_of(address):
    return f"{address[0]}:{address[1]}"


def load(*arguments):
    return subprocess.run([PROGRAM, "load", *map(str, arguments)], text=True, capture_output=True, timeout=SECONDS_MAX)


def load_into(server, *arguments):
    return load("--tcp", text_of(server.tcp), "--http", text_of(server.http), *arguments)


class Verified(unittest.TestCase):
    def check(self, rows, *arguments, shards=1):
        with Server("--shards", shards) as server:
            figures = server.directory / "figures.json"
            result = load_into(server, "--rows", rows, "--json", figures, "--server-pid", server.process.pid, *arguments)
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
            figures = json.loads(figures.read_text())
        self.assertEqual(figures["rows"], rows)
        self.assertEqual(figures["verified"]["mismatches"], 0)
        self.assertGreaterEqual(figures["durable_s"], figures["sent_s"])
        self.assertGreaterEqual(figures["visible_s"], figures["durable_s"])
        return figures

    def test_every_cell_of_trades_comes_back(self):
        figures = self.check(20_000, "--connections", 3)
        self.assertEqual(figures["verified"], {"mode": "cells", "rows": 20_000, "cells": 80_000, "mismatches": 0})

    def test_every_cell_of_tsbs_cpu_comes_back(self):
        figures = self.check(9_000, "--shape", "tsbs-cpu", "--connections", 2)
        self.assertEqual(figures["verified"], {"mode": "cells", "rows": 9_000, "cells": 180_000, "mismatches": 0})

    def test_columns_that_senders_add_at_once_come_back_from_two_shards(self):
        figures = self.check(20_000, "--connections", 4, "--tables", 5, "--new-columns-every", 500, shards=2)
        self.assertEqual(figures["verified"]["cells"], 4 * 20_000 + 18_000)

    def test_counts_and_a_sample_come_back(self):
        figures = self.check(60_000, "--verify", "counts", "--step", "100ms", "--batch", "4K")
        self.assertEqual(figures["verified"]["mode"], "counts")

    def test_rows_sent_one_by_one_at_a_rate_come_back(self):
        figures = self.check(2_000, "--single-row", "--rate", "10k")
        self.assertGreaterEqual(figures["sent_s"], 0.19)


class Sink(unittest.TestCase):
    def setUp(self):
        directory = temporary_directory()
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        ready = directory / "ready.json"
        self.process = subprocess.Popen([PROGRAM, "sink", "--tcp", "127.0.0.1:0", "--ready-file", ready, "--exit-when-idle"],
                                        text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(self.process.communicate)
        self.addCleanup(self.process.kill)
        wait_until(lambda: ready.exists() or self.process.poll() is not None, "the ready file")
        self.tcp = json.loads(ready.read_text())["tcp"]

    def test_it_counts_what_the_load_sent(self):
        result = load("--tcp", self.tcp, "--http", "off", "--rows", 50_000, "--connections", 4)
        self.assertEqual(result.returncode, 0, result.stderr)
        output, _ = self.process.communicate(timeout=SECONDS_MAX)
        self.assertEqual(self.process.returncode, 0)
        self.assertRegex(output, r"received +50000 rows")

    def test_rows_that_went_elsewhere_fail_the_load(self):
        with Server() as server:
            result = load("--tcp", self.tcp, "--http", text_of(server.http), "--rows", 10)
        self.assertEqual(result.returncode, 1)
        self.assertIn("connections() does not list", result.stderr)


class Refused(unittest.TestCase):
    def check(self, result, culprit):
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.assertIn(culprit, result.stderr)
        self.assertEqual(result.stdout, "")

    def test_usage_names_the_culprit(self):
        for arguments, culprit in (
                (["--nonsense"], "--nonsense"), (["extra"], "extra"), (["--rows", "1x"], "--rows: '1x'"),
                (["--rows", "1", "--rows", "2"], "--rows"), (["--tcp", "nowhere"], "--tcp: 'nowhere'"),
                (["--shape", "round"], "--shape: 'round'"), (["--batch", "1"], "--batch: '1'"),
                (["--connections", "0"], "--connections"), (["--start", "soon"], "--start: 'soon'")):
            with self.subTest(arguments):
                self.check(load(*arguments), culprit)

    def test_an_address_where_nobody_listens(self):
        with Server() as server:
            tcp, http = text_of(server.tcp), text_of(server.http)
        self.check(load("--tcp", tcp, "--http", "off"), tcp)
        self.check(load("--tcp", tcp, "--http", http), http)

    def test_tables_that_hold_rows_already(self):
        with Server() as server:
            self.assertEqual(load_into(server, "--rows", 10).returncode, 0)
            self.check(load_into(server, "--rows", 10), "--table")
            self.assertEqual(load_into(server, "--rows", 10, "--table", "others").returncode, 0)


if __name__ == "__main__":
    closing_line.main()
